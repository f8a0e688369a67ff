"""Triton's Python client, plain and asyncio: each call that it has, by both."""

import numpy as np
import pytest
import tritonclient.http as plain
from conftest import PREFIX
from triton import Asyncio, Plain, connect, refusal, tensor


@pytest.fixture(params=[Plain, Asyncio])
def client(request, server):
    return connect(request.param, server)


def test_health(client):
    assert client("is_server_live") is True
    assert client("is_server_ready") is True
    assert client("is_model_ready", "mnist") is True
    assert client("is_model_ready", "mnist", "1") is True
    assert client("is_model_ready", "mnist", "7") is False
    assert client("is_model_ready", "none") is False


def test_metadata(client):
    server = client("get_server_metadata")
    assert server["name"] == "digitd"
    assert {"binary_tensor_data", "classification"} <= set(server["extensions"])
    model = client("get_model_metadata", "mnist", "1", query_params={"a": "b c"})
    assert model["versions"] == ["1"]
    assert model["inputs"][0]["datatype"] == "FP32"
    assert {"probabilities", "logits"} <= {output["name"] for output in model["outputs"]}


def test_configuration(client):
    config = client("get_model_config", "mnist")
    assert config["name"] == "mnist"
    assert config["max_batch_size"] == 1024
    assert config["input"][0]["data_type"] == "TYPE_FP32"


@pytest.mark.parametrize("answer_coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("request_coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_infer(client, images, labels, binary, request_coding, answer_coding):
    outputs = [
        plain.InferRequestedOutput("probabilities", binary_data=binary),
        plain.InferRequestedOutput("logits", binary_data=not binary),
    ]
    result = client(
        "infer",
        "mnist",
        [tensor(images[:, None], binary)],
        outputs=outputs,
        request_id="a-1",
        request_compression_algorithm=request_coding,
        response_compression_algorithm=answer_coding,
    )
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (len(images), 10)
    assert probabilities.dtype == np.float32
    assert np.mean(probabilities.argmax(1) == labels) > 0.98
    assert np.array_equal(result.as_numpy("logits").argmax(1), probabilities.argmax(1))
    assert result.get_response()["id"] == "a-1"
    assert result.get_response()["model_version"] == "1"


@pytest.mark.parametrize("kind", [Plain, Asyncio])
def test_all_ways_give_one_answer(kind, server, images):
    client = connect(kind, server)
    answers = [
        client("infer", "mnist", [tensor(images, binary)], **options).as_numpy("logits")
        for binary in (True, False)
        for options in [{}, {"model_version": "1"}, {"response_compression_algorithm": "gzip"}]
    ]
    for answer in answers[1:]:
        assert np.array_equal(answer, answers[0])


def test_no_outputs_named(client, images):
    """The client then asks for all of them in binary."""
    result = client("infer", "mnist", [tensor(images[:3], True)])
    assert result.as_numpy("probabilities").shape == (3, 10)
    assert "parameters" in result.get_output("probabilities")


@pytest.mark.parametrize("binary", [True, False])
def test_classification(client, images, labels, binary):
    output = plain.InferRequestedOutput("probabilities", binary_data=binary, class_count=3)
    result = client("infer", "mnist", [tensor(images[:10], True)], outputs=[output])
    classes = result.as_numpy("probabilities")
    assert classes.shape == (10, 3)
    for row, label in zip(classes, labels[:10], strict=True):
        text = [c.decode() if isinstance(c, bytes) else c for c in row]
        values = [float(c.split(":")[0]) for c in text]
        assert values == sorted(values, reverse=True)
        assert int(text[0].split(":")[1]) == label


@pytest.mark.parametrize("name", ["uint8", "int32", "int64", "float64", "float16"])
def test_datatypes(client, images, name):
    pixels = np.round(images[:4]).astype(name)
    result = client("infer", "mnist", [tensor(pixels, True, plain_datatype(name))])
    whole = client("infer", "mnist", [tensor(np.round(images[:4]), True)])
    assert np.allclose(result.as_numpy("logits"), whole.as_numpy("logits"), atol=1e-3)


def plain_datatype(name):
    return {"float64": "FP64", "float16": "FP16"}.get(name, name.upper())


def test_priority_timeout_and_parameters(client, images):
    result = client(
        "infer",
        "mnist",
        [tensor(images[:1], True)],
        priority=1,
        timeout=5_000_000,
        parameters={"mine": "x", "yours": 3, "ours": True},
    )
    assert result.as_numpy("probabilities").shape == (1, 10)


def test_errors(client, images, server):
    error = refusal(client, "infer", "none", [tensor(images[:1], True)])
    assert error.status() in ("404", "Status.404", 404)
    assert "'none'" in error.message()
    expected = server.get("/v2/models/none").json["error"]
    assert refusal(client, "get_model_metadata", "none").message() == expected
    assert "7" in refusal(client, "get_model_metadata", "mnist", "7").message()
    error = refusal(client, "infer", "mnist", [tensor(images[:, :20], True)])
    assert error.status() in ("400", 400)
    assert "20" in error.message()
    error = refusal(client, "infer", "mnist", [tensor(images[:1].astype(np.bytes_), True, "BYTES")])
    assert error.message()
    output = plain.InferRequestedOutput("nothing")
    assert (
        "nothing"
        in refusal(client, "infer", "mnist", [tensor(images[:1], True)], outputs=[output]).message()
    )


def test_async_infer(server, images, labels):
    client = plain.InferenceServerClient(f"{server.host}:{server.port}", concurrency=8)
    asked = [
        client.async_infer("mnist", [tensor(images[i : i + 8], True)]) for i in range(0, 56, 8)
    ]
    for i, one in enumerate(asked):
        answer = one.get_result().as_numpy("probabilities").argmax(1)
        assert np.mean(answer == labels[8 * i : 8 * i + 8]) >= 0.75
    client.close()


@pytest.mark.parametrize("kind", [Plain, Asyncio])
def test_base_path(kind, server, images):
    client = connect(kind, server, PREFIX)
    assert client("is_server_live") is True
    assert client("get_model_metadata", "mnist")["name"] == "mnist"
    result = client("infer", "mnist", [tensor(images[:1], True)])
    assert result.as_numpy("probabilities").shape == (1, 10)


def test_shared_memory_is_refused(client):
    assert refusal(client, "get_system_shared_memory_status").message()
    assert refusal(client, "register_system_shared_memory", "a", "/a", 10).message()
    assert refusal(client, "get_cuda_shared_memory_status").message()
