"""Timeline: where in a long recording a baby cries, by the rules of a stream."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.detector import Heard
from edgecry.models.rules import CRY, NO_CRY
from edgecry.stream.classifier import StreamClassifier
from edgecry.stream.events import CryEvent, Window

#: Number of windows that are scored together. They are half a minute of sound.
AT_ONCE: Final = 32


@dataclass(frozen=True)
class Timeline:
    """Where in a recording a baby cries.

    Attributes
    ----------
    cries : tuple of CryEvent
        The cries, in order; each has ``start`` and ``end`` in seconds, ``peak`` and ``mean`` probability,
        and ``reasons``. They are the events of kind "end" that a
        :class:`~edgecry.stream.classifier.StreamClassifier` gives of the same sound.
    windows : tuple of Window
        The windows of the recording, each with ``start`` and ``end`` in seconds and the ``score`` that the
        detector gave it.
    duration : float
        Length of the recording in seconds.
    elapsed : float
        Seconds that the answer took.
    model : str
        Name of the model.
    heard : {"sound", "too_quiet", "too_short", "digital_silence"}
        What there was to hear, as :class:`~edgecry.prediction.Prediction` tells it.
    """

    cries: tuple[CryEvent, ...]
    windows: tuple[Window, ...]
    duration: float
    elapsed: float
    model: str
    heard: Heard = "sound"

    @property
    def label(self) -> str:
        """Say "cry" if there is one, and "no_cry" otherwise."""
        return CRY if self.cries else NO_CRY

    @property
    def crying(self) -> float:
        """Seconds of all cries together."""
        return sum((cry.duration for cry in self.cries), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields but the windows as plain types for JSON, rounded, with ``elapsed_ms``."""
        return {
            "label": self.label,
            "cries": [
                {key: value for key, value in cry.to_dict().items() if key != "kind"} for cry in self.cries
            ],
            "crying": round(self.crying, 3),
            "windows": len(self.windows),
            "heard": self.heard,
            "duration": round(self.duration, 3),
            "elapsed_ms": round(1000 * self.elapsed, 2),
            "model": self.model,
        }


class Listener:
    """Makes timelines, one after another.

    Parameters
    ----------
    stream : StreamClassifier
        The stream. It is reset for each recording, and takes samples at the rate of its detector.
    model : str
        Name of the model, for the timelines.
    """

    def __init__(self, stream: StreamClassifier, model: str) -> None:
        self._stream, self._model = stream, model

    def hear(self, blocks: Iterable[Float32 | None]) -> Timeline:
        """Make the timeline of a recording.

        Parameters
        ----------
        blocks : iterable of float32 [shape=(n,)] or None
            The samples, as :func:`~edgecry.audio.blocks.blocks` gives them. After None, they begin again.

        Raises
        ------
        AudioError
            The recording cannot be read on, or a window cannot be measured.
        ModelError
            A model gives values that are not probabilities.
        """
        began, stream = time.perf_counter(), self._stream
        cries, windows, n, low, high = self._anew()
        for y in blocks:
            if y is None:
                cries, windows, n, low, high = self._anew()
                continue
            if len(y):
                n += len(y)
                if low >= high:  # until two samples differ
                    low, high = min(low, float(y.min())), max(high, float(y.max()))
                cries += [event for event in stream.push(y) if event.kind == "end"]
                self._keep(windows)
        cries += [event for event in stream.flush() if event.kind == "end"]
        self._keep(windows)
        heard: Heard = "sound"
        if not cries and low == high:
            heard = "digital_silence"
        elif all(window.skipped for window in windows):
            heard = "too_quiet"
        elif not cries and n < stream.window * stream.sr:
            heard = "too_short"
        elapsed = time.perf_counter() - began
        return Timeline(tuple(cries), tuple(windows), n / stream.sr, elapsed, self._model, heard)

    def _anew(self) -> tuple[list[CryEvent], list[Window], int, float, float]:
        self._stream.reset()
        return [], [], 0, np.inf, -np.inf

    def _keep(self, windows: list[Window]) -> None:
        """Copy the windows that were heard, because the stream keeps only the newest."""
        windows += self._stream.recent
        self._stream.recent.clear()
