"""Train a network on lessons: seeded, resumable, with progress. The average of its weights comes out."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch.nn import functional

from convert.cry.lessons import LessonBook
from convert.cry.network import Network
from convert.cry.recipe import Schedule
from edgecry.arrays import Float32

#: Steps from one line of progress, and one checkpoint, to the next.
TOLD: Final = 250
#: Steps in which the learning rate rises.
_WARM: Final = 100


def train(
    lessons: LessonBook,
    schedule: Schedule,
    seed: int,
    checkpoint: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Network:
    """Train a network.

    Parameters
    ----------
    lessons : LessonBook
    schedule : Schedule
    seed : int
    checkpoint : Path, optional
        Where the state is kept; a training that was broken off goes on from there.
    tell : callable
        Called with a line now and then.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = Network(schedule, taught=lessons.judge is not None).to(memory_format=torch.channels_last)
    average: Network = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), schedule.rate, weight_decay=schedule.decay, fused=True)
    parts = {"net": net, "average": average, "optimiser": optimiser}
    first = _resume(checkpoint, parts, lessons)
    if first:
        tell(f"goes on at step {first}")
    begun, losses = time.monotonic(), []
    net.train()
    for step in range(first, schedule.steps):
        progress = step / schedule.steps
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * _share_of_rate(step, progress)
        losses.append(_step(net, optimiser, lessons.batch(schedule.batch, progress), schedule.embedding))
        _blend(average, net, min(schedule.average, (step + 1) / (step + 10)))
        if (step + 1) % TOLD == 0 or step + 1 == schedule.steps:
            pace = (time.monotonic() - begun) / (step + 1 - first)
            left = pace * (schedule.steps - step - 1) / 60
            loss = np.mean(losses[-TOLD:])
            tell(f"step {step + 1} of {schedule.steps}, loss {loss:.4f}, {left:.0f} min left")
            _keep(checkpoint, parts, lessons, step + 1)
    return average


def _share_of_rate(step: int, progress: float) -> float:
    return min(1.0, (step + 1) / _WARM) * (0.01 + 0.495 * (1 + math.cos(math.pi * progress)))


def _step(net: Network, optimiser: Any, batch: dict[str, Float32], weight: float) -> float:
    tensors = {name: torch.from_numpy(value) for name, value in batch.items()}
    z, e = net(tensors["x"][:, None])
    loss = functional.binary_cross_entropy_with_logits(z, tensors["p"])
    if e is not None:
        error = (e - tensors["e"]).square().mean(1)
        loss = loss + weight * (error * tensors["we"]).mean()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return float(loss.detach())


@torch.no_grad()  # type: ignore[untyped-decorator]
def _blend(average: Network, net: Network, keep: float) -> None:
    """Move the average of weights, and of batch norm's statistics, a little towards those of now."""
    for a, b in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if a.dtype.is_floating_point:
            a.mul_(keep).add_(b, alpha=1 - keep)
        else:
            a.copy_(b)


def _resume(checkpoint: Path | None, parts: dict[str, Any], lessons: LessonBook) -> int:
    if checkpoint is None or not checkpoint.is_file():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["torch"])
    lessons.set_state(state["lessons"])
    return int(state["step"])


def _keep(checkpoint: Path | None, parts: dict[str, Any], lessons: LessonBook, step: int) -> None:
    if checkpoint is None:
        return
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    state = {name: part.state_dict() for name, part in parts.items()}
    state |= {"step": step, "torch": torch.get_rng_state(), "lessons": lessons.state()}
    beside = checkpoint.with_suffix(".new")
    torch.save(state, beside)
    beside.replace(checkpoint)
