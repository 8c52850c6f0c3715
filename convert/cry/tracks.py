"""Tracks: each recording in several versions, as mel power and as the teacher hears it; computed once.

Versions differ in speed, and some are heard across a room. What else changes in training is done to the
mel power of a version, where it costs next to nothing: powers of sounds that are mixed add up.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from convert.cache import FeatureCache
from convert.cry import distractors, recipe
from convert.cry.corpora import Sound
from convert.cry.kinds import kind
from convert.cry.teacher import STEP, Teacher, levelled, open_teacher
from edgecry.arrays import Float32
from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor

SR: Final = recipe.SPEC.sr
#: Of synthetic sounds: the corpus, its seed, and seconds of each.
SYNTHETIC: Final = "synthetic"
_SEED: Final = 1
_SECONDS: Final = 6


@dataclass(frozen=True, eq=False)
class Track:
    """A version of a recording.

    Parameters
    ----------
    sound : Sound
    is_plain : bool
        It is the recording as it is.
    power : float32 [shape=(n, n_mels)]
        Mel power of its frames.
    scores : float32 [shape=(times,)]
        The teacher's probability of a baby's cry, every 0.4 s; empty without a teacher.
    embedding : float16 [shape=(times, 1024)]
        The teacher's embedding.
    """

    sound: Sound
    is_plain: bool
    power: Float32
    scores: Float32
    embedding: NDArray[np.float16]

    def heard(self, start: int, length: int) -> slice:
        """Give the teacher's times whose middle lies in a stretch of frames, or the nearest one."""
        low, high = -(-(start - 12) // STEP), (start + length - 36) // STEP
        if high < low:
            low = high = round((start + length / 2 - 24) / STEP)
        low = min(max(low, 0), len(self.scores) - 1)
        return slice(low, min(max(high, low), len(self.scores) - 1) + 1)


def read_tracks(sounds: Sequence[Sound], cache: Path | None, tell: Callable[[str], None]) -> list[Track]:
    """Compute the tracks of recordings, and of synthetic sounds that are no cries."""
    teacher = open_teacher()
    if teacher is None:
        tell("EDGECRY_TEACHER names no folder: the network learns from labels alone")
    name = f"tracks {teacher is not None} {_digest()}"
    kept, tracks, hear = FeatureCache(cache, name), [], _Hearing(teacher)
    for number, sound in enumerate(sounds, start=1):
        packed = kept.fetch(sound.path, partial(hear.versions, sound))
        tracks += [Track(sound, i == 0, *parts) for i, parts in enumerate(_unpacked(packed))]
        if number % 100 == 0 or number == len(sounds):
            tell(f"{number} of {len(sounds)} recordings in their versions, {kept}")
    for category, y in distractors.lessons(round(_SECONDS * SR), SR, _SEED):
        sound = Sound(Path(category), False, category, f"{SYNTHETIC}-{category}", SYNTHETIC)
        tracks.append(Track(sound, True, *hear.one(y.astype(np.float32))))
    return tracks


class _Hearing:
    """Makes mel power, and asks the teacher."""

    def __init__(self, teacher: Teacher | None) -> None:
        self._teacher = teacher
        self._extractor = FeatureExtractor(recipe.SPEC)

    def one(self, y: Float32) -> tuple[Float32, Float32, NDArray[np.float16]]:
        """Give mel power, scores and embedding of samples."""
        power = self._extractor.frames(y).mel
        if self._teacher is None:
            return power, np.empty(0, np.float32), np.empty((0, 0), np.float16)
        scores, embedding = self._teacher.hear(levelled(y))
        return power, scores, embedding.astype(np.float16)

    def versions(self, sound: Sound) -> NDArray[np.uint8]:
        """Give all versions of a recording, packed for the cache; seeded by what is in it."""
        y = load_audio(sound.path, SR).samples
        seed = int.from_bytes(hashlib.sha256(y.tobytes()).digest()[:8], "little")
        rng = np.random.default_rng(seed)
        made = []
        for speed, is_far in _versions(sound, rng):
            changed = y if speed == 1 else soxr.resample(y, SR * speed, SR)
            made.append(self.one(far(changed, rng) if is_far else changed))
        return _packed(made)


def _versions(sound: Sound, rng: np.random.Generator) -> list[tuple[float, bool]]:
    """Choose speeds, and whether a version is far away. The first is the recording as it is.

    Laughter and voices are played faster too: an adult's become those of a child.
    """
    u = rng.uniform
    if sound.is_cry:
        some = [(1.0, False), (u(0.86, 0.94), False), (u(0.94, 0.98), False)]
        some += [(u(1.03, 1.08), False), (u(1.08, 1.16), False), (u(0.95, 1.06), True)]
        if sound.corpus == "donateacry":  # of which there are many
            return some
        return [*some, (u(0.88, 1), False), (u(1, 1.14), False), (u(0.9, 1.1), True)]
    some = [(1.0, False), (u(0.86, 0.95), False), (u(1.06, 1.18), False), (u(0.92, 1.08), True)]
    match kind(sound):
        case "laughter":
            return [*some, *((u(1.2, 1.65), False) for _ in range(3)), (u(1.1, 1.5), True)]
        case "cat":
            return [*some, (u(0.72, 0.86), False), (u(1.2, 1.4), False)]
        case "voice":
            return [*some, (u(1.25, 1.65), False)]
    return some


def far(y: Float32, rng: np.random.Generator) -> Float32:
    """Let samples sound as across a room: a direct sound, early echoes, and a tail that dies away."""
    n = int(rng.uniform(0.25, 0.7) * SR)
    tail = rng.standard_normal(n) * np.exp(-6.9 * np.arange(n) / n)
    if rng.random() < 0.5:  # a dull room
        tail = soxr.resample(tail.astype(np.float32), 2, 1)[: n // 2].repeat(2)
    tail *= 1 / np.sqrt(np.sum(np.square(tail)))
    response = np.zeros(n)
    response[0] = 10 ** (rng.uniform(-8, 8) / 20)
    response[: len(tail)] += tail[:n]
    for _ in range(4):
        response[int(rng.uniform(0.002, 0.03) * SR)] += rng.normal(0, 0.4)
    size = len(y) + n
    heard = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(response, size), size)
    out: Float32 = heard[: len(y)].astype(np.float32)
    return out


def _packed(versions: Sequence[tuple[NDArray[Any], ...]]) -> NDArray[np.uint8]:
    file = io.BytesIO()
    arrays = {f"{i}.{j}": array for i, parts in enumerate(versions) for j, array in enumerate(parts)}
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return np.frombuffer(file.getvalue(), np.uint8)


def _unpacked(packed: NDArray[np.uint8]) -> Iterator[tuple[Any, Any, Any]]:
    with np.load(io.BytesIO(packed.tobytes()), allow_pickle=False) as arrays:
        for i in range(len(arrays.files) // 3):
            yield arrays[f"{i}.0"], arrays[f"{i}.1"], arrays[f"{i}.2"]


def _digest() -> str:
    """Name all that tracks depend on besides the recording and the device's code."""
    sources = [Path(__file__), Path(__file__).with_name("teacher.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
