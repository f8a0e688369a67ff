"""What PyTorch exports, for networks as people write them."""

import numpy as np
import pytest
from conftest import predict

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402 - only if there is torch
from torch.nn import functional as F  # noqa: E402


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x):
        return F.relu(x + self.body(x))


class Lenet(nn.Module):
    """As in PyTorch's own MNIST example, dropout and log_softmax included."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 1), nn.Conv2d(32, 64, 3, 1)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        x = F.relu(self.fc1(torch.flatten(self.dropout1(x), 1)))
        return F.log_softmax(self.fc2(self.dropout2(x)), dim=1)


class Viewed(nn.Module):
    """relu after max_pool, view(-1, n), the functional style."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2)).view(-1, 320)
        return self.fc2(F.dropout(F.relu(self.fc1(x)), training=self.training))


def mlp(*widths, norm=False):
    layers = []
    for before, after in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(before, after)]
        layers += [nn.BatchNorm1d(after)] if norm else []
        layers += [nn.ReLU()]
    return layers[: -2 if norm else -1]


NETWORKS = {
    "softmax regression": (784,),
    "mlp": (784,),
    "flattened mlp": (1, 28, 28),
    "normalised mlp": (1, 28, 28),
    "lenet": (1, 28, 28),
    "viewed": (1, 28, 28),
    "lenet5": (1, 28, 28),
    "residual": (1, 28, 28),
    "mobile": (1, 28, 28),
    "odd": (1, 28, 28),
    "softmax": (1, 28, 28),
}


def make(name):
    return {
        "softmax regression": lambda: nn.Linear(784, 10),
        "mlp": lambda: nn.Sequential(*mlp(784, 128, 64, 10)),
        "flattened mlp": lambda: nn.Sequential(nn.Flatten(), *mlp(784, 300, 10), nn.Dropout()),
        "normalised mlp": lambda: nn.Sequential(
            nn.Flatten(), nn.BatchNorm1d(784), *mlp(784, 100, 50, 10, norm=True)
        ),
        "lenet": Lenet,
        "viewed": Viewed,
        "lenet5": lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            *mlp(400, 120, 84, 10),
        ),
        "residual": lambda: nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            Residual(16),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            Residual(32),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(32, 10),
        ),
        "mobile": lambda: nn.Sequential(
            nn.Conv2d(1, 24, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 24, 3, padding=1, groups=24, bias=False),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            nn.Conv2d(24, 40, 1),
            nn.ReLU(),
            nn.Dropout2d(),
            nn.MaxPool2d(3, 2, padding=1),
            nn.Conv2d(40, 40, 3, padding=1, groups=4),
            nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
            nn.Flatten(),
            nn.Linear(640, 10),
        ),
        "odd": lambda: nn.Sequential(
            nn.Conv2d(1, 7, (3, 5), stride=(2, 1), padding=(0, 3)),
            nn.BatchNorm2d(7),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, padding=1, ceil_mode=True),
            nn.Conv2d(7, 19, 3, dilation=2, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(19),
            nn.AvgPool2d(2, ceil_mode=True),
            nn.Flatten(),
            nn.LazyLinear(33),
            nn.ReLU(),
            nn.Linear(33, 10),
        ),
        "softmax": lambda: nn.Sequential(
            nn.Conv2d(1, 8, 7, stride=3),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 10),
            nn.Softmax(1),
        ),
    }[name]()


def stir(network):
    """Statistics of normalisation as after training, not those it starts with."""
    for layer in network.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                nn.init.uniform_(values, 0.2, 1.2)


@pytest.mark.parametrize("opset", [9, 13, 16])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.filterwarnings("ignore")
def test_export(name, opset, images, tmp_path):
    torch.manual_seed(3)
    x = torch.from_numpy(images.reshape(-1, *NETWORKS[name]))
    network = make(name).eval()
    with torch.no_grad():
        network(x)
        stir(network)
        said = network(x).numpy()
    path = tmp_path / "model.onnx"
    torch.onnx.export(
        network,
        x,
        str(path),
        opset_version=opset,
        input_names=["input"],
        dynamic_axes={"input": {0: "batch"}},
        do_constant_folding=opset != 13,
        training=torch.onnx.TrainingMode.EVAL,
    )
    for cpu in ("generic", "auto"):
        logits, probabilities = predict(path, images, cpu)
        e = np.exp(said - said.max(axis=1, keepdims=True))
        if name == "softmax":
            assert np.abs(probabilities - said).max() < 1e-5
            continue
        assert np.abs(probabilities - e / e.sum(axis=1, keepdims=True)).max() < 1e-5
        if name != "lenet":
            assert np.abs(logits - said).max() < 1e-4
