"""The `digitd.*` properties: what they do, and how malformed ones are refused."""

import base64
import hashlib

import numpy as np
import pytest
from conftest import Refused, predict
from networks import Network, reference
from onnx import TensorProto, helper, numpy_helper


def network():
    n = Network(seed=2)
    n.conv(1, 4, 7, strides=[3, 3])
    n.add("Relu")
    return n.classify().model()


def weights_digest(model):
    floats = [t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT]
    joined = b"".join(numpy_helper.to_array(t).astype("<f4").tobytes() for t in floats)
    return hashlib.sha256(joined).hexdigest()


def golden(model, scale=1 / 255, error=0.0):
    pictures = np.random.default_rng(1).integers(0, 256, (3, 784), np.uint8)
    x = pictures.astype(np.float32) * np.float32(scale)
    logits = reference(model, x.reshape(-1, 1, 28, 28)).astype("<f4")
    logits[2, 7] += error
    return {
        "digitd.golden_inputs": base64.b64encode(pictures.tobytes()).decode(),
        "digitd.golden_logits": base64.b64encode(logits.tobytes()).decode(),
    }


def save(model, props, folder):
    helper.set_model_props(model, props)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_temperature_divides_the_logits(images, tmp_path):
    logits, plain = predict(save(network(), {}, tmp_path), images)
    same, cooled = predict(save(network(), {"digitd.temperature": "2.5"}, tmp_path), images)
    assert (logits == same).all()
    for temperature, got in ((1, plain), (2.5, cooled)):
        e = np.exp(logits.astype(np.float64) / temperature)
        assert np.abs(got - e / e.sum(axis=1, keepdims=True)).max() < 1e-6


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 0.0125])
def test_golden_pictures_are_reproduced(scale, images, tmp_path):
    model = network()
    props = golden(model, scale) | {"digitd.input_scale": repr(scale)}
    predict(save(model, props, tmp_path), images)


@pytest.mark.parametrize("error", [0.01, np.nan, np.inf])
def test_golden_pictures_that_are_not_reproduced(error, images, tmp_path):
    model = network()
    with pytest.raises(Refused, match=r"^-33 golden picture 2 is not reproduced: logit 7 is"):
        predict(save(model, golden(model, error=error), tmp_path), images)


def test_wrong_input_scale_is_noticed(images, tmp_path):
    model = network()
    with pytest.raises(Refused, match="golden picture 0"):
        predict(save(model, golden(model) | {"digitd.input_scale": "1"}, tmp_path), images)


def test_digest_of_the_weights(images, tmp_path):
    model = network()
    right = weights_digest(model)
    predict(save(model, {"digitd.weights_sha256": right}, tmp_path), images)
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-1] + b"\x01"
    with pytest.raises(Refused, match="'digitd.weights_sha256'.*that of the weights"):
        predict(save(model, {"digitd.weights_sha256": right}, tmp_path), images)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("digitd.input_scale", "0"),
        ("digitd.input_scale", "x"),
        ("digitd.input_scale", "nan"),
        ("digitd.input_scale", "1 "),
        ("digitd.temperature", "-1"),
        ("digitd.temperature", "inf"),
        ("digitd.temperature", ""),
        ("digitd.pixels", ""),
        ("digitd.pixels", "256"),
        ("digitd.accuracy", "101 %"),
        ("digitd.accuracy", "1.5"),
        ("digitd.labels", "0,1,2"),
        ("digitd.labels", "0,1,2,3,4,5,6,7,8,"),
        ("digitd.labels", "0,1,2,3,4,5,6,7,8,9,10"),
        ("digitd.labels", "0,1,2,3,4,5,6,7,8," + "x" * 65),
        ("digitd.labels", "0,1,2,3,4,5,6,7,8,\n"),
        ("digitd.training_data", "x" * 5000),
        ("digitd.training_data", "tab\t"),
        ("digitd.weights_sha256", ""),
        ("digitd.golden_inputs", "AAA"),
        ("digitd.golden_inputs", "AAAA"),
        ("digitd.golden_inputs", base64.b64encode(bytes(784 * 257)).decode()),
        ("digitd.golden_logits", base64.b64encode(bytes(40)).decode()),
    ],
    ids=lambda text: text[:24].strip(),
)
def test_malformed(key, value, images, tmp_path):
    with pytest.raises(Refused, match=f"^-74 metadata '{key}'"):
        predict(save(network(), {key: value}, tmp_path), images)


def test_other_properties_are_ignored(images, tmp_path):
    predict(save(network(), {"author": "x\n", "digitd2.labels": "1"}, tmp_path), images)
