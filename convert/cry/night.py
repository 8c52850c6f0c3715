"""Simulated nights: recordings put together at the pace of a home, and heard by the stream as on a board.

They are simulated because no corpus holds hours of a home. A night is a quiet room in which sounds come and
go, and in which a baby cries a few times. Only recordings that the network has not learned are heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from convert.cry import recipe
from convert.cry.detector import FittedDetector
from convert.cry.examples import SR, Example
from convert.cry.folds import OutOfFold, calibrated
from convert.cry.kinds import kind
from convert.cry.variation import coloured_noise
from convert.evaluation.report import Measurements, Value
from convert.tell import Tell
from edgecry.arrays import Float32
from edgecry.audio.load import load_audio
from edgecry.detector import is_silent
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.logmel import logmel_frames
from edgecry.stream.events import EventTracker
from edgecry.stream.settings import EventSettings

#: Hours of a night, and number of nights of every fold.
HOURS: Final = 8.0
NIGHTS: Final = 2
#: Mean seconds between two sounds, and between two spells of crying.
BETWEEN: Final = 90.0
_SPELLS: Final = 5_400.0
#: Seconds of a spell, and the longest pause between two recordings in it.
_SPELL: Final = (15.0, 180.0)
_PAUSE: Final = 4.0
#: RMS of the room, of sounds and of cries, in dB of full scale.
_ROOM: Final = -62.0
_SOUND: Final = (-45.0, -18.0)
_CRY: Final = (-38.0, -15.0)
#: Number of windows whose frames are computed together.
_AT_ONCE: Final = 512
#: Seconds after the end of a sound in which an event is still counted for that sound.
_LATE: Final = 6.0


@dataclass(frozen=True, eq=False)
class Night:
    """A made recording, and when a baby cries in it, as (start, end) in seconds."""

    samples: Float32
    cries: tuple[tuple[float, float], ...]


def nights(found: OutOfFold, tell: Tell) -> list[Measurements]:
    """Make nights of the recordings of each fold, hear them, and count the announced events."""
    rows: dict[str, dict[str, Value]] = {}
    for number, (test, detector) in enumerate(found.folds):
        examples = [found.material.examples[row] for row in test.tolist()]
        for which in range(NIGHTS):
            tell(f"night {which + 1} of fold {number + 1}")
            night = made(examples, HOURS, np.random.default_rng((recipe.SEED, number, which)))
            starts = list(announced(night, detector, found))
            rows[f"fold {number + 1}, night {which + 1}"] = _counted(night, starts)
    names = ("spells", "found", "false events")
    counts = [[float(str(row[name])) for row in rows.values()] for name in names]
    delays = [float(str(row["median delay, s"])) for row in rows.values() if row["median delay, s"] != "none"]
    rows["all, a night"] = {
        "spells": float(np.mean(counts[0])),
        "found": float(np.mean(counts[1])),
        "false events": float(np.mean(counts[2])),
        "median delay, s": float(np.median(delays)) if delays else "none",
    }
    note = (
        f"A simulation of {HOURS:g} hours a night: a sound every {BETWEEN:g} s in the mean, of any source "
        f"alike, a spell of crying every {_SPELLS / 3600:g} h, over a room at {_ROOM:g} dB. The delay is "
        "from the first recording of a spell to the event."
    )
    return [Measurements("Simulated nights, at the stream's own rules", "night", rows, (note,))]


def made(examples: Sequence[Example], hours: float, rng: np.random.Generator) -> Night:
    """Put recordings together to a night."""
    n = round(hours * 3600 * SR)
    block = coloured_noise(60 * SR, SR, 1.0, rng).astype(np.float32) * np.float32(10 ** (_ROOM / 20))
    y = np.resize(block, n)
    cries = _by_group(examples, is_cry=True)
    others = _by_group(examples, is_cry=False)
    spells = []
    at = rng.exponential(_SPELLS)
    while cries and at < hours * 3600 - _SPELL[1] - 60:
        end = at + rng.uniform(*_SPELL)
        baby, level, here = cries[int(rng.integers(len(cries)))], rng.uniform(*_CRY), at
        while here < end:
            here += _laid(y, baby[int(rng.integers(len(baby)))], here, level) + rng.uniform(0, _PAUSE)
        spells.append((at, here))
        at = here + 60 + rng.exponential(_SPELLS)
    at = rng.exponential(BETWEEN)
    while others and at < hours * 3600 - 30:
        group = others[int(rng.integers(len(others)))]
        at += _laid(y, group[int(rng.integers(len(group)))], at, rng.uniform(*_SOUND))
        at += rng.exponential(BETWEEN)
    return Night(y, tuple(spells))


def announced(night: Night, detector: FittedDetector, found: OutOfFold) -> Iterator[float]:
    """Give the seconds at which an event is announced, by the rules of the stream."""
    tracker = EventTracker(EventSettings.around(found.threshold))
    size, hop = round(recipe.WINDOW * SR), round(recipe.HOP * SR)
    y, starts = night.samples, range(0, len(night.samples) - size + 1, hop)
    for first in range(0, len(starts), _AT_ONCE):
        some = starts[first : first + _AT_ONCE]
        heard = [not is_silent(y[s : s + size], recipe.FLOOR_DBFS) for s in some]
        features = _features(y[some[0] : some[-1] + size], len(some))[heard]
        p = iter(_probabilities(detector, found, features))
        for s, there in zip(some, heard, strict=True):
            a, b = s / SR, (s + size) / SR
            for event in tracker.push(a, b, next(p) if there else 0.0, None, not there):
                if event.kind == "start":
                    yield b


def _features(y: Float32, n: int) -> Float32:
    """Give the features of ``n`` windows. Their frames are computed once."""
    extractor, spec = FeatureExtractor(recipe.SPEC), recipe.SPEC
    power, step = extractor.frames(y).mel, round(recipe.HOP * SR) // spec.hop_length
    windows = [power[i * step : i * step + spec.n_frames] for i in range(n)]
    return np.stack([logmel_frames(P, spec.n_frames, spec.floor_db).ravel() for P in windows])


def _probabilities(detector: FittedDetector, found: OutOfFold, features: Float32) -> list[float]:
    if not len(features):
        return []
    raw = detector.windows(features).astype(np.float64)
    out: list[float] = calibrated(raw, found.scale, found.shift).round(6).tolist()
    return out


def _counted(night: Night, starts: Sequence[float]) -> dict[str, Value]:
    delays, used = [], set()
    for begin, end in night.cries:
        inside = [s for s in starts if begin <= s <= end + _LATE]
        used.update(inside)
        if inside:
            delays.append(inside[0] - begin)
    return {
        "spells": len(night.cries),
        "found": len(delays),
        "false events": len([s for s in starts if s not in used]),
        "median delay, s": float(np.median(delays)) if delays else "none",
    }


def _by_group(examples: Sequence[Example], is_cry: bool) -> list[list[Example]]:
    groups: dict[str, list[Example]] = {}
    for example in examples:
        if example.sound.is_cry == is_cry and (is_cry or kind(example.sound) != "room"):
            groups.setdefault(example.sound.group, []).append(example)
    return list(groups.values())


def _laid(y: Float32, example: Example, at: float, level: float) -> float:
    """Add a recording at a given time and level. Return its length in seconds."""
    samples = load_audio(example.sound.path, SR).samples
    rms = math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))))
    if rms > 0:
        gain = min(10 ** (level / 20) / rms, 0.99 / float(np.abs(samples).max()))
        start = round(at * SR)
        part = y[start : start + len(samples)]
        part += (samples * np.float32(gain))[: len(part)]
    return len(samples) / SR
