"""Whether a listener hears: one verdict from what arrives, as a deaf monitor must not look like a quiet room.

Pure: samples and the time come in, a state and its reason come out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from edgecry.arrays import Float32
from edgecry.checks import number

State = Literal["starting", "hearing", "no_sound", "digital_silence", "wrong_pace", "clipping"]

#: Rates that microphones and programs use, in Hz.
_RATES: Final = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)

#: Seconds without a sample after which the pace is measured anew.
_PAUSE: Final = 3.0


@dataclass(frozen=True)
class HearingSettings:
    """From when on it is not hearing.

    Parameters
    ----------
    no_sound : float > 0
        Seconds without a sample.
    digital_silence : float > 0
        Seconds of sound, all of one value, which no live microphone gives.
    span : float > 0
        Seconds over which the pace and the loudness are measured.
    pace : float in (0, 1)
        How far the pace may be from that of a usual rate that is then named, as a share.
    loud, clipping : float in (0, 1)
        The share of samples, ``clipping``, that may be at ``loud`` times full scale or more.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    no_sound: float = 10.0
    digital_silence: float = 30.0
    span: float = 10.0
    pace: float = 0.03
    loud: float = 0.9
    clipping: float = 0.03

    def __post_init__(self) -> None:
        for name in ("no_sound", "digital_silence", "span"):
            number(name, getattr(self, name), 0.0, 86_400.0, "s", above=True)
        for name in ("pace", "loud", "clipping"):
            number(name, getattr(self, name), 0.0, 1.0, above=True)


class Verdict(NamedTuple):
    """How it is, and why, in words for a person; the reason of hearing and starting is empty."""

    state: State
    reason: str = ""

    @property
    def is_deaf(self) -> bool:
        """Whether a cry would not be heard."""
        return self.state in ("no_sound", "digital_silence")


class Hearing:
    """Judges what arrives.

    Parameters
    ----------
    sr : int
        Samples a second that are expected.
    settings : HearingSettings
    now : float
        Seconds, of an ever-rising clock.
    """

    def __init__(self, sr: int, settings: HearingSettings, now: float) -> None:
        self._sr, self._settings = sr, settings
        self._begun = self._heard = now
        self._value: float | None = None
        self._same = 0
        self._start: float | None = None  # of the span that is measured
        self._count = self._loud = 0
        self._pace = self._clips = ""

    def hear(self, y: Float32, now: float) -> None:
        """Take samples, float32 [shape=(n,)], that came at this time."""
        if len(y) == 0:
            return
        first, last = float(y[0]), float(y[-1])
        if first == last == self._value and y.min() == y.max():
            self._same += len(y)
        else:
            tail = len(y) if y.min() == y.max() else 0
            self._value, self._same = last, tail
        pause, self._heard = now - self._heard, now
        if self._start is None or pause > _PAUSE:
            # What comes with the first block had been waiting, and a pause says nothing of the pace.
            self._start, self._count, self._loud = now, 0, 0
            return
        self._count += len(y)
        self._loud += int(np.count_nonzero(np.abs(y) >= self._settings.loud))
        self._judge(now)

    def verdict(self, now: float) -> Verdict:
        """Tell how it is at this time."""
        settings, quiet = self._settings, now - self._heard
        if quiet >= settings.no_sound:
            return Verdict("no_sound", f"no sound for {quiet:.0f} s")
        if self._same >= settings.digital_silence * self._sr:
            what = "digital silence" if self._value == 0 else "one and the same value"
            return Verdict(
                "digital_silence",
                f"{what} for {self._same / self._sr:.0f} s, which no live microphone gives: is it muted?",
            )
        if self._start is None:
            return Verdict("starting")
        if self._pace:
            return Verdict("wrong_pace", self._pace)
        return Verdict("clipping", self._clips) if self._clips else Verdict("hearing")

    def _judge(self, now: float) -> None:
        """Measure the pace by the clock, and the loudness by samples, span by span."""
        settings, start = self._settings, self._start
        if self._count >= settings.span * self._sr:
            share = self._loud / self._count
            self._clips = (
                f"{100 * share:.0f} % of the samples are near full scale: it is clipped, or not of the rate, "
                "format and channels that were set"
                if share >= settings.clipping
                else ""
            )
        if start is None or now - start < settings.span:
            return
        pace = self._count / (now - start)
        likely = min(_RATES, key=lambda rate: abs(math.log(rate / pace)))
        is_near = abs(pace / likely - 1) <= settings.pace
        self._pace = (
            f"{pace:.0f} samples come a second, at a rate of {self._sr} Hz: is the rate {likely} Hz?"
            if is_near and likely != self._sr and abs(pace / self._sr - 1) > 2 * settings.pace
            else ""
        )
        self._start, self._count, self._loud = now, 0, 0
