"""Training: seeded, validated on held-out blocks, never looking at a test set."""

from __future__ import annotations

import copy
import math
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from .augment import augment
from .console import Progress, print_metrics
from .data import NO_DIGIT, Corpus, load_corpus
from .network import CLASSES, build, cost, predict

MOMENTUM = 0.9
WARM_UP = 0.2  # of the run
AVERAGE = 0.998  # decay of the moving average of the weights, per step
CALMING = 2 / 3  # of the run is fully distorted; then distortion sinks evenly to LEAST
LEAST = 0.5
SURE = 0.6  # what is less confident is no digit
HEARD = 0.5  # how much of a digit's target comes from the teacher, where there is one


@dataclass(frozen=True)
class Recipe:
    """Every choice that shapes the result; kept in the checkpoint."""

    network: str = "small"
    epochs: int = 30
    batch: int = 128
    seed: int = 1
    rate: float = 0.12
    weight_decay: float = 3e-4
    dropout: float = 0.0
    bfloat16: bool = False
    letters: bool = False


def target_table() -> Tensor:
    """Row k: the distribution to learn for label k. No digit means unsure of all."""
    return torch.cat([torch.eye(CLASSES), torch.full((1, CLASSES), 1 / CLASSES)])


def _channels_last(model: nn.Module) -> nn.Module:
    """The memory order in which PyTorch's convolutions are fastest on a CPU."""
    return model.to(memory_format=torch.channels_last)


def rate_share(done: float) -> float:
    """The learning rate at this part of the run, in shares of its highest: up, then down to 0."""
    if done < WARM_UP:
        return 0.1 + 0.9 * done / WARM_UP
    return 0.5 + 0.5 * math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))


def distortion(done: float) -> float:
    """Its strength at this part of the run: the last epochs look more like real pictures."""
    return 1 - (1 - LEAST) * max(done - CALMING, 0) / (1 - CALMING)


class Average:
    """A moving average of weights and statistics: flatter, and better, than the last step."""

    def __init__(self, model: nn.Module) -> None:
        self.model = copy.deepcopy(model).eval()
        self.steps = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.steps += 1
        keep = min(AVERAGE, self.steps / (self.steps + 10))
        latest = model.state_dict()
        for name, mine in self.model.state_dict().items():
            theirs = latest[name]
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - keep)
            else:
                mine.copy_(theirs)


class Sampler:
    """Draws each epoch's images: the right number of each part, in random order."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        self.images = torch.from_numpy(np.concatenate([p.images for p in corpus.parts]))
        self.labels = torch.from_numpy(np.concatenate([p.labels for p in corpus.parts])).long()
        self.parts = [(len(p.images), p.per_epoch) for p in corpus.parts]
        self.rng = np.random.default_rng(seed)

    def epoch(self) -> Tensor:
        chosen: list[NDArray[np.int64]] = []
        start = 0
        for count, wanted in self.parts:
            chosen.append(start + self.rng.choice(count, wanted, replace=wanted > count))
            start += count
        return torch.from_numpy(self.rng.permutation(np.concatenate(chosen)))

    def __len__(self) -> int:
        return sum(wanted for _, wanted in self.parts)


class Trainer:
    def __init__(self, recipe: Recipe, corpus: Corpus, teacher: nn.Module | None) -> None:
        self.recipe = recipe
        self.teacher = None if teacher is None else _channels_last(teacher)
        self.sampler = Sampler(corpus, recipe.seed)
        self.model = _channels_last(build(recipe.network, recipe.dropout))
        self.average = Average(self.model)
        self.targets = target_table()
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=recipe.rate,
            momentum=MOMENTUM,
            nesterov=True,
            weight_decay=recipe.weight_decay,
        )
        self.steps = -(-len(self.sampler) // recipe.batch)
        total = recipe.epochs * self.steps
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: rate_share(step / total)
        )

    def goal(self, images: Tensor, labels: Tensor) -> Tensor:
        """The distributions to learn: the labels', softened by what the teacher sees here."""
        targets = self.targets[labels]
        if self.teacher is None:
            return targets
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            taught = torch.softmax(self.teacher(images).float(), dim=1)
        heard = torch.where(labels == NO_DIGIT, 0.0, HEARD).unsqueeze(1)
        return targets + heard * (taught - targets)

    def step(self, chosen: Tensor, half: bool, strength: float) -> float:
        images = self.sampler.images[chosen].unsqueeze(1).float() / 255
        images = augment(images, strength)
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            logits = self.model(images)
        loss = F.cross_entropy(logits.float(), self.goal(images, self.sampler.labels[chosen]))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.average.update(self.model)
        return float(loss.detach())

    def epoch(self, number: int) -> float:
        """Train over one epoch's images; the last fifth of the epochs is always float32."""
        half = self.recipe.bfloat16 and number <= self.recipe.epochs * 4 // 5
        strength = distortion(number / self.recipe.epochs)
        self.model.train()
        total = 0.0
        order = self.sampler.epoch()
        with Progress(f"epoch {number}/{self.recipe.epochs}", self.steps) as progress:
            for chosen in torch.split(order, self.recipe.batch):
                total += self.step(chosen, half, strength) * len(chosen)
                progress.advance()
        return total / len(order)


def measure(
    model: nn.Module, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> tuple[float, float]:
    """Accuracy and mean cross entropy."""
    logits = predict(model, torch.from_numpy(images))
    expected = torch.from_numpy(labels).long()
    accuracy = (logits.argmax(dim=1) == expected).float().mean()
    return float(accuracy), float(F.cross_entropy(logits, expected))


def refused(model: nn.Module, images: NDArray[np.uint8]) -> float:
    """The share of pictures in which the network sees no digit."""
    best = torch.softmax(predict(model, torch.from_numpy(images)), dim=1).amax(dim=1)
    return float((best < SURE).float().mean())


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The T for which softmax(logits / T) gives the held-out labels the highest likelihood."""
    candidates = torch.logspace(-1, 1, 401, base=4.0)
    losses = [float(F.cross_entropy(logits / t, labels)) for t in candidates]
    return round(float(candidates[int(np.argmin(losses))]), 4)


def _calibrate(model: nn.Module, corpus: Corpus) -> float:
    pairs = [
        (predict(model, torch.from_numpy(i)), torch.from_numpy(n))
        for i, n in corpus.validation.values()
    ]
    return fit_temperature(
        torch.cat([p for p, _ in pairs]), torch.cat([n for _, n in pairs]).long()
    )


def draw_curve(history: list[dict[str, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    epochs = [h["epoch"] for h in history]
    left.plot(epochs, [h["loss"] for h in history])
    left.set(title="training loss (augmented)", xlabel="epoch", yscale="log")
    for name, title in (("accuracy", "MNIST blocks"), ("accuracy_pen", "pen writers")):
        if name in history[0]:
            right.plot(epochs, [100 * (1 - h[name]) for h in history], label=title)
    right.set(title="error on held-out data, %", xlabel="epoch", ylim=(0, 2))
    right.grid(True, alpha=0.3)
    right.legend()
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def _save(path: Path, trainer: Trainer, history: list[dict[str, float]], corpus: Corpus) -> float:
    model = trainer.average.model
    temperature = _calibrate(model, corpus)
    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }
    content = {
        "recipe": asdict(trainer.recipe),
        "state": {k: v.contiguous() for k, v in model.state_dict().items()},
        "temperature": temperature,
        "history": history,
        "versions": versions,
        "sizes": {p.name: [len(p.images), p.per_epoch] for p in corpus.parts},
    }
    torch.save(content, path)
    return temperature


def fit(
    recipe: Recipe, mnist: Path, pens: Path | None, teacher: Path | None, out: Path, threads: int
) -> Path:
    """Train one network; writes checkpoint.pt and training.png into `out`."""
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    out.mkdir(parents=True, exist_ok=True)
    corpus = load_corpus(mnist, pens, recipe.letters, out.parent / "cache", recipe.seed)
    trainer = Trainer(recipe, corpus, load_checkpoint(teacher)[0] if teacher else None)
    parameters, products = cost(recipe.network)
    print_metrics(
        network=recipe.network, parameters=parameters, multiply_adds=products, seed=recipe.seed
    )
    history: list[dict[str, float]] = []
    checkpoint = out / "checkpoint.pt"
    for number in range(1, recipe.epochs + 1):
        started = time.monotonic()
        line: dict[str, float] = {"epoch": number, "loss": round(trainer.epoch(number), 5)}
        for name, (images, labels) in corpus.validation.items():
            suffix = "" if name == "mnist" else f"_{name}"
            accuracy, loss = measure(trainer.average.model, images, labels)
            line[f"accuracy{suffix}"] = round(accuracy, 5)
            line[f"validation_loss{suffix}"] = round(loss, 5)
        for name, images in corpus.nondigits.items():
            line[f"refused_{name}"] = round(refused(trainer.average.model, images), 4)
        line["seconds"] = round(time.monotonic() - started, 1)
        print_metrics(**line)
        history.append(line)
        temperature = _save(checkpoint, trainer, history, corpus)
        draw_curve(history, out / "training.png")
    print_metrics(temperature=temperature, checkpoint=str(checkpoint))
    return checkpoint


def load_checkpoint(path: Path) -> tuple[nn.Sequential, dict[str, object]]:
    """The averaged network of a run, ready to predict, and what is known about it."""
    content: dict[str, object] = torch.load(path, map_location="cpu")
    recipe = Recipe(**content["recipe"])  # type: ignore[arg-type]
    model = build(recipe.network, recipe.dropout)
    model.load_state_dict(content["state"])  # type: ignore[arg-type]
    return model.eval(), content
