"""Meter: measures the cries of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.audio.load import AudioOptions, Source, Waveform, opened
from edgecry.audio.recording import Recording
from edgecry.measure.cry import MeasuredCry, measure_cry
from edgecry.measure.settings import MeasureSettings

if TYPE_CHECKING:
    from edgecry.roles import ModelSource

#: Rate at which recordings are measured, in Hz. It holds two harmonics more than the formants need.
SR: Final = 16_000


@dataclass(frozen=True)
class Measured:
    """The cries of a recording.

    Attributes
    ----------
    cries : tuple of MeasuredCry
        The cries, in order.
    duration : float
        Length of the recording in seconds.
    """

    cries: tuple[MeasuredCry, ...]
    duration: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain types for JSON, rounded."""
        return {"duration": round(self.duration, 3), "cries": [cry.to_dict() for cry in self.cries]}


class Meter:
    """Measures the cries of recordings. The detector is opened once.

    Parameters
    ----------
    settings : MeasureSettings
    detector : path, str or CryModel, or None
        Finds the cries. None takes each recording for one cry.
    threshold : float in (0, 1], optional
        Probability from which on a window is a cry, in place of the detector's own.
    audio : AudioOptions
        How recordings are read.

    Raises
    ------
    EdgecryError
        The detector is refused, or a setting is out of range.
    """

    def __init__(
        self,
        settings: MeasureSettings = MeasureSettings(),  # noqa: B008 - frozen
        detector: ModelSource | None = "cry",
        threshold: float | None = None,
        audio: AudioOptions = AudioOptions(),  # noqa: B008 - frozen
    ) -> None:
        self._settings, self._audio = settings, audio
        self._classifier = None
        if detector is not None:
            from edgecry.classifier import Classifier
            from edgecry.decision import Decision

            self._classifier = Classifier(detector, decision=Decision(threshold), audio=audio)

    def measure(self, source: Source) -> Measured:
        """Measure the cries of a recording. Only the cries are held in memory.

        Parameters
        ----------
        source : path, bytes, binary file object, (array, rate) or Waveform
            As :func:`~edgecry.audio.load.load_audio` takes it.

        Raises
        ------
        AudioError
            As load_audio.
        ModelError
            The detector gives values that are not probabilities.
        """
        if isinstance(source, Waveform | tuple):
            return self._of(self._spans(source), source)
        with opened(source) as (file, _):
            at = file.tell()
            found = self._spans(file)
            file.seek(at)
            return self._of(found, file)

    def _spans(self, source: Source) -> list[tuple[float, float]] | None:
        if self._classifier is None:
            return None
        return [(cry.start, cry.end) for cry in self._classifier.timeline(source).cries]

    def _of(self, spans: list[tuple[float, float]] | None, source: Source) -> Measured:
        places = [(0, np.inf)] if spans is None else [(round(a * SR), round(b * SR)) for a, b in spans]
        samples, n = cut(Recording(source, True, self._audio).blocks(SR), places)
        cries = [
            measure_cry(y, SR, start / SR, self._settings)
            for y, (start, _) in zip(samples, places, strict=True)
        ]
        return Measured(tuple(cries), n / SR)


def cut(blocks: Iterable[Float32 | None], places: Sequence[tuple[int, float]]) -> tuple[list[Float32], int]:
    """Cut stretches out of blocks, and count all samples.

    Parameters
    ----------
    blocks : iterable of float32 [shape=(n,)] or None
        As :func:`~edgecry.audio.blocks.blocks` gives them; after None they begin again.
    places : sequence of (int, float)
        Beginning and end of each stretch in samples.

    Returns
    -------
    stretches : list of float32 [shape=(n,)]
    n : int
    """
    parts: list[list[Float32]] = [[] for _ in places]
    n = 0
    for y in blocks:
        if y is None:
            parts, n = [[] for _ in places], 0
            continue
        for part, (start, end) in zip(parts, places, strict=True):
            if start < n + len(y) and end > n:
                part.append(y[max(0, start - n) : int(min(len(y), end - n))].copy())
        n += len(y)
    empty = np.empty(0, np.float32)
    return [np.concatenate([empty, *part]) for part in parts], n
