"""What a network hears of clips: the embedding of each window that the device would look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.adapt.clips import Clip
from convert.adapt.layer import LastLayer
from convert.errors import ConversionError
from edgecry.arrays import Float32, Float64
from edgecry.audio.load import load_audio
from edgecry.decision import pool
from edgecry.detector import Detector
from edgecry.errors import AudioError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Heard:
    """Clips by their windows.

    Parameters
    ----------
    clips : tuple of Clip
        Of each at least one window is not silent.
    E : float64 [shape=(n_windows, m)]
        Embeddings of the windows that are not silent.
    vectors : float32 [shape=(n_windows, n_features)]
        What the network read.
    owner : int [shape=(n_windows,)]
        Position of each window's clip.
    silent : int [shape=(n_clips,)]
        Number of windows of each clip that are silent.
    how : {"max", "mean", "top2"}
        How the probabilities of windows become one.
    """

    clips: tuple[Clip, ...]
    E: Float64
    vectors: Float32
    owner: NDArray[np.intp]
    silent: NDArray[np.intp]
    how: str

    @property
    def is_cry(self) -> Mask:
        """Verdict on each clip."""
        return np.array([clip.is_cry for clip in self.clips])

    @property
    def days(self) -> NDArray[np.str_]:
        """Day of each clip."""
        return np.array([clip.day for clip in self.clips])

    def probabilities(self, layer: LastLayer) -> Float64:
        """Probability of a cry in each clip, as the device would pool it [shape=(n_clips,)]."""
        by_window = layer.probabilities(self.E)
        parts = np.split(by_window, np.cumsum(np.bincount(self.owner, minlength=len(self.clips)))[:-1])
        return np.array(
            [pool([*part.tolist(), *[0.0] * n], self.how) for part, n in zip(parts, self.silent, strict=True)]
        )


def hear(clips: Sequence[Clip], detector: Detector, tell: Callable[[str], None]) -> Heard:
    """Cut clips into windows, and compute the embedding of each that is not silent.

    Parameters
    ----------
    clips : sequence of Clip
    detector : Detector
        Whose model has an embedding.
    tell : callable
        Called with a line on each clip that is left out: it cannot be read, or is silent.

    Raises
    ------
    ConversionError
        None is left.
    """
    kept: list[Clip] = []
    vectors, owner, silent = [], [], []
    for clip in clips:
        try:
            found = list(detector.vectors(load_audio(clip.path, detector.spec.sr).samples).values())
        except AudioError as error:
            said = str(error)
            tell(f"left out: {said if str(clip.path) in said else f'{clip.path}: {said}'}")
            continue
        heard = [vector.astype(np.float32) for vector in found if vector is not None]
        if not heard:
            tell(f"left out: {clip.path}: is silent to the detector, so nothing can be learned from it")
            continue
        owner += [len(kept)] * len(heard)
        silent.append(len(found) - len(heard))
        vectors += heard
        kept.append(clip)
    if not kept:
        raise ConversionError(f"none of the {len(clips)} clips can be heard; see the lines above")
    X = np.stack(vectors)
    E = detector.model.embed(X).astype(np.float64)
    return Heard(tuple(kept), E, X, np.array(owner, np.intp), np.array(silent, np.intp), detector.rule.pool)
