"""A network of two steps goes all the way from images to a model file."""

import base64
import contextlib
import hashlib
import io
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")
from train.__main__ import main  # noqa: E402
from train.augment import augment  # noqa: E402
from train.data import held_out  # noqa: E402
from train.golden import template_pictures  # noqa: E402
from train.idx import read_idx, write_idx  # noqa: E402
from train.network import NETWORKS, build, cost  # noqa: E402


def run(*arguments: str | Path) -> str:
    """What the command prints; it has to succeed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main([str(a) for a in arguments]) == 0
    return printed.getvalue()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder of template digits posing as MNIST, and a run of one epoch on it."""
    folder = tmp_path_factory.mktemp("run")
    images, labels = template_pictures(400, 1)
    for split in ("train", "t10k"):
        write_idx(folder / f"{split}-images-idx3-ubyte", images)
        write_idx(folder / f"{split}-labels-idx1-ubyte", labels)
    printed = run(
        "fit", "--mnist", folder, "--out", folder / "net", "--epochs", "12", "--batch", "64"
    )
    return folder, printed


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_stay_within_their_means(name: str) -> None:
    model = build(name).eval()
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    parameters, products = cost(name)
    folded = sum(p.numel() for n, p in model.named_parameters()) - sum(
        m.num_features for m in model if isinstance(m, torch.nn.BatchNorm2d)
    )
    assert parameters == folded
    assert parameters * 4 < 2_000_000 and 1.6e6 < products < 8e6
    assert all(layer.channels % 16 == 0 for layer in NETWORKS[name])


def test_augment_keeps_shape_and_range() -> None:
    torch.manual_seed(1)
    out = augment(torch.rand(9, 1, 28, 28))
    assert out.shape == (9, 1, 28, 28)
    assert float(out.min()) >= 0 and float(out.max()) <= 1


def test_held_out_blocks_are_contiguous() -> None:
    mask = held_out(60000)
    assert mask.sum() == 3000
    assert np.abs(np.diff(mask.astype(int))).sum() == 12


def test_metrics_lines(trained: tuple[Path, str]) -> None:
    lines = [line for line in trained[1].splitlines() if line.startswith("epoch=")]
    assert len(lines) == 12
    fields = dict(pair.split("=") for pair in lines[-1].split(" "))
    assert int(fields["epoch"]) == 12
    assert 0 <= float(fields["accuracy"]) <= 1 and float(fields["loss"]) > 0
    assert (trained[0] / "net" / "training.png").stat().st_size > 1000


def test_a_run_is_repeatable_and_takes_a_teacher(trained: tuple[Path, str]) -> None:
    folder = trained[0]
    teacher = folder / "net" / "checkpoint.pt"
    common = ("fit", "--mnist", folder, "--epochs", "1", "--batch", "64", "--bfloat16")
    taught = [
        run(*common, "--teacher", teacher, "--out", folder / name)
        .splitlines()[1]
        .split(" seconds")[0]
        for name in ("a", "b")
    ]
    alone = run(*common, "--out", folder / "c").splitlines()[1].split(" seconds")[0]
    assert taught[0] == taught[1] != alone


def test_golden_and_evaluate(trained: tuple[Path, str]) -> None:
    checkpoint = trained[0] / "net" / "checkpoint.pt"
    run("golden", "--checkpoint", checkpoint, "--out", trained[0] / "golden")
    images = read_idx(trained[0] / "golden" / "images.idx")
    logits = np.fromfile(trained[0] / "golden" / "logits.f32", "<f4").reshape(64, 10)
    assert images.shape == (64, 28, 28) and np.isfinite(logits).all()
    printed = run("evaluate", "--checkpoint", checkpoint, "--mnist", trained[0])
    assert printed.startswith("set=mnist images=400 accuracy=")


def test_export(trained: tuple[Path, str]) -> None:
    onnx = pytest.importorskip("onnx")
    numpy_helper = pytest.importorskip("onnx.numpy_helper")
    out = trained[0] / "model.onnx"
    run("export", "--checkpoint", trained[0] / "net" / "checkpoint.pt", "--out", out)
    model = onnx.load(str(out))
    about = {p.key: p.value for p in model.metadata_props}
    assert about["digitd.labels"] == "0,1,2,3,4,5,6,7,8,9"
    assert len(base64.b64decode(about["digitd.golden_inputs"])) == 10 * 784
    assert len(base64.b64decode(about["digitd.golden_logits"])) == 10 * 10 * 4
    weights = b"".join(numpy_helper.to_array(t).tobytes() for t in model.graph.initializer)
    assert hashlib.sha256(weights).hexdigest() == about["digitd.weights_sha256"]
    assert [v.name for v in model.graph.input] == ["input"]
    assert [v.name for v in model.graph.output] == ["logits"]
