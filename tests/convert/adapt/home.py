"""A home in miniature: whistles that are cries, and a rumble that the base takes for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from onnx import ModelProto

from tests import graphs

SR = graphs.SPEC.sr
#: The base finds all cries, and takes all rumbles for cries.
THRESHOLD = 0.2


def base(path: Path) -> Path:
    """Save a network that takes loud sounds for cries."""
    return graphs.save(path, network())


def network() -> ModelProto:
    return graphs.network(threshold=THRESHOLD)


def whistle(seed: int, gain: float = 0.5, seconds: float = 0.4) -> np.ndarray:
    """Make a cry: a pure high tone, from the second tenth of a second on."""
    return _sound(seed, 2500, gain, seconds)


def rumble(seed: int, gain: float = 0.5, seconds: float = 0.4) -> np.ndarray:
    """Make another sound: a low tone."""
    return _sound(seed, 300, gain, seconds)


def _sound(seed: int, pitch: float, gain: float, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SR)) / SR
    sound = np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * t) * (t > 0.1)
    return gain * (sound + 0.02 * rng.standard_normal(len(t)))


def write(folder: Path, *, n: int = 3, days: int = 4, gain: float = 0.5) -> Path:
    """Write ``n`` clips of each kind and day, named as edgecry names its recordings, in two folders."""
    for kind, sound in (("cry", whistle), ("not_cry", rumble)):
        (folder / kind).mkdir(parents=True)
        for day in range(days):
            for i in range(n):
                name = f"cry-202611{day + 1:02d}T05{i:02d}00Z-{i:06d}-001.wav"
                soundfile.write(folder / kind / name, sound(100 * day + i, gain), SR)
    return folder
