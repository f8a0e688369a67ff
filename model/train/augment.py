"""Random distortions of a whole batch at once, cheap enough not to slow training down.

`strength` scales them all; 1 is what the constants say.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

SIDE = 28
TURN, MOST_TURN = 10.0, 20.0  # degrees: standard deviation, limit
SCALE = (0.85, 1.18)
SLANT = 0.15
SHIFT = 1.5  # pixels
ELASTIC_GRID, ELASTIC = 6, 1.4  # knots per axis, pixels
THICKNESS = 0.6
GAMMA = 0.25
NOISE = 0.08
UNTOUCHED = 1 / 10  # of the images are not distorted, so that the network also knows clean ones


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.rand(count) * (high - low) + low


def _affine(count: int, strength: float) -> Tensor:
    turn = (torch.randn(count) * strength * TURN).clamp(-MOST_TURN, MOST_TURN) * (math.pi / 180)
    slant = torch.randn(count) * strength * SLANT
    across, down = (_uniform(count, *SCALE).pow(strength) for _ in range(2))
    cos, sin = torch.cos(turn), torch.sin(turn)
    shift = _uniform(2 * count, -SHIFT, SHIFT).view(count, 2) * strength / (SIDE / 2)
    top = torch.stack([cos / across, (slant * cos - sin) / down, shift[:, 0]], dim=1)
    bottom = torch.stack([sin / across, (slant * sin + cos) / down, shift[:, 1]], dim=1)
    return torch.stack([top, bottom], dim=1)


def _warp(images: Tensor, strength: float) -> Tensor:
    count = len(images)
    grid = F.affine_grid(_affine(count, strength), [count, 1, SIDE, SIDE], align_corners=False)
    knots = (torch.rand(count, 2, ELASTIC_GRID, ELASTIC_GRID) * 2 - 1) * (
        strength * ELASTIC / (SIDE / 2)
    )
    bumps = F.interpolate(knots, size=(SIDE, SIDE), mode="bicubic", align_corners=True)
    grid = grid + bumps.permute(0, 2, 3, 1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _pen_width(images: Tensor, strength: float) -> Tensor:
    amount = _uniform(len(images), -THICKNESS, THICKNESS).view(-1, 1, 1, 1) * strength
    thick = F.max_pool2d(images, 3, 1, 1) - images
    thin = images + F.max_pool2d(-images, 3, 1, 1)
    return images + amount.clamp(min=0) * thick + amount.clamp(max=0) * thin


def augment(images: Tensor, strength: float = 1.0) -> Tensor:
    """[N,1,28,28] of 0..1 -> the same digits as other hands, pens and scanners would give them."""
    count = len(images)
    other = _pen_width(_warp(images, strength), strength).clamp(0, 1)
    other = other.pow(torch.exp(torch.randn(count, 1, 1, 1) * strength * GAMMA))
    noise = (torch.rand(count, 1, 1, 1) < 1 / 3) * torch.rand(count, 1, 1, 1) * 2 * NOISE * strength
    other = (other + noise * torch.randn_like(other)).clamp(0, 1)
    return torch.where(torch.rand(count, 1, 1, 1) < UNTOUCHED, images, other)
