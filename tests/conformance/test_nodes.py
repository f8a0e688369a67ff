"""ONNX's backend node tests, with their own data, for every operator in the table."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from engine.conftest import ROOT, Refused, predict
from nodes import BYTES, load, wrap

DATA = Path(onnx.__file__).parent / "backend/test/data/node"
TYPES = (np.float32, np.int64, np.int32, np.bool_)


def rows(table):
    source = (ROOT / f"model/graph_{table}_table.c").read_text()
    return set(re.findall(r'^    \{"(\w+)", +\d', source, re.MULTILINE))


OF_BYTES = rows("quant")
CLAIMED = rows("operator") | OF_BYTES
TOLERANCES = {"rtol": 1e-3, "atol": 1e-6}  # ONNX's own for float32

# What is refused, and has to be refused, with the reason.
REFUSED = {
    r"dynamicquantizelinear.*_expanded": "element type 2",
    r"argm(ax|in)_": "it leaves a label",
    r"training_dropout|batchnorm_.*training": "for training",
    r".*pool_3d": "digitd does",
    r".*_expanded(_ver18)?$": "must be constant|1 to \\d+ elements|depend on the picture",
    r"pow_types": "float32",
    r"(de)?quantizelinear_axis": "several scales",
    r"(de)?quantizelinear_blocked": "block_size",
    r"range_": "constant int64",
    r"(gru|lstm|simple_rnn)_batchwise": "'layout' is 1",
    r"lstm_with_peepholes": "peepholes",
    r"reduce_.*(empty_set|bool_inputs)": "depend on the picture|1 to \\d+ elements",
    r"reshape_allowzero|slice_start_out|split_zero": "1 to \\d+ elements",
    r"constantofshape_int_shape_zero|shape_start_greater": "1 to \\d+ elements",
    r"ai_onnx_ml_(array_feature_extractor|binarizer)": "operator set 0",
}


# Whose results in ONNX's data wrap around where ONNX's text, and ONNX Runtime, say that they are
# kept within bounds.
WRONG = re.compile(r"qlinearmatmul_.D_int8_float32")


def usable(case):
    arrays = [] if case is None else [*case.inputs, case.outputs[0]]
    return (
        case is not None
        and not WRONG.match(case.name)
        and case.operators <= CLAIMED
        and all(
            array.dtype.type in TYPES or (array.dtype.type in BYTES and case.operators & OF_BYTES)
            for array in arrays
        )
        and np.isfinite(case.outputs[0].astype(float)).all()
    )


def cases():
    for folder in sorted(DATA.iterdir()):
        try:
            case = load(folder)
        except (NotImplementedError, TypeError, ValueError):
            continue  # element types that numpy lacks
        if usable(case):
            yield pytest.param(case, id=case.name)


def check(case, folder):
    """The first output, from one picture for each sample of a batch."""
    for wrapper in wrap(case):
        path = folder / "model.onnx"
        path.write_bytes(wrapper.model().SerializeToString())
        logits, _ = predict(path, wrapper.images())
        want = wrapper.want.ravel()[: wrapper.shown]
        np.testing.assert_allclose(logits.ravel()[: wrapper.shown], want, **TOLERANCES)


@pytest.mark.parametrize("case", cases())
def test_node(case, tmp_path):
    why = next((why for name, why in REFUSED.items() if re.match(name, case.name)), None)
    try:
        check(case, tmp_path)
    except Refused as refusal:
        assert why and re.search(why, str(refusal)), refusal


def test_every_operator_has_a_test():
    tested = set()
    for case in cases():
        tested |= case.values[0].operators
    # scikit-learn's have none; test_sklearn.py has.
    without = {"LinearClassifier", "Normalizer", "Scaler", "ZipMap", "ArrayFeatureExtractor"}
    # Nor have ONNX Runtime's; engine/test_quantised.py, test_onnxruntime.py and test_own.py have.
    without |= {"QGemm", "QLinearAdd", "QLinearAveragePool", "QLinearGlobalAveragePool"}
    without |= {"QLinearConcat", "QLinearLeakyRelu", "QLinearMul", "QLinearSigmoid"}
    without |= {"BiasGelu", "FastGelu", "FusedConv", "FusedGemm"}
    assert CLAIMED - tested <= without
