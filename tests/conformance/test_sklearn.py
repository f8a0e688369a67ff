"""What skl2onnx writes for classifiers of scikit-learn, with labels, ZipMap and all."""

import numpy as np
import pytest
from compare import TOLERANCE, compare

sklearn = pytest.importorskip("sklearn")
skl2onnx = pytest.importorskip("skl2onnx")
from skl2onnx.common.data_types import FloatTensorType  # noqa: E402 - only if there is skl2onnx
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.ensemble import BaggingClassifier  # noqa: E402
from sklearn.feature_selection import SelectKBest  # noqa: E402
from sklearn.linear_model import LogisticRegression, SGDClassifier  # noqa: E402
from sklearn.multiclass import OneVsRestClassifier  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import Binarizer, Normalizer, StandardScaler  # noqa: E402

CASES = {
    "MLPClassifier": lambda: MLPClassifier((32,), max_iter=3, random_state=1),
    "MLPClassifier, tanh": lambda: MLPClassifier((24, 16), "tanh", max_iter=3, random_state=2),
    "MLPClassifier, logistic": lambda: MLPClassifier((24,), "logistic", max_iter=3, random_state=3),
    "LogisticRegression": lambda: LogisticRegression(C=0.01, max_iter=20),
    "LogisticRegression, a class against the rest": lambda: LogisticRegression(
        C=0.01, max_iter=20, multi_class="ovr", solver="liblinear"
    ),
    "OneVsRestClassifier": lambda: OneVsRestClassifier(LogisticRegression(C=0.01, max_iter=20)),
    "BaggingClassifier": lambda: BaggingClassifier(
        LogisticRegression(C=0.01, max_iter=20), 3, random_state=5
    ),
    "CalibratedClassifierCV": lambda: CalibratedClassifierCV(
        LogisticRegression(C=0.01, max_iter=20), cv=2
    ),
    "SGDClassifier": lambda: SGDClassifier("log_loss", max_iter=20, random_state=6),
    "Binarizer, SelectKBest, LogisticRegression": lambda: make_pipeline(
        Binarizer(threshold=0.4), SelectKBest(k=300), LogisticRegression(C=0.01, max_iter=20)
    ),
    "StandardScaler, LogisticRegression": lambda: make_pipeline(
        StandardScaler(), LogisticRegression(C=0.001, max_iter=20)
    ),
    "Normalizer, MLPClassifier": lambda: make_pipeline(
        Normalizer(), MLPClassifier((16,), max_iter=3, random_state=4)
    ),
}
FORMS = {"ZipMap": {}, "arrays": {"zipmap": False}, "words": {}}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_sklearn(name, form, images, table, tmp_path):
    labels = np.arange(len(images)) % 10
    if form == "words":
        labels = labels.astype(str)
    # A picture's label must have something to do with it.
    shift = np.random.default_rng(3).random((10, 784), dtype=np.float32)
    fitted = CASES[name]().fit(images * (0.5 + shift[np.arange(len(images)) % 10]), labels)
    model = skl2onnx.convert_sklearn(
        fitted,
        initial_types=[("image", FloatTensorType([None, 784]))],
        options={id(fitted): FORMS[form]} if FORMS[form] else None,
    )
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    difference, same = compare(path, images)
    table(
        (
            f"skl2onnx {skl2onnx.__version__}",
            f"{name}, {form}",
            f"{difference:.1e}",
            f"{same} of {len(images)}",
        )
    )
    assert difference <= TOLERANCE
    assert same == len(images)
