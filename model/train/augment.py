"""Random distortions of a whole batch at once, cheap enough not to slow training down."""

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


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.rand(count) * (high - low) + low


def _affine(count: int) -> Tensor:
    turn = (torch.randn(count) * TURN).clamp(-MOST_TURN, MOST_TURN) * (math.pi / 180)
    slant = torch.randn(count) * SLANT
    across, down = _uniform(count, *SCALE), _uniform(count, *SCALE)
    cos, sin = torch.cos(turn), torch.sin(turn)
    shift = _uniform(2 * count, -SHIFT, SHIFT).view(count, 2) / (SIDE / 2)
    top = torch.stack([cos / across, (slant * cos - sin) / down, shift[:, 0]], dim=1)
    bottom = torch.stack([sin / across, (slant * sin + cos) / down, shift[:, 1]], dim=1)
    return torch.stack([top, bottom], dim=1)


def _warp(images: Tensor) -> Tensor:
    count = len(images)
    grid = F.affine_grid(_affine(count), [count, 1, SIDE, SIDE], align_corners=False)
    knots = (torch.rand(count, 2, ELASTIC_GRID, ELASTIC_GRID) * 2 - 1) * (ELASTIC / (SIDE / 2))
    bumps = F.interpolate(knots, size=(SIDE, SIDE), mode="bicubic", align_corners=True)
    grid = grid + bumps.permute(0, 2, 3, 1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _pen_width(images: Tensor) -> Tensor:
    amount = _uniform(len(images), -THICKNESS, THICKNESS).view(-1, 1, 1, 1)
    thick = F.max_pool2d(images, 3, 1, 1) - images
    thin = images + F.max_pool2d(-images, 3, 1, 1)
    return images + amount.clamp(min=0) * thick + amount.clamp(max=0) * thin


def augment(images: Tensor) -> Tensor:
    """[N,1,28,28] of 0..1 -> the same digits as other hands, pens and scanners would give them."""
    count = len(images)
    images = _pen_width(_warp(images)).clamp(0, 1)
    gamma = torch.exp(torch.randn(count, 1, 1, 1) * GAMMA)
    images = images.pow(gamma)
    noisy = (torch.rand(count, 1, 1, 1) < 1 / 3) * torch.rand(count, 1, 1, 1) * 2 * NOISE
    return (images + noisy * torch.randn_like(images)).clamp(0, 1)
