"""What lies beside a model changes while the server answers."""

import os
import time

import pytest
from conftest import v2_body, wait_for
from models import always, np, onnx, put
from test_repository import INFER, QUICK, answer, states


@pytest.fixture
def folder(tmp_path):
    """Of version 1."""
    return put(tmp_path / "models", 1, always(1)).parent


@pytest.fixture
def watched(start, folder):
    return start("--model-repository", str(folder.parents[1]), *QUICK)


def apart(folder, digit, names):
    """Such a network with its weights in other files, which are left in `folder` last."""
    model = onnx.load_from_string(always(digit))
    for tensor, name in zip(model.graph.initializer, names, strict=True):
        (folder / "new").write_bytes(tensor.raw_data)
        os.replace(folder / "new", folder / name)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=name)
    return model.SerializeToString()


def test_weights_beside_the_file_change(watched, folder):
    """Also those that come late, or not at all; the model's own file stays as it is."""
    repository = folder.parents[1]
    names = ("model.onnx.data", "b")
    put(repository, 1, apart(folder, 5, names))
    assert wait_for(lambda: answer(watched) == ("1", 5))
    apart(folder, 6, names)
    assert wait_for(lambda: answer(watched) == ("1", 6))
    (folder / "b").unlink()
    assert wait_for(lambda: "'b' cannot be opened" in states(watched)["1"][1])
    assert answer(watched) == ("1", 6)
    apart(folder, 7, names)
    assert wait_for(lambda: answer(watched) == ("1", 7))
    assert wait_for(lambda: states(watched)["1"] == ("AVAILABLE", ""))
    second = repository / "mnist" / "2"
    second.mkdir()
    content = apart(second, 8, names)
    for name in names:
        (second / name).unlink()
    put(repository, 2, content)
    assert wait_for(lambda: "data' cannot be opened" in str(states(watched).get("2")))
    apart(second, 8, names)
    assert wait_for(lambda: answer(watched) == ("2", 8))
    loads = watched.metrics()['digitd_model_loads_total{version="2",model="mnist"}']
    time.sleep(0.3)
    assert watched.metrics()['digitd_model_loads_total{version="2",model="mnist"}'] == loads == 1


def test_properties_beside_the_file_change(watched, folder):
    properties = folder / "model.onnx.properties"

    def temperature():
        outputs = watched.request("POST", INFER, v2_body()).json["outputs"]
        logits, probabilities = (
            next(o["data"] for o in outputs if o["name"] == name)
            for name in ("logits", "probabilities")
        )
        return (logits[1] - logits[0]) / np.log(probabilities[1] / probabilities[0])

    assert temperature() == pytest.approx(1, rel=1e-3)
    properties.write_text("temperature=2\n")
    assert wait_for(lambda: temperature() == pytest.approx(2, rel=1e-3))
    properties.write_text("temperature=-2\n")
    assert wait_for(lambda: "it should be a number from 0.01 to 100" in states(watched)["1"][1])
    assert temperature() == pytest.approx(2, rel=1e-3)
    properties.unlink()
    assert wait_for(lambda: temperature() == pytest.approx(1, rel=1e-3))
    assert states(watched)["1"] == ("AVAILABLE", "")
