"""Whether a listener hears: one verdict from what arrives, as a deaf monitor must not look like a quiet room.

Pure: samples and the time come in, a state and its reason come out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32
from edgecry.checks import number

State = Literal[
    "starting", "hearing", "no_sound", "digital_silence", "not_sound", "wrong_pace", "clipping", "gone"
]

#: Rates that microphones and programs use, in Hz.
_RATES: Final = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)

#: Seconds without a sample after which the pace is measured anew.
_PAUSE: Final = 3.0

#: Steps of full scale that the samples are counted in, and the share by which the counts of compressed sound,
#: all of whose values come equally often, differ from one another at most.
_STEPS: Final = 16
_EVEN: Final = 0.2
#: Samples of text, whose bytes are nearly all from 0x09 to 0x7E, are over this, times full scale, in this
#: share at least; their mean is that of letters, which no offset of a microphone is.
_TEXT: Final = 9 / 128
_LETTERS: Final = 0.98
_MEAN: Final = 0.25
#: Blocks of at least so many samples, not quiet, tell whether samples come in pairs, as those of two channels
#: do: steps within a pair are smaller than steps to the next one, or one of each pair is silent. So many
#: blocks have to be looked at, and most have to be so.
_BLOCK: Final = 1000
_STEP_RATIO: Final = 3.0
_POWER_RATIO: Final = 30.0
_BLOCKS: Final = 5
_MOST: Final = 0.8


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
        Seconds over which the pace, the loudness and the statistics of samples are measured.
    pace : float in (0, 1)
        How far the pace may be from that of a usual rate that is then named, as a share.
    loud, clipping : float in (0, 1)
        The share of samples, ``clipping``, that may be at ``loud`` times full scale or more.
    restart_after : float >= 0
        Seconds in which nothing is heard after which no sign of life is given to systemd, which then
        starts the service again; 0 for never.

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
    restart_after: float = 600.0

    def __post_init__(self) -> None:
        for name in ("no_sound", "digital_silence", "span"):
            number(name, getattr(self, name), 0.0, 86_400.0, "s", above=True)
        for name in ("pace", "loud", "clipping"):
            number(name, getattr(self, name), 0.0, 1.0, above=True)
        number("restart_after", self.restart_after, 0.0, 86_400.0, "s")


class Verdict(NamedTuple):
    """The state and its reason in words for a person. For "hearing" and "starting" the reason is empty."""

    state: State
    reason: str = ""

    @property
    def is_deaf(self) -> bool:
        """True if a cry would not be heard."""
        return self.state in ("no_sound", "digital_silence", "not_sound", "gone")

    @property
    def is_hearing(self) -> bool:
        """True if a cry would be heard, as far as is known; not before the first sample."""
        return not self.is_deaf and self.state != "starting"


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
        self._heard = now
        self._value: float | None = None
        self._same = self._total = 0  # samples of one value up to now, and of any
        self._start: float | None = None  # of the span in which the pace is measured
        self._count = 0
        self._half: tuple[int, float] | None = None  # samples and seconds of its first half
        self._pace = ""
        self._looks = Looks()
        self._found = Verdict("hearing")  # of what the samples look like

    def hear(self, y: Float32, now: float, is_behind: bool = False) -> None:
        """Take samples, float32 [shape=(n,)], that came at this time.

        If the listener is behind, much sound waits already, and the pace is that of the listener.
        """
        if len(y) == 0:
            return
        self._total += len(y)
        self._compare(y)
        self._looks.add(y, self._settings.loud)
        if self._looks.count >= self._settings.span * self._sr:
            # A quiet while does not tell whether samples still come in pairs.
            if self._found.state != "wrong_pace" or self._looks.tells_pairs:
                self._found = self._looks.verdict(self._settings.clipping)
            self._looks = Looks()
        pause, self._heard = now - self._heard, now
        if is_behind:
            self._pace = ""
        if self._start is None or pause > _PAUSE or is_behind:
            # The first block had been waiting, and a pause tells nothing about the pace.
            self._begin_span(now)
            return
        self._count += len(y)
        self._measure(now - self._start, now)

    def verdict(self, now: float) -> Verdict:
        """Tell how it is at this time."""
        settings, quiet = self._settings, now - self._heard
        if quiet >= settings.no_sound:
            return Verdict("no_sound", f"no sound for {quiet:.0f} s")
        if self._same >= settings.digital_silence * self._sr:
            return self._silence()
        if self._start is None:
            return Verdict("starting")
        if self._found.is_deaf or self._found.state == "wrong_pace" or not self._pace:
            return self._found
        return Verdict("wrong_pace", self._pace)

    def verdict_at_end(self, now: float) -> Verdict:
        """Tell how it was, by what came in all, once nothing more comes."""
        if self._same == self._total > 0:
            return self._silence()
        if self._looks.count >= self._sr:
            self._found = self._looks.verdict(self._settings.clipping)
        return self.verdict(now)

    def _silence(self) -> Verdict:
        what = "digital silence" if self._value == 0 else "one and the same value"
        return Verdict(
            "digital_silence",
            f"{what} for {self._same / self._sr:.0f} s, which no live microphone gives: is it muted?",
        )

    def _compare(self, y: Float32) -> None:
        """Count the samples that are all of one value."""
        first, last, is_even = float(y[0]), float(y[-1]), y.min() == y.max()
        if is_even and first == self._value:
            self._same += len(y)
        else:
            self._value, self._same = last, len(y) if is_even else 0

    def _begin_span(self, now: float) -> None:
        self._start, self._count, self._half = now, 0, None

    def _measure(self, elapsed: float, now: float) -> None:
        """Measure the pace by the clock, span by span."""
        settings = self._settings
        if self._half is None and elapsed >= settings.span / 2:
            self._half = self._count, elapsed
        if elapsed < settings.span or self._half is None:
            return
        pace = self._count / elapsed
        likely = min(_RATES, key=lambda rate: abs(math.log(rate / pace)))
        is_near = abs(pace / likely - 1) <= settings.pace
        is_other = likely != self._sr and abs(pace / self._sr - 1) > 2 * settings.pace
        self._pace = (
            f"{pace:.0f} samples come a second, at a rate of {self._sr} Hz: is the rate {likely} Hz?"
            if is_near and is_other and self._is_steady(elapsed, likely)
            else ""
        )
        self._begin_span(now)

    def _is_steady(self, elapsed: float, likely: int) -> bool:
        """Tell whether both halves of the span speak for this rate: what waited while this process was held
        up comes at once, in one of them.
        """
        count, seconds = self._half or (0, 0.0)
        halves = count / seconds, (self._count - count) / max(elapsed - seconds, 1e-9)
        return all(abs(pace - likely) < abs(pace - self._sr) for pace in halves)


class Looks:
    """What samples look like, whatever the clock says: sound, or something else that is taken for samples.

    Attributes
    ----------
    count : int
        Samples so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._loud = 0
        self._sum = 0.0
        self._over = 0
        self._steps: NDArray[np.int64] = np.zeros(_STEPS, np.int64)
        self._blocks = self._paired = 0

    def add(self, y: Float32, loud: float) -> None:
        """Look at samples, float32 [shape=(n,), n >= 1], at full scale 1."""
        self.count += len(y)
        self._sum += float(y.sum(dtype=np.float64))
        if max(-float(y.min()), float(y.max())) < min(loud, _TEXT, 2 / _STEPS):
            # As in a quiet room: nothing is loud, and all lies in the two steps around 0.
            below = np.count_nonzero(y < 0)
            self._steps[_STEPS // 2 - 1 : _STEPS // 2 + 1] += below, len(y) - below
            return
        if len(y) >= _BLOCK:
            self._blocks += 1
            self._paired += _are_pairs(y)
        self._loud += int(np.count_nonzero(np.abs(y) >= loud))
        self._over += int(np.count_nonzero(y >= _TEXT))
        self._steps += np.histogram(y, _STEPS, (-1.0, 1.0))[0]

    @property
    def tells_pairs(self) -> bool:
        """True if enough was loud to tell whether samples come in pairs."""
        return self._blocks >= _BLOCKS

    def verdict(self, clipping: float) -> Verdict:
        """Tell what they are, with a share ``clipping`` of loud samples allowed."""
        if self._over >= _LETTERS * self.count and self._sum >= _MEAN * self.count:
            return Verdict("not_sound", "the samples look like text, not sound: see what the source sends")
        each = self.count / _STEPS
        if np.abs(self._steps - each).max() <= _EVEN * each:
            return Verdict(
                "not_sound",
                "the samples look like compressed or encrypted data, not sound: see what the source sends, "
                "and its encoding",
            )
        if self.tells_pairs and self._paired >= _MOST * self._blocks:
            return Verdict("wrong_pace", "samples come in pairs: are there two channels? set channels to 2")
        share = self._loud / self.count
        if share < clipping:
            return Verdict("hearing")
        return Verdict(
            "clipping",
            f"{100 * share:.0f} % of the samples are near full scale: it is clipped, or not of the rate, "
            "format and channels that were set",
        )


def _are_pairs(y: Float32) -> bool:
    """Tell whether two samples at a time belong together, or one of two is silent."""
    y = y[: len(y) // 2 * 2]
    steps, power = np.diff(y) ** 2, y**2
    within, between = float(steps[0::2].mean()), float(steps[1::2].mean())
    first, second = float(power[0::2].mean()), float(power[1::2].mean())
    is_alike = max(within, between) > _STEP_RATIO * min(within, between)
    return is_alike or max(first, second) > _POWER_RATIO * min(first, second)
