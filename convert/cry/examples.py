"""Examples: each recording as the windows the device would hear, and as what is learned from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.cache import FeatureCache
from convert.cry import distractors, recipe, variation
from convert.cry.corpora import Sound
from convert.cry.variation import Signal, coloured_noise, mixed, surrounded, vary
from edgecry.audio.load import load_audio
from edgecry.detector import windows
from edgecry.errors import AudioError
from edgecry.features.extractor import FeatureExtractor

Vectors = NDArray[np.float64]
Tell = Callable[[str], None]

SR: Final = recipe.SPEC.sr
SIZE: Final = round(recipe.WINDOW * SR)


@dataclass(frozen=True, eq=False)
class Example:
    """A recording.

    Parameters
    ----------
    sound : Sound
    heard : float64 [shape=(n_windows, n_features)]
        The vector of each window; NaN of a silent one, for which the device computes none.
    taught : float64 [shape=(n, n_features)]
        What is learned from it: its loudest windows if it is a cry, as cries have pauses, or all of
        them, and varied copies.
    """

    sound: Sound
    heard: Vectors
    taught: Vectors


class Listener:
    """Makes vectors of windows."""

    def __init__(self) -> None:
        self._extractor = FeatureExtractor(recipe.SPEC)

    def hear(self, y: Signal) -> Vectors:
        """Vectors of the windows of a signal, as float32 numbers, which is what a model file is given."""
        samples = np.asarray(y, np.float32)
        spans = windows(len(samples), SIZE, round(recipe.HOP * SR))
        return np.array([self.window(samples[slice(*span)]) for span in spans])

    def window(self, y: Signal) -> Vectors:
        """Vector of one window; NaN if it is silent."""
        samples = np.asarray(y, np.float32)
        if np.std(samples, dtype=np.float64) < 10 ** (recipe.FLOOR_DBFS / 20):
            return np.full(recipe.SPEC.n_features, np.nan)
        return self._extractor.extract(samples).astype(np.float32).astype(np.float64)


def read_examples(sounds: Sequence[Sound], cache: Path | None, tell: Tell) -> tuple[Example, ...]:
    """Compute the examples of all recordings that can be read; the others are told and left out."""
    listener = Listener()
    copies = copies_by_sound(sounds)
    heard = FeatureCache(cache, f"heard {_digest()}")
    found = []
    for number, (sound, n) in enumerate(zip(sounds, copies, strict=True), start=1):
        taught = FeatureCache(cache, f"taught {n} {sound.is_cry} {_digest()}")
        try:
            windows_ = heard.fetch(sound.path, partial(_hear, listener, sound))
            lessons = taught.fetch(sound.path, partial(_teach, listener, sound, n))
        except AudioError as error:
            tell(f"skipped: {sound.path}: {str(error).removeprefix(f'{sound.path}: ')}")
            continue
        found.append(Example(sound, windows_, lessons))
        if number % 100 == 0 or number == len(sounds):
            tell(f"{number} of {len(sounds)} recordings, {heard}")
    return tuple(found)


def copies_by_sound(sounds: Sequence[Sound]) -> list[int]:
    """How many varied copies are made of each recording: more where cries, or hard sounds, are few."""
    low, high = recipe.COPIES
    cries: dict[str, int] = {}
    for sound in sounds:
        cries[sound.corpus] = cries.get(sound.corpus, 0) + sound.is_cry

    def copies(sound: Sound) -> int:
        if sound.is_cry:
            return int(np.clip(round(recipe.WANTED_CRIES / cries[sound.corpus]), low, high))
        return high if sound.category in recipe.RARE else low

    return [copies(sound) for sound in sounds]


def changed(
    examples: Sequence[Example], name: str, change: Callable[[Signal], Signal], cache: Path | None
) -> list[Vectors]:
    """Vectors of the windows of each recording after a change, such as a gain or added noise.

    Parameters
    ----------
    examples : sequence of Example
    name : str
        What the change is, for the cache: another name where it does something else.
    change : callable
    cache : Path, optional
    """
    listener, kept = Listener(), FeatureCache(cache, f"changed {name} {_digest()}")

    def compute(path: Path) -> Vectors:
        return listener.hear(change(load_audio(path, SR).samples.astype(np.float64)))

    return [kept.fetch(e.sound.path, partial(compute, e.sound.path)) for e in examples]


def under_noise(y: Signal, slope: float, snr_db: float, top: float | None = None) -> Signal:
    """``y`` with noise, up to ``top`` Hz, at a ratio to its power."""
    noise = coloured_noise(len(y), SR, slope, np.random.default_rng(len(y)), top)
    return mixed(y, noise, snr_db)


def distractor_vectors(each: int, seed: int) -> tuple[list[str], Vectors]:
    """Kind and vector of distractors, a window each; those that are silent are NaN."""
    listener = Listener()
    made = list(distractors.distractors(each, SIZE, SR, seed))
    return [kind for kind, _ in made], np.array([listener.window(y) for _, y in made])


def _hear(listener: Listener, sound: Sound) -> Vectors:
    return listener.hear(load_audio(sound.path, SR).samples)


def _teach(listener: Listener, sound: Sound, copies: int) -> Vectors:
    """Learned windows: of the recording, then of its variations, seeded by what is in it."""
    y = load_audio(sound.path, SR).samples.astype(np.float64)
    digest = hashlib.sha256(y.tobytes()).digest()
    rng = np.random.default_rng((recipe.SEED, int.from_bytes(digest[:8], "little")))
    parts = [y[slice(*span)] for span in windows(len(y), SIZE, SR)]
    if sound.is_cry:
        parts = sorted(parts, key=lambda part: -float(np.mean(np.square(part))))[:2]
    signals: list[Signal] = [*parts]
    for copy in range(copies):
        source = parts[copy % len(parts)] if sound.is_cry else parts[int(rng.integers(len(parts)))]
        signals.append(surrounded(vary(source, SR, rng, is_cry=sound.is_cry), SIZE, SR, rng))
    vectors = np.array([listener.window(signal) for signal in signals])
    lessons: Vectors = vectors[~np.isnan(vectors[:, 0])]
    return lessons


def _digest() -> str:
    """Of all that the vectors depend on besides the recording and the device's code."""
    sources = [__file__, recipe.__file__, variation.__file__, distractors.__file__]
    total = hashlib.sha256()
    for path in sources:
        total.update(Path(path).read_bytes())
    return total.hexdigest()
