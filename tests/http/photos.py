"""Photographs of a digit on paper or on a board, made of a clean one."""

import pytest

np = pytest.importorskip("numpy")

WIDTH, HEIGHT = 640, 480
SIDE = 180  # pixels of an MNIST frame at scale 1
BLUE = (0.25, 0.35, 0.8)  # how much of each colour blue ink throws back


def _smooth(field, cells, rng, shape):
    """Random low waves: values at a few cells, with straight lines between them."""
    grid = rng.uniform(-field, field, (cells, cells))
    y, x = np.linspace(0, cells - 1.001, shape[0]), np.linspace(0, cells - 1.001, shape[1])
    yi, xi = y.astype(int), x.astype(int)
    fy, fx = (y - yi)[:, None], (x - xi)[None, :]
    a, b = grid[yi][:, xi], grid[yi][:, xi + 1]
    c, d = grid[yi + 1][:, xi], grid[yi + 1][:, xi + 1]
    return (a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy


def light(rng, shape=(HEIGHT, WIDTH)):
    """From one side, with a soft shadow over a part."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    turn = rng.uniform(0, 2 * np.pi)
    across = (x / shape[1] - 0.5) * np.cos(turn) + (y / shape[0] - 0.5) * np.sin(turn)
    bright = 1 - rng.uniform(0.1, 0.45) * (across + 0.5)
    turn = rng.uniform(0, 2 * np.pi)
    away = (x - rng.uniform(0.2, 0.8) * shape[1]) * np.cos(turn)
    away += (y - rng.uniform(0.2, 0.8) * shape[0]) * np.sin(turn)
    shade = 1 / (1 + np.exp(-np.clip(away / rng.uniform(8, 40), -30, 30)))
    return bright * (1 - rng.uniform(0, 0.35) * shade)


def place(digit, rng, shape=(HEIGHT, WIDTH)):
    """How much ink (0..1) lies on each pixel: `digit` (28x28, 255 = ink) scaled 0.5 to 2 times,
    turned by up to 15 degrees, anywhere as long as the whole of it is in the picture."""
    side = SIDE * 2 ** rng.uniform(-1, 1)
    turn = np.radians(rng.uniform(-15, 15))
    room = side * 0.5 * 20 / 28 * (abs(np.cos(turn)) + abs(np.sin(turn))) + 12
    middle_x = rng.uniform(room, shape[1] - room)
    middle_y = rng.uniform(room, shape[0] - room)
    top, left = int(middle_y - room), int(middle_x - room)
    y, x = np.mgrid[top : int(middle_y + room), left : int(middle_x + room)]
    dx, dy = (x - middle_x) * 28 / side, (y - middle_y) * 28 / side
    u = np.clip(dx * np.cos(turn) + dy * np.sin(turn) + 14, 0, 28.99)
    v = np.clip(-dx * np.sin(turn) + dy * np.cos(turn) + 14, 0, 28.99)
    ui, vi = u.astype(int), v.astype(int)
    fu, fv = u - ui, v - vi
    framed = np.pad(digit.astype(np.float32) / 255, ((1, 2), (1, 2)))
    a, b, c, d = framed[vi, ui], framed[vi, ui + 1], framed[vi + 1, ui], framed[vi + 1, ui + 1]
    ink = np.zeros(shape)
    # a pen's edge is sharper than an enlarged picture's
    ink[top : top + len(y), left : left + len(y[0])] = np.clip(
        1.6 * ((a * (1 - fu) + b * fu) * (1 - fv) + (c * (1 - fu) + d * fu) * fv) - 0.2, 0, 1
    )
    return ink


def rules(rng, shape=(HEIGHT, WIDTH)):
    """What lines or squares, printed on the paper, leave of its brightness."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    turn, spacing = np.radians(rng.uniform(-15, 15)), rng.uniform(14, 48)
    thick, faint = rng.uniform(1, 2.5), rng.uniform(0.5, 0.95)
    lines = np.zeros(shape)
    for across in (turn, turn + np.pi / 2)[: rng.integers(1, 3)]:
        at = y * np.cos(across) - x * np.sin(across) + rng.uniform(0, spacing)
        away = np.abs(at % spacing - spacing / 2)
        lines = np.maximum(lines, np.clip(thick / 2 - away + 0.5, 0, 1))
    return 1 - (1 - faint) * lines


def photo(digit, rng, inverted=None, colour=False, ruled=False):
    """8-bit grey [480][640], or RGB with blue ink; `digit` may be None for nothing but paper."""
    shape = (HEIGHT, WIDTH)
    inverted = rng.uniform() < 0.5 if inverted is None else inverted
    paper = rng.uniform(25, 80) if inverted else rng.uniform(150, 245)
    mark = rng.uniform(paper + 70, 235) if inverted else paper * rng.uniform(0.1, 0.55)
    ink = 0 if digit is None else place(digit, rng)
    texture = 1 + _smooth(rng.uniform(0.01, 0.05), 24, rng, shape)
    texture += _smooth(rng.uniform(0.005, 0.03), 90, rng, shape)
    lit = light(rng) * texture
    grain = rng.normal(0, rng.uniform(1, 6), shape)
    if ruled:
        paper = paper * rules(rng)
        mark = np.minimum(mark, paper)
    if not colour:
        return np.clip((paper + (mark - paper) * ink) * lit + grain, 0, 255).astype(np.uint8)
    layers = [(paper * (1 - ink) + paper * share * ink) * lit + grain for share in BLUE]
    return np.clip(np.stack(layers, axis=2), 0, 255).astype(np.uint8)
