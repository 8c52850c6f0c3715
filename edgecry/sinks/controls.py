"""What a person may change while it listens: whether alerts are sent, and the threshold.

MQTT, a signal and the page share one object of it. It has no lock, as a signal may come at any moment: each
attribute is set at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Final

from edgecry.checks import number
from edgecry.errors import EdgecryError

#: Seconds by which the clock may drift before the end of a mute is told anew.
_STEADY: Final = 2.0


class Controls:
    """Alerts and threshold, as they are set now. Threads may share it.

    While alerts are off, everything is heard, recorded and written down, and nothing is sent: see
    :class:`~edgecry.sinks.rules.Rules`.

    Parameters
    ----------
    threshold : float in (0, 1]
        The probability from which on a window is a cry.
    clock, ticks : callable
        Seconds since 1970; and seconds that ever rise, by which a mute is as long as was asked for, even
        where the clock is set meanwhile.

    Attributes
    ----------
    threshold : float
        As it is set now.
    asked : float
        Seconds of the mute that was asked for last; infinite for without end, 0 for none.
    changed : callable
        Is called after each change of the mute, in the thread that made it, or in a handler of a signal.
    """

    def __init__(
        self,
        threshold: float,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.threshold = threshold
        self.asked = 0.0
        self.changed: Callable[[], None] = lambda: None
        self._clock, self._ticks = clock, ticks
        self._mute: tuple[float, float] | None = None  # its end in ticks, and as it was told last

    @property
    def is_muted(self) -> bool:
        """True if alerts are off."""
        mute = self._mute
        return mute is not None and self._ticks() < mute[0]

    @property
    def muted_until(self) -> float | None:
        """Seconds since 1970 until which no alerts are sent, by the clock as it is set now; None if they are.

        Infinite for without end.
        """
        mute = self._mute
        if mute is None or (left := mute[0] - self._ticks()) <= 0:
            return None
        until = self._clock() + left
        if abs(until - mute[1]) <= _STEADY or math.isinf(left):
            return mute[1]
        self._mute = mute[0], until  # the clock was set
        return until

    def mute(self, seconds: float = math.inf) -> None:
        """Send no alerts for so many seconds from now, without end if left out; 0 ends that.

        Raises
        ------
        EdgecryError
            ``seconds`` is negative, or no number.
        """
        if seconds != math.inf:
            number("mute", seconds, 0, unit="s")
        self.asked = seconds
        self._mute = (self._ticks() + seconds, self._clock() + seconds) if seconds else None
        self.changed()

    def set_threshold(self, threshold: float) -> None:
        """Take a window for a cry from this probability on.

        Raises
        ------
        EdgecryError
            It is not over 0, or more than 1.
        """
        self.threshold = number("threshold", threshold, 0.0, 1.0, above=True)

    def obey(self, what: str, order: str) -> None:
        """Do what a text asks for, as it comes over MQTT.

        Parameters
        ----------
        what : {"alerts", "threshold"}
            What to set.
        order : str
            ``ON`` or ``OFF`` for alerts, a number for the threshold.

        Raises
        ------
        EdgecryError
            The order is not one of these.
        """
        if what == "threshold":
            self.set_threshold(_number(order))
        elif order in ("ON", "OFF"):
            self.mute(0 if order == "ON" else math.inf)
        else:
            raise EdgecryError(f"{what}: found {order[:40]!r}; allowed are ON and OFF")


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        raise EdgecryError(f"threshold: found {text[:40]!r}; allowed are numbers over 0, up to 1") from None
