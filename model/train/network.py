"""The networks: 3x3, 4x4 and 5x5 convolutions, two poolings, one dense layer.

Channel counts are multiples of 16, so that every vector register of the server is full.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

CLASSES = 10
SIDE = 28


@dataclass(frozen=True)
class Layer:
    channels: int
    kernel: int
    padding: int = 0
    pool: bool = False


NETWORKS: dict[str, tuple[Layer, ...]] = {
    "small": (
        Layer(16, 5, pool=True),
        Layer(32, 3),
        Layer(48, 3, pool=True),
        Layer(96, 4),
    ),
    "wide": (
        Layer(32, 5, pool=True),
        Layer(64, 3),
        Layer(96, 3, pool=True),
        Layer(128, 4),
    ),
    "deep": (
        Layer(32, 5, pool=True),
        Layer(48, 3, padding=1),
        Layer(64, 3),
        Layer(64, 3, pool=True),
        Layer(128, 4),
    ),
}


def build(name: str, dropout: float = 0.0) -> nn.Sequential:
    """An untrained network: [N,1,28,28] in 0..1 -> logits [N,10]."""
    modules: list[nn.Module] = []
    before = 1
    for layer in NETWORKS[name]:
        modules.append(
            nn.Conv2d(before, layer.channels, layer.kernel, padding=layer.padding, bias=False)
        )
        modules.append(nn.BatchNorm2d(layer.channels))
        modules.append(nn.ReLU())
        if layer.pool:
            modules.append(nn.MaxPool2d(2))
        before = layer.channels
    modules.append(nn.Flatten())
    if dropout > 0:
        modules.append(nn.Dropout(dropout))
    modules.append(nn.Linear(before, CLASSES))
    return nn.Sequential(*modules)


def cost(name: str) -> tuple[int, int]:
    """Parameters (batch normalisation folded) and multiply-adds per image."""
    parameters, products, before, side = 0, 0, 1, SIDE
    for layer in NETWORKS[name]:
        weights = before * layer.channels * layer.kernel**2
        side += 2 * layer.padding - layer.kernel + 1
        parameters += weights + layer.channels
        products += weights * side**2
        before = layer.channels
        side //= 2 if layer.pool else 1
    return parameters + (before + 1) * CLASSES, products + before * CLASSES


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, batch: int = 500) -> Tensor:
    """Logits of uint8 images [N,28,28], in float32 and in evaluation mode."""
    model.eval()
    pieces = [model(part.unsqueeze(1).float() / 255) for part in torch.split(images, batch)]
    return torch.cat(pieces)
