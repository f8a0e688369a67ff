"""python3 -m train COMMAND: everything from the public data to the model file that ships.

Each command imports what it needs when it runs, so that fetching and rendering work without torch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

Arguments = argparse.Namespace


def fetch(a: Arguments) -> None:
    from .fetch import fetch as run

    run(a.out)


def fit(a: Arguments) -> None:
    from .fit import Recipe
    from .fit import fit as run
    from .network import NETWORKS

    if a.network not in NETWORKS:
        raise ValueError(f"there is no network '{a.network}'; there are {', '.join(NETWORKS)}")
    recipe = Recipe(
        network=a.network,
        epochs=a.epochs,
        batch=a.batch,
        seed=a.seed,
        rate=a.rate,
        weight_decay=a.weight_decay,
        dropout=a.dropout,
        bfloat16=a.bfloat16,
        letters=a.letters,
    )
    run(recipe, a.mnist, a.pens, a.teacher, a.out, a.threads)


def evaluate(a: Arguments) -> None:
    from .evaluate import evaluate as run

    run(a.checkpoint, a.mnist, a.pens, a.out or a.checkpoint.parent / "evaluation.json", a.seed)


def export(a: Arguments) -> None:
    from .export import export as run

    beside = a.checkpoint.parent / "evaluation.json"
    run(a.checkpoint, a.evaluation or (beside if beside.exists() else None), a.out)


def golden(a: Arguments) -> None:
    from .golden import write_golden

    write_golden(a.checkpoint, a.out)


def render(a: Arguments) -> None:
    from .render import render_canvases

    render_canvases(a.strokes, a.out, a.limit, a.seed)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def _add_fit(p: argparse.ArgumentParser) -> None:
    p.add_argument("--mnist", type=Path, required=True, help="folder with the four MNIST files")
    p.add_argument("--pens", type=Path, help="pen strokes to mix in, JSON lines, may be gzipped")
    p.add_argument(
        "--out", type=Path, required=True, help="folder for checkpoint.pt and training.png"
    )
    p.add_argument("--teacher", type=Path, help="a finished checkpoint.pt to learn from as well")
    p.add_argument("--network", default="small", help="which of network.py's (default %(default)s)")
    p.add_argument("--epochs", type=_positive, default=30, help="default %(default)s")
    p.add_argument(
        "--batch", type=_positive, default=128, help="images per step (default %(default)s)"
    )
    p.add_argument("--seed", type=int, default=1, help="default %(default)s")
    p.add_argument(
        "--rate", type=float, default=0.12, help="highest learning rate (default %(default)s)"
    )
    p.add_argument("--weight-decay", type=float, default=3e-4, help="default %(default)s")
    p.add_argument(
        "--dropout", type=float, default=0.0, help="before the dense layer (default %(default)s)"
    )
    p.add_argument(
        "--bfloat16", action="store_true", help="half precision for the first 4/5 of the epochs"
    )
    p.add_argument(
        "--letters", action="store_true", help="those of the fonts in fonts.txt are no digits"
    )
    p.add_argument("--threads", type=_positive, default=1, help="default %(default)s")


def _add_evaluate(p: argparse.ArgumentParser) -> None:
    p.add_argument("--checkpoint", type=Path, required=True)
    p.add_argument("--mnist", type=Path, required=True, help="folder with the four MNIST files")
    p.add_argument("--pens", type=Path, help="strokes of writers that training did not see")
    p.add_argument("--seed", type=int, default=1, help="of the pen canvases (default %(default)s)")
    p.add_argument("--out", type=Path, help="default: evaluation.json beside the checkpoint")


def _add_export(p: argparse.ArgumentParser) -> None:
    p.add_argument("--checkpoint", type=Path, required=True)
    p.add_argument("--evaluation", type=Path, help="default: evaluation.json beside the checkpoint")
    p.add_argument("--out", type=Path, required=True, help="the .onnx file")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python3 -m train", description="Make the digit classifier that ships."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, run: Callable[[Arguments], None]) -> argparse.ArgumentParser:
        p = commands.add_parser(name, help=text, description=text)
        p.set_defaults(run=run)
        return p

    p = command("fetch", "Download MNIST from a public mirror and check it.", fetch)
    p.add_argument("--out", type=Path, required=True, help="folder; right files in it are kept")
    _add_fit(command("fit", "Train a network; one name=value line per epoch.", fit))
    _add_evaluate(command("evaluate", "Measure a finished network on the test sets.", evaluate))
    _add_export(command("export", "Write a checkpoint as ONNX with its metadata.", export))
    p = command("golden", "Write the fixture that the server's tests compare with.", golden)
    p.add_argument("--checkpoint", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True, help="folder")
    p = command("render", "Draw pen strokes on 280x280 canvases, as IDX.", render)
    p.add_argument("--strokes", type=Path, required=True, help="JSON lines, may be gzipped")
    p.add_argument("--out", type=Path, required=True, help="folder for images.idx and labels.idx")
    p.add_argument("--limit", type=_positive, help="only the first so many")
    p.add_argument("--seed", type=int, default=1, help="default %(default)s")
    return top


def main(words: list[str] | None = None) -> int:
    arguments = parser().parse_args(words)
    try:
        arguments.run(arguments)
    except (OSError, ValueError, ImportError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
