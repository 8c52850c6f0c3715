"""Exhibits: measurements with pictures to look at and recordings to hear, for the HTML page."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from convert.evaluation.pictures import Picture
from convert.evaluation.report import Measurements
from edgecry.arrays import Float32
from edgecry.audio.load import load_audio
from edgecry.plots.canvas import CRY, figure, time_axis
from edgecry.plots.recording import spectrogram
from edgecry.plots.sketch import SR, Sketch

#: The highest sample of what is played: many recordings are too quiet to be judged by ear.
_LEVEL: Final = 0.5
#: Grey that is read on white and on black.
_INK: Final = "#787878"
#: The longest stretch of a recording that is drawn, in seconds.
_LONGEST: Final = 30.0


def _nothing() -> Sequence[Picture]:
    return ()


@dataclass(frozen=True, eq=False)
class Exhibit(Measurements):
    """Measurements, and what belongs to them on a page. It is not a part of a model file's record.

    Parameters
    ----------
    draw : callable
        Makes the pictures.
    excerpts : sequence of Excerpt
    """

    draw: Callable[[], Sequence[Picture]] = _nothing
    excerpts: Sequence[Excerpt] = ()


@dataclass(frozen=True)
class Excerpt:
    """A recording to look at, and a stretch of it to hear.

    Parameters
    ----------
    title, text : str
    path : Path
    start, end : float
        The stretch that is played, in seconds.
    """

    title: str
    text: str
    path: Path
    start: float
    end: float

    def picture(self) -> bytes:
        """Draw its spectrogram as PNG, fit for a light and a dark page; a bar marks what is played."""
        first = round(max(0.0, min(self.start, self.end - _LONGEST)) * SR)
        y = self._samples[first : first + round(_LONGEST * SR)]
        drawn = figure(3.5, 1.75)
        ax = drawn.subplots()
        spectrogram(ax, Sketch.of([y]))
        played = self.start - first / SR, min(self.end, len(self._samples) / SR) - first / SR
        ax.axvspan(*played, 0.96, 1, color=CRY, linewidth=0)
        time_axis(ax, len(y) / SR)
        ax.tick_params(colors=_INK, labelsize="small")
        for label in (ax.xaxis.label, ax.yaxis.label):
            label.set(color=_INK, fontsize="small")
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="png", transparent=True)
        return buffer.getvalue()

    def sound(self) -> tuple[str, bytes]:
        """Give the stretch at one level: the type of the data, and MP3, or WAV where there is no MP3."""
        import soundfile

        y = self._samples[round(self.start * SR) : round(self.end * SR)]
        loudest = float(np.abs(y).max(initial=0.0))
        kind, form = ("audio/mpeg", "MP3") if "MP3" in soundfile.available_formats() else ("audio/wav", "WAV")
        buffer = io.BytesIO()
        soundfile.write(buffer, y * (_LEVEL / loudest if loudest else 1.0), SR, format=form)
        return kind, buffer.getvalue()

    @cached_property
    def _samples(self) -> Float32:
        samples: Any = load_audio(self.path, SR).samples
        return np.asarray(samples, np.float32)
