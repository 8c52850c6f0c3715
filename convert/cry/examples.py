"""Examples: each recording as the windows that the device hears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from convert.cache import FeatureCache
from convert.cry import recipe
from convert.cry.corpora import Sound
from convert.cry.variation import Signal
from convert.tell import Tell
from edgecry.arrays import Float32
from edgecry.audio.load import load_audio
from edgecry.detector import windows
from edgecry.errors import AudioError
from edgecry.features.extractor import FeatureExtractor

SR: Final = recipe.SPEC.sr
SIZE: Final = round(recipe.WINDOW * SR)


@dataclass(frozen=True, eq=False)
class Example:
    """A recording.

    Parameters
    ----------
    sound : Sound
    heard : float32 [shape=(n_windows, n_features)]
        The features of each window. Those of a silent window are NaN: the device does not compute them.
    """

    sound: Sound
    heard: Float32


class Listener:
    """Computes the features of windows."""

    def __init__(self) -> None:
        self._extractor = FeatureExtractor(recipe.SPEC)

    def hear(self, y: Signal) -> Float32:
        """Give the features of the windows of a signal, as float32 numbers, as a model file gets them."""
        samples = np.asarray(y, np.float32)
        spans = windows(len(samples), SIZE, round(recipe.HOP * SR))
        return np.array([self.window(samples[slice(*span)]) for span in spans])

    def window(self, y: Signal) -> Float32:
        """Give the features of one window. They are NaN if the window is silent."""
        samples = np.asarray(y, np.float32)
        if np.std(samples, dtype=np.float64) < 10 ** (recipe.FLOOR_DBFS / 20):
            return np.full(recipe.SPEC.n_features, np.nan, np.float32)
        return self._extractor.extract(samples).astype(np.float32)


def read_examples(sounds: Sequence[Sound], cache: Path | None, tell: Tell) -> tuple[Example, ...]:
    """Compute the examples of all recordings that can be read. Name the others, and leave them out."""
    listener, heard, found = Listener(), FeatureCache(cache, f"heard {_recipe()}"), []
    for number, sound in enumerate(sounds, start=1):
        try:
            found.append(Example(sound, heard.fetch(sound.path, partial(_hear, listener, sound.path))))
        except AudioError as error:
            tell(f"skipped: {sound.path}: {str(error).removeprefix(f'{sound.path}: ')}")
            continue
        if number % 100 == 0 or number == len(sounds):
            tell(f"{number} of {len(sounds)} recordings, {heard}")
    return tuple(found)


def changed(
    examples: Sequence[Example], name: str, change: Callable[[Signal], Signal], cache: Path | None
) -> list[Float32]:
    """Give the features of the windows of each recording after a change, such as a gain or added noise.

    Parameters
    ----------
    examples : sequence of Example
    name : str
        The name of the change, for the cache. A change that does something else needs another name.
    change : callable
    cache : Path, optional
    """
    listener, kept = Listener(), FeatureCache(cache, f"changed {name} {_recipe()}")

    def compute(path: Path) -> Float32:
        return listener.hear(change(load_audio(path, SR).samples.astype(np.float64)))

    return [kept.fetch(e.sound.path, partial(compute, e.sound.path)) for e in examples]


def _hear(listener: Listener, path: Path) -> Float32:
    return listener.hear(load_audio(path, SR).samples)


def _recipe() -> str:
    """Name all that the features depend on besides the recording and the device's code."""
    return f"{recipe.SPEC.hash} {recipe.WINDOW} {recipe.HOP} {recipe.FLOOR_DBFS}"
