"""The Open Inference Protocol with tensors in binary, pictures, and Triton's parameters."""

import base64
import json
import struct

import pytest
from pictures import digit, np, png, read_png

INFER = "/v2/models/mnist/infer"
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def image():
    """A picture as the network wants it, float32 [784]."""
    rng = np.random.default_rng(1)
    return (rng.random(784) * (rng.random(784) < 0.2)).astype(np.float32)


def ask(server, body, tail=b"", path=INFER, headers=None):
    """The JSON of the answer, and the bytes behind it."""
    text = json.dumps(body).encode()
    headers = {LENGTH: str(len(text)), **(headers or {})} if tail else headers or {}
    return read(server, server.exchange("POST", path, text + tail, headers))


def read(server, answer, status=200):
    got, headers, body = answer
    assert got == status, body
    if LENGTH not in headers:
        assert headers["Content-Type"] == "application/json"
        return json.loads(body), b""
    assert headers["Content-Type"] == "application/octet-stream"
    n = int(headers[LENGTH])
    return json.loads(body[:n]), body[n:]


def binary(data, datatype, shape):
    return {
        "name": "input",
        "shape": shape,
        "datatype": datatype,
        "parameters": {"binary_data_size": len(data)},
    }


def outputs(answer, tail=b""):
    """{name: array or list} of an answer, taking binary ones off the tail."""
    found = {}
    for o in answer["outputs"]:
        assert set(o) == {"name", "datatype", "shape"} | (
            {"parameters"} if "data" not in o else {"data"}
        )
        if "data" in o:
            found[o["name"]] = o["data"]
            continue
        size = o["parameters"]["binary_data_size"]
        piece, tail = tail[:size], tail[size:]
        assert len(piece) == size
        kind = {"FP32": "<f4", "INT64": "<i8"}.get(o["datatype"])
        found[o["name"]] = (
            np.frombuffer(piece, kind).reshape(o["shape"]) if kind else strings(piece)
        )
    assert not tail
    return found


def strings(data):
    found = []
    while data:
        (n,) = struct.unpack_from("<I", data)
        found.append(data[4 : 4 + n])
        data = data[4 + n :]
    return found


def test_binary_and_json_agree_to_the_last_bit(server, image):
    asked = [{"name": "probabilities"}, {"name": "logits"}]
    tensor = {"name": "input", "shape": [1, 784], "datatype": "FP32", "data": image.tolist()}
    want = outputs(*ask(server, {"inputs": [tensor], "outputs": asked}))
    body = {"inputs": [binary(image.tobytes(), "FP32", [1, 1, 28, 28])], "outputs": asked}
    assert outputs(*ask(server, body, image.tobytes())) == want
    body["parameters"] = {"binary_data_output": True}
    got = outputs(*ask(server, body, image.tobytes()))
    for name, values in want.items():
        assert got[name].ravel().tolist() == np.float32(values).tolist()


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
)
def test_datatypes(server, image, dtype):
    array = (image * 100).round().astype("<" + dtype)
    name = {"f": "FP", "i": "INT", "u": "UINT"}[dtype[0]] + str(8 * int(dtype[1]))
    whole = (image * 100).round().astype(np.float32)
    want = outputs(
        *ask(server, {"inputs": [binary(whole.tobytes(), "FP32", [784])]}, whole.tobytes())
    )
    body = {"inputs": [binary(array.tobytes(), name, [784])]}
    assert outputs(*ask(server, body, array.tobytes())) == want


def test_booleans_are_ink(server, image):
    mask = image > 0.5
    want = outputs(
        *ask(
            server,
            {"inputs": [binary(mask.astype("<f4").tobytes(), "FP32", [784])]},
            mask.astype("<f4").tobytes(),
        )
    )
    assert (
        outputs(*ask(server, {"inputs": [binary(mask.tobytes(), "BOOL", [784])]}, mask.tobytes()))
        == want
    )
    tensor = {
        "name": "input",
        "shape": [28, 28],
        "datatype": "BOOL",
        "data": mask.reshape(28, 28).tolist(),
    }
    assert outputs(*ask(server, {"inputs": [tensor]})) == want


def test_nothing_but_tensors(server, image):
    want = outputs(
        *ask(server, {"inputs": [binary(image.tobytes(), "FP32", [1, 784])]}, image.tobytes())
    )
    three = image.tobytes() * 3
    got = outputs(
        *read(
            server,
            server.exchange(
                "POST", INFER, three, {LENGTH: "0", "Content-Type": "application/octet-stream"}
            ),
        )
    )
    for name, values in want.items():
        assert got[name].shape == (3, 10)
        assert got[name].tolist() == [np.float32(values).tolist()] * 3
    got, headers, said = server.exchange(
        "POST", INFER, three, {"Content-Type": "application/octet-stream"}
    )
    assert got == 400
    assert LENGTH + ": 0" in json.loads(said)["error"]


def test_pictures_in_every_form(server):
    file = png(digit(7))
    text = base64.b64encode(file).decode()
    picture = server.request(
        "POST", "/v1/models/mnist:predict", file, {"Content-Type": "image/png"}
    )
    seen = picture.json["predictions"][0]
    json_tensor = {"name": "input", "shape": [1], "datatype": "BYTES", "data": [text]}
    body, tail = ask(server, {"inputs": [json_tensor]})
    assert not tail
    want = outputs(body)
    assert want["digit"] == [7]
    assert want["verdict"] == ["digit"]
    assert want["confidence"] == [seen["confidence"]]
    assert want["probabilities"] == seen["probabilities"]
    assert "data:image/png;base64," + want["seen"][0] == seen["seen"]
    for one in (file, text.encode()):
        packed = struct.pack("<I", len(one)) + one
        assert outputs(*ask(server, {"inputs": [binary(packed, "BYTES", [1, 1])]}, packed)) == want
    for path in (INFER, "/v2/models/mnist/versions/1/infer"):
        answer = server.request("POST", path, file, {"Content-Type": "image/png"})
        assert outputs(answer.json) == want
    body = {"inputs": [json_tensor], "parameters": {"binary_data_output": True}}
    got = outputs(*ask(server, body))
    assert got["digit"].tolist() == [7]
    assert got["verdict"] == [b"digit"]
    assert read_png(got["seen"][0]).shape == (28, 28)


def test_a_tensor_has_the_outputs_of_pictures_too(server, image):
    names = ["digit", "confidence", "verdict", "seen", "probabilities"]
    body = {
        "inputs": [binary(image.tobytes(), "FP32", [784])],
        "outputs": [{"name": n} for n in names],
    }
    got = outputs(*ask(server, body, image.tobytes()))
    assert list(got) == names
    assert got["digit"] == [int(np.argmax(got["probabilities"]))]
    assert got["confidence"] == [max(got["probabilities"])]
    assert got["verdict"] == ["digit"]
    grey = read_png(base64.b64decode(got["seen"][0]))
    assert abs(grey.ravel() - image * 255).max() <= 0.51


def test_classification(server, image):
    asked = [
        {"name": "probabilities", "parameters": {"classification": 3}},
        {"name": "logits", "parameters": {"classification": 10, "binary_data": True}},
    ]
    data = image.tobytes() * 2
    body, tail = ask(server, {"inputs": [binary(data, "FP32", [2, 784])], "outputs": asked}, data)
    assert [(o["datatype"], o["shape"]) for o in body["outputs"]] == [
        ("BYTES", [2, 3]),
        ("BYTES", [2, 10]),
    ]
    got = outputs(body, tail)
    assert got["probabilities"][:3] == got["probabilities"][3:]
    values = [float(one.split(":")[0]) for one in got["probabilities"][:3]]
    assert values == sorted(values, reverse=True)
    assert all(label == k for _, k, label in (one.split(":") for one in got["probabilities"]))
    assert sorted(int(one.split(b":")[1]) for one in got["logits"][:10]) == list(range(10))


def test_a_request_of_its_own_timeout(server, image):
    data = image.tobytes() * 200
    body = {"inputs": [binary(data, "FP32", [200, 784])], "parameters": {"timeout": 1}}
    text = json.dumps(body).encode()
    status, headers, said = server.exchange("POST", INFER, text + data, {LENGTH: str(len(text))})
    assert status == 503
    assert "timeout of 1 us" in json.loads(said)["error"]
    body["parameters"]["timeout"] = 60_000_000
    assert len(outputs(*ask(server, body, data))["logits"]) == 2000


def test_metadata_tells_what_is_answered(server, image):
    metadata = server.get("/v2/models/mnist").json
    names = [o["name"] for o in metadata["outputs"]]
    body = {
        "inputs": [binary(image.tobytes(), "FP32", [784])],
        "outputs": [{"name": n} for n in names],
    }
    answer, _ = ask(server, body, image.tobytes())
    for told, given in zip(metadata["outputs"], answer["outputs"], strict=True):
        assert told["name"] == given["name"]
        assert told["datatype"] == given["datatype"]
        assert [1 if d == -1 else d for d in told["shape"]] == given["shape"]
    assert "binary_tensor_data" in server.get("/v2").json["extensions"]


def test_the_list_of_models(server):
    assert server.get("/v2/models").json == {"models": ["mnist"]}
