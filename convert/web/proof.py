"""Compares a graph for the web with the device: from samples to probability, on sounds of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.synth import synthetic_cry
from convert.web.graph import SAMPLES
from edgecry.arrays import Float32
from edgecry.audio.load import load_audio
from edgecry.detector import Detector
from edgecry.models.bundled import SAMPLE
from edgecry.models.model import CryModel

#: The largest allowed difference of a probability.
TOLERANCE: Final = 1e-4


def prove(graph: bytes, model: CryModel) -> tuple[int, float]:
    """Run the graph and the device on the same windows.

    Returns
    -------
    windows : int
        Number of windows that were compared.
    difference : float
        The largest difference of a probability of a cry.

    Raises
    ------
    ConversionError
        They differ by more than :data:`TOLERANCE`.
    """
    detector = Detector(model)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    size, positive = round(detector.rule.window * model.spec.sr), model.labels.index(detector.rule.positive)
    windows, worst = 0, 0.0
    for y in sounds(model.spec.sr, size):
        (window,), _ = detector.listen(y)
        (P,) = session.run(None, {SAMPLES: y[None]})
        worst, windows = max(worst, abs(float(P[0, positive]) - window.probability)), windows + 1
    if not worst <= TOLERANCE:
        raise ConversionError(
            f"{model.path}: the graph differs from the device by {worst:.2g} on {windows} windows; at most "
            f"{TOLERANCE:g} is allowed"
        )
    return windows, worst


def sounds(sr: int, size: int) -> Iterator[Float32]:
    """Yield windows of the bundled sample, of synthetic cries, of synthetic sounds, and of silence."""
    rng = np.random.default_rng(0)
    recording = load_audio(SAMPLE, sr).samples
    for start in range(0, len(recording) - size, size // 4):
        yield recording[start : start + size]
    made: list[NDArray[Any]] = [synthetic_cry(sr, size / sr, seed) for seed in range(8)]
    made += [rng.normal(0, level, size) for level in (1e-5, 1e-3, 0.1, 1)]
    t = np.arange(size) / sr
    made += [0.3 * np.sin(2 * np.pi * f * t) for f in (50, 440, 1000, 3500)]
    made += [0.3 * np.sin(2 * np.pi * 500 * t) * (t < length) for length in (0.1, 0.5, 1.5)]
    made += [np.zeros(size), np.full(size, 0.2), np.eye(1, size)[0]]
    for y in made:
        for gain in (1.0, 0.01):
            yield np.ascontiguousarray(gain * np.asarray(y)[:size], np.float32)
