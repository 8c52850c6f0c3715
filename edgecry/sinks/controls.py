"""What a person may change while it listens: whether alerts are sent, and the threshold.

MQTT, a signal and the page share one object of it. It has no lock, as a signal may come at any moment: each
attribute is set at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from edgecry.checks import number
from edgecry.errors import EdgecryError


class Controls:
    """Alerts and threshold, as they are set now. Threads may share it.

    While alerts are off, everything is heard, recorded and written down, and nothing is sent: see
    :class:`~edgecry.sinks.rules.Rules`. A new start of the listener switches them on.

    Parameters
    ----------
    threshold : float in (0, 1]
        The probability from which on a window is a cry.
    clock : callable
        Seconds since 1970.

    Attributes
    ----------
    threshold : float
        As it is set now.
    muted_until : float or None
        Seconds since 1970 until which no alerts are sent; infinite for without end.
    """

    def __init__(self, threshold: float, clock: Callable[[], float] = time.time) -> None:
        self.threshold = threshold
        self.muted_until: float | None = None
        self._clock = clock

    @property
    def is_muted(self) -> bool:
        """Whether alerts are off."""
        until = self.muted_until
        return until is not None and self._clock() < until

    def mute(self, seconds: float = math.inf) -> None:
        """Send no alerts for so many seconds from now, without end if left out; 0 ends that.

        Raises
        ------
        EdgecryError
            ``seconds`` is negative, or no number.
        """
        if seconds != math.inf:
            number("mute", seconds, 0, unit="s")
        self.muted_until = self._clock() + seconds if seconds else None

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
            The order is none of these.
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
