"""What tests of clips share: a recorder of samples that tell their own index."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile

from edgecry.clips.recorder import ClipRecorder, ClipSettings
from edgecry.stream.events import CryEvent

SR = 1000
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp()
SHORT = ClipSettings(pre=1, post=2, lookback=5, max_length=3600)


def ramp(start: int, n: int) -> np.ndarray:
    """Return samples that tell their own index, up to the range of int16."""
    return ((np.arange(start, start + n) % 60000) - 30000).astype(np.int16)


def event(kind: str, start: float, end: float, number: int = 1) -> CryEvent:
    return CryEvent(kind, number, start, end, 0.9, 0.8, None, 3)


def recorder(folder: Path, what: ClipSettings = SHORT, **arguments) -> ClipRecorder:
    return ClipRecorder(folder, SR, lambda second: NOW + second, what, clock=lambda: NOW, **arguments)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def heard(path: Path) -> np.ndarray:
    samples, sr = soundfile.read(path, dtype="int16")
    assert sr == SR
    return samples


def live(clips: ClipRecorder, seconds: float, begin: int = 0, chunk: int = 700) -> int:
    end = begin + round(seconds * SR)
    for at in range(begin, end, chunk):
        clips.push(at, ramp(at, min(chunk, end - at)))
    return end
