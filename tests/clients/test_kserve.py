"""KServe's Python SDK: its REST client, and the events that its clients build."""

import asyncio
import json
import shutil

import httpx
import numpy as np
import pytest
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http
from conftest import MODEL, PREFIX
from kserve import InferenceRESTClient, InferInput, InferRequest, InferResponse, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def call(server, protocol, name, *arguments, path="", **options):
    async def once():
        client = InferenceRESTClient(RESTConfig(protocol=protocol))
        try:
            url = f"http://{server.host}:{server.port}{path}"
            return await getattr(client, name)(url, *arguments, **options)
        finally:
            await client._client.aclose()

    return asyncio.run(once())


@pytest.mark.parametrize("path", ["", "/", PREFIX])
def test_health(server, path):
    assert call(server, "v1", "is_server_live", path=path) is True
    assert call(server, "v2", "is_server_live", path=path) is True
    assert call(server, "v2", "is_server_ready", path=path) is True
    for protocol in ["v1", "v2"]:
        assert call(server, protocol, "is_model_ready", "mnist", path=path) is True


def test_unknown_model(server):
    assert call(server, "v2", "is_model_ready", "none") is False
    with pytest.raises(httpx.HTTPStatusError, match="there is no model 'none'.*404"):
        call(server, "v1", "is_model_ready", "none")


def test_server_that_is_not_ready(start, tmp_path):
    server = start("--model-repository", str(tmp_path), "--model-init", "async")
    with pytest.raises(httpx.HTTPStatusError, match="503 Service Unavailable"):
        call(server, "v2", "is_server_ready")
    assert call(server, "v2", "is_server_live") is True
    assert call(server, "v1", "is_server_live") is True


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_model_that_is_not_ready(start, tmp_path, protocol):
    """False, and no exception."""
    (tmp_path / "mnist/1").mkdir(parents=True)
    shutil.copy(MODEL, tmp_path / "mnist/1/model.onnx")
    server = start("--model-repository", str(tmp_path), "--repository-api")
    assert call(server, protocol, "is_model_ready", "mnist") is True
    assert server.request("POST", "/v2/repository/models/mnist/unload").status == 200
    assert call(server, protocol, "is_model_ready", "mnist") is False


@pytest.mark.parametrize("path", ["", PREFIX])
def test_predict(server, images, labels, path):
    """Its HTTP library asks for compressed answers, and unpacks them unseen."""
    data = {"instances": images[:40, :, :, None].tolist()}
    headers = {}
    answer = call(
        *(server, "v1", "infer", data),
        model_name="mnist",
        response_headers=headers,
        path=path,
    )
    assert headers["content-encoding"] == "gzip"
    digits = np.array(answer["predictions"]).argmax(1)
    assert np.mean(digits == labels[:40]) > 0.97


def test_explain(server, images):
    answer = call(server, "v1", "explain", "mnist", {"instances": images[:1].tolist()})
    assert answer["model_name"] == "mnist"
    assert len(answer["explanations"]) == 1


@pytest.mark.parametrize("binary_answer", [True, False])
@pytest.mark.parametrize("binary", [True, False])
def test_infer(server, images, labels, binary, binary_answer):
    tensor = InferInput("input", [len(images), 28, 28], "FP32")
    tensor.set_data_from_numpy(images, binary_data=binary)
    output = RequestedOutput("probabilities", {"binary_data": binary_answer})
    request = InferRequest("mnist", [tensor], request_id="a-1", request_outputs=[output])
    answer = call(server, "v2", "infer", request, model_name="mnist")
    assert isinstance(answer, InferResponse)
    assert answer.id == "a-1"
    assert answer.model_name == "mnist"
    (probabilities,) = answer.outputs
    digits = probabilities.as_numpy().reshape(-1, 10).argmax(1)
    assert np.mean(digits == labels) > 0.98


def test_infer_with_a_dict(server, images):
    data = {
        "inputs": [
            {
                "name": "input",
                "shape": [2, 784],
                "datatype": "FP32",
                "data": images[:2].reshape(2, 784).tolist(),
            }
        ]
    }
    answer = call(server, "v2", "infer", data, model_name="mnist")
    assert [o.name for o in answer.outputs] == ["probabilities", "logits"]


def test_errors_are_sentences(server):
    with pytest.raises(httpx.HTTPStatusError, match="instances.*400 Bad Request"):
        call(server, "v1", "infer", {"instances": []}, model_name="mnist")
    with pytest.raises(httpx.HTTPStatusError, match="400 Bad Request"):
        call(server, "v2", "infer", {"inputs": []}, model_name="mnist")


@pytest.mark.parametrize("convert", [to_binary, to_structured])
def test_events(server, images, convert):
    """Built, and the answer read, by the SDK that KServe uses for it."""
    attributes = {"type": "com.example.digit", "source": "/kafka/t"}
    event = CloudEvent(attributes, {"instances": images[:1].tolist()})
    headers, body = convert(event)
    answer = httpx.post(f"{server.url}v1/models/mnist:predict", headers=headers, content=body)
    assert answer.status_code == 200
    found = from_http(answer.headers, answer.content)
    assert found["type"] == "io.kserve.inference.response"
    assert found["source"] == "io.kserve.inference.mnist"
    assert found["id"] != event["id"]
    data = found.data if isinstance(found.data, dict) else json.loads(found.data)
    assert len(data["predictions"][0]) == 10


@pytest.mark.parametrize("convert", [to_binary, to_structured])
def test_events_by_kserves_variables(start, images, convert):
    server = start(CE_SOURCE="/digits", CE_TYPE="digit", CE_MERGE="true")
    attributes = {"type": "a", "source": "/kafka/t", "subject": "a seven", "partitionkey": "7"}
    event = CloudEvent(attributes, {"instances": images[:1].tolist()})
    headers, body = convert(event)
    answer = httpx.post(f"{server.url}v1/models/mnist:predict", headers=headers, content=body)
    found = from_http(answer.headers, answer.content)
    assert (found["source"], found["type"]) == ("/digits", "digit")
    assert (found["subject"], found["partitionkey"]) == ("a seven", "7")
    assert found["id"] != event["id"]
    assert found["time"] != event["time"]
