"""Images in, answers out, in every protocol: the numbers, and what is refused."""

import base64
import gzip
import json
import struct
import time

import pytest
from digitd import ROOT
from pictures import digit, digits, np, png, read_png

PREDICT = "/v1/models/mnist:predict"
INFER = "/v2/models/mnist/infer"
GOLDEN = ROOT / "tests" / "golden"


@pytest.fixture(scope="module")
def images():
    """The golden images as the network takes them, float32 [64][784]."""
    data = (GOLDEN / "images.idx").read_bytes()
    magic, n, height, width = struct.unpack_from(">IIII", data)
    assert (magic, height, width) == (0x803, 28, 28)
    grey = np.frombuffer(data, np.uint8, offset=16).reshape(n, 784)
    return grey.astype(np.float32) / np.float32(255)


@pytest.fixture(scope="module")
def logits():
    return np.fromfile(GOLDEN / "logits.f32", "<f4").reshape(-1, 10)


def post(server, path, body, content_type=None):
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    headers = {"Content-Type": content_type} if content_type else {}
    return server.request("POST", path, body, headers)


def predictions(server, instances):
    answer = post(server, PREDICT, {"instances": instances})
    assert answer.status == 200, answer.text
    assert list(answer.json) == ["predictions"]
    return answer.json["predictions"]


def tensor(data, shape, datatype="FP32", name="input"):
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def refusal(server, path, body, status=400, content_type=None):
    answer = post(server, path, body, content_type)
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["error"]
    return answer.json["error"]


def test_logits_are_the_golden_ones(server, images, logits):
    body = {"inputs": [tensor(images.ravel().tolist(), [len(images), 1, 28, 28])]}
    answer = post(server, INFER, body)
    assert answer.status == 200, answer.text
    assert list(answer.json) == ["model_name", "model_version", "outputs"]
    first, second = answer.json["outputs"]
    assert list(first) == ["name", "datatype", "shape", "data"]
    assert (first["name"], second["name"]) == ("probabilities", "logits")
    assert first["shape"] == second["shape"] == [len(images), 10]
    assert first["datatype"] == second["datatype"] == "FP32"
    got = np.array(second["data"]).reshape(-1, 10)
    assert abs(got - logits).max() < 1e-3
    probabilities = np.array(first["data"]).reshape(-1, 10)
    assert abs(probabilities.sum(axis=1) - 1).max() < 1e-5
    assert (probabilities.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_protocols_agree_to_the_last_bit(server, images):
    flat = images[:5].tolist()
    rows = predictions(server, flat)
    columns = post(server, PREDICT, {"inputs": flat}).json["outputs"]
    body = {"inputs": [tensor(flat, [5, 784])], "outputs": [{"name": "probabilities"}]}
    v2 = post(server, INFER, body).json["outputs"][0]["data"]
    assert rows == columns == np.array(v2).reshape(5, 10).tolist()


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (1, 28, 28), (1, 784)])
def test_shapes_of_instances(server, images, shape):
    nested = [image.reshape(shape).tolist() for image in images[:3]]
    assert predictions(server, nested) == predictions(server, images[:3].tolist())
    named = [{"conv2d_input": image} for image in nested]
    assert predictions(server, named) == predictions(server, nested)


@pytest.mark.parametrize("shape", [(3, 784), (3, 28, 28), (3, 1, 28, 28), (3, 28, 28, 1)])
def test_shapes_of_tensors(server, images, shape):
    nested = images[:3].reshape(shape).tolist()
    want = post(server, INFER, {"inputs": [tensor(images[:3].ravel().tolist(), [3, 784])]})
    got = post(server, INFER, {"inputs": [tensor(nested, list(shape))]})
    assert got.text == want.text
    columns = post(server, PREDICT, {"inputs": {"x": nested}}).json["outputs"]
    assert columns == predictions(server, images[:3].tolist())


def test_order_of_keys_does_not_matter(server, images):
    one = tensor(images[0].tolist(), [1, 784])
    want = post(server, INFER, {"id": "a", "inputs": [one]})
    other = dict(reversed(list(one.items())))
    got = post(server, INFER, {"inputs": [other], "parameters": {"priority": 1}, "id": "a"})
    assert got.text == want.text
    assert got.json["id"] == "a"


def test_integers_are_numbers_too(server):
    grey = [i % 256 for i in range(784)]
    want = post(server, INFER, {"inputs": [tensor([float(g) for g in grey], [784])]})
    for datatype in ["UINT8", "INT16", "INT64", "FP64"]:
        assert post(server, INFER, {"inputs": [tensor(grey, [784], datatype)]}).text == want.text
    assert predictions(server, [grey])[0] == want.json["outputs"][0]["data"]


def test_an_answer_depends_on_its_image_alone(server, images):
    together = predictions(server, images.tolist())
    for i in [0, 7, 33, 63]:
        assert predictions(server, [images[i].tolist()]) == [together[i]]
    assert predictions(server, images[::-1].tolist()) == together[::-1]


def test_outputs_as_asked_for(server, images):
    body = {"inputs": [tensor(images[0].tolist(), [784])]}

    def names(*outputs):
        asked = {**body, "outputs": [{"name": name} for name in outputs]}
        return [t["name"] for t in post(server, INFER, asked).json["outputs"]]

    assert names() == ["probabilities", "logits"]
    assert names("logits") == ["logits"]
    assert names("logits", "probabilities") == ["logits", "probabilities"]
    asked = {**body, "outputs": [{"name": "x"}]}
    known = "probabilities, logits, digit, confidence, verdict, seen"
    assert refusal(server, INFER, asked) == f"there is no output 'x'; expected {known}"


def test_picture(server):
    answer = post(server, PREDICT, png(digit(7)), "image/png")
    assert answer.status == 200, answer.text
    assert list(answer.json) == ["model_name", "model_version", "predictions"]
    assert (answer.json["model_name"], answer.json["model_version"]) == ("mnist", "1")
    (one,) = answer.json["predictions"]
    assert list(one) == ["digit", "confidence", "probabilities", "verdict", "box", "seen"]
    assert (one["digit"], one["verdict"]) == (7, "digit")
    assert one["confidence"] == one["probabilities"][7] > 0.5
    assert sum(one["probabilities"]) == pytest.approx(1, abs=1e-5)
    kind, _, data = one["seen"].partition(",")
    assert kind == "data:image/png;base64"
    seen = read_png(base64.b64decode(data))
    assert seen.shape == (28, 28)
    # what was seen, sent as numbers, is answered as the picture was
    assert predictions(server, [(seen.ravel() / 255).tolist()])[0] == pytest.approx(
        one["probabilities"], abs=1e-5
    )


def test_unpacked_pictures_are_bounded(server, start):
    """A small file must not keep an event loop busy for long."""
    large = png(np.zeros((3000, 3000, 4), np.uint8))
    assert len(large) < 100_000
    answer = post(server, PREDICT, large, "image/png")
    assert answer.status == 413
    assert "3000x3000 pixels and unpacks to 36000000 bytes" in answer.json["error"]
    assert str(32 << 20) in answer.json["error"]
    assert post(start("--max-pictures", "64MiB"), PREDICT, large, "image/png").status == 200


def test_most_pictures_are_read(server):
    answers = [
        (label, post(server, PREDICT, png(picture), "image/png").json["predictions"][0]["digit"])
        for label, picture in digits()
    ]
    assert sum(label == got for label, got in answers) >= 0.9 * len(answers), answers


def test_blank_picture(server):
    blank = np.full((100, 80), 255, np.uint8)
    (one,) = post(server, PREDICT, png(blank), "image/png").json["predictions"]
    assert one["digit"] is None
    assert one["confidence"] is None
    assert one["probabilities"] is None
    assert one["verdict"] == "blank"


def test_broken_picture(server):
    whole = png(digit(3))
    for body in [b"", b"\x89PNG\r\n\x1a\n", whole[: len(whole) // 2], b"GIF89a"]:
        assert refusal(server, PREDICT, body, content_type="image/png")


def test_content_type_is_not_needed(server):
    body = json.dumps({"instances": [[0] * 784]})
    want = post(server, PREDICT, body).text
    for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain; charset=x"]:
        assert post(server, PREDICT, body, kind).text == want
    assert post(server, PREDICT, "\r\n" + body + "\n\t ").text == want


REFUSALS = [
    (PREDICT, "", "the body is empty; expected a JSON object"),
    (PREDICT, "{", "expected a key in quotes, but the body ends at byte 1"),
    (PREDICT, '{"instances":[[1,2,3]]}', "instances[0] has the shape [3]; expected [784], "),
    (PREDICT, '{"instances":[[NaN]]}', "'NaN' at byte 15: values must be finite numbers"),
    (PREDICT, '{"instances":[[1e999]]}', "'1e999' at byte 15 is beyond the range of a 32-bit"),
    (PREDICT, '{"instances":[[01]]}', "expected a JSON number at byte 15, found '01'"),
    (
        PREDICT,
        '{"instances":[{"b64":"AA=="}]}',
        "instances[0]: the picture is no PNG",
    ),
    (PREDICT, '{"instances":[[]],"instances":[]}', "instances[0] has the shape [0]"),
    (PREDICT, '{"instances":[],"instances":[]}', "has the key 'instances' twice"),
    (PREDICT, '{"signature_name":"x"}', "this model has only 'serving_default'"),
    (PREDICT, b'\xef\xbb\xbf{"instances":[]}', "byte order mark"),
    (PREDICT, '{"instances":[]}'.encode("utf-16"), "UTF-16"),
    (PREDICT, '{"instances":[]}'.encode("utf-16-be"), "UTF-16"),
    (PREDICT, gzip.compress(b'{"instances":[]}'), "gzip"),
    (PREDICT, b'{"\xff":1}', "the byte 0xff at 2 is not UTF-8"),
    (INFER, "{}", "the body has no inputs; expected a list of one tensor"),
    (
        INFER,
        {"inputs": [tensor([0] * 784, [784], name="x")]},
        "the input is called 'x'; this model's",
    ),
    (
        INFER,
        {"inputs": [tensor([0] * 783, [784])]},
        "data has 783 numbers; the shape [784] means 784",
    ),
    (INFER, {"inputs": [tensor([0] * 785, [784])]}, "data has more than the 784 numbers"),
    (
        INFER,
        {"inputs": [tensor([0.5] * 784, [784], "INT8")]},
        "not integers, but is said to be INT8",
    ),
    (
        INFER,
        {"inputs": [tensor([256] * 784, [784], "UINT8")]},
        "data[0] is 256, which no UINT8 can be",
    ),
    (INFER, {"inputs": [tensor([""], [1], "BYTES")]}, "data[0]: the picture is empty"),
    (INFER, {"inputs": [tensor([""], [1], "FP8")]}, "the datatype is 'FP8'; expected FP32, "),
    (INFER, {"inputs": [tensor([0], [1.5])]}, "should be an integer, without point or exponent"),
    (INFER, {"inputs": [tensor([0], [-1])]}, "the shape has the dimension -1"),
]


@pytest.mark.parametrize(("path", "body", "sentence"), REFUSALS)
def test_refusals(server, path, body, sentence):
    assert sentence in refusal(server, path, body)


def test_numbers_that_the_network_cannot_take(server):
    said = refusal(server, PREDICT, {"instances": [[0] * 784, [0, 3e38] * 392]})
    assert said == "image 1 has the value 3e+38; expected pixels, at most 1e+12 either way"
    assert predictions(server, [[1e12, -1e12] * 392])


def test_too_many_images(start):
    server = start("--max-images", "2")
    row = [0] * 784
    assert len(predictions(server, [row] * 2)) == 2
    for path, body in [
        (PREDICT, {"instances": [row] * 3}),
        (PREDICT, {"inputs": [row] * 3}),
        (INFER, {"inputs": [tensor(row * 3, [3, 784])]}),
        (INFER, {"inputs": [tensor([], [2**62, 784])]}),
    ]:
        assert "2 images" in refusal(server, path, body, 413)


def test_bombs_cost_no_more_than_their_length(server):
    length = 15 << 20
    for body in [
        b"[" * length,
        b'{"instances":' + b"[" * length,
        b'{"x":' + b"9" * length,
        b'{"' + b"k" * length,
        b'{"instances":[[0,' + b" " * length,
        b'{"instances":[[' + b"0." + b"1" * length,
    ]:
        begin = time.monotonic()
        assert refusal(server, PREDICT, body)
        assert time.monotonic() - begin < 5


def test_predictions_are_counted(start):
    server = start()
    before = server.metrics()
    digit_row, blank = png(digit(7)), png(np.full((60, 60), 255, np.uint8))
    predictions(server, [[0] * 784] * 3)
    post(server, PREDICT, digit_row, "image/png")
    post(server, PREDICT, blank, "image/png")
    refusal(server, PREDICT, "{")
    after = server.metrics()

    def more(name):
        return after[name] - before.get(name, 0)

    assert sum(more(f'digitd_predictions_total{{digit="{k}"}}') for k in range(10)) == 4
    assert more('digitd_verdicts_total{verdict="blank"}') == 1
    assert more('digitd_stage_duration_seconds_count{stage="parse"}') == 4
    assert more('digitd_stage_duration_seconds_count{stage="preprocess"}') == 2
    assert more('digitd_stage_duration_seconds_count{stage="predict"}') == 3
    assert more('digitd_stage_duration_seconds_count{stage="encode"}') == 3


def test_no_locale_matters(start, images):
    server = start(LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8")
    body = '{"instances":[[' + ",".join(["1.5e-30"] * 784) + "]]}"
    answer = post(server, PREDICT, body)
    assert answer.status == 200
    assert sum(answer.json["predictions"][0]) == pytest.approx(1, abs=1e-5)
