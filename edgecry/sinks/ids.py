"""How devices, messages and times are named: in topics, in ids and in the text of a message."""

from __future__ import annotations

import itertools
import re
import socket
import time
from datetime import UTC, datetime

from edgecry.checks import shown
from edgecry.errors import EdgecryError

#: What a device may be called.
DEVICE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class MessageIds:
    """Numbers messages: ``nursery-1763936277123456-start``.

    Parameters
    ----------
    device : str
        Name of the device: letters, digits, ``-`` and ``_``.
    first : int, optional
        The first number, from :meth:`edgecry.sinks.outbox.Outbox.reserve`, which never gives one twice
        even if the clock goes back; the clock's microseconds if left out.

    Raises
    ------
    EdgecryError
        The device's name has other characters.
    """

    def __init__(self, device: str, first: int | None = None) -> None:
        self.device = check_device(device)
        self._numbers = itertools.count(clock_number() if first is None else first)

    def next(self, kind: str) -> str:
        """The next id, for a message of this kind; threads may ask at the same time."""
        # Sixteen digits reach to the year 2286, so that ids sort as text.
        return f"{self.device}-{next(self._numbers):016d}-{kind}"

    @staticmethod
    def event(start_id: str) -> str:
        """The name of the cry whose start has this id."""
        return start_id.removesuffix("-start")


def clock_number() -> int:
    """Microseconds since 1970 by the device's clock."""
    return time.time_ns() // 1000


def utc(seconds: float) -> str:
    """A time in seconds since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def default_device() -> str:
    """The host's name, as far as a device's name may have its characters."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname())[:64].strip("-") or "edgecry"


def check_device(device: str) -> str:
    """Return the name of a device; EdgecryError if it does not fit into topics and ids."""
    if not DEVICE_NAME.fullmatch(device):
        raise EdgecryError(f"device: found {shown(device)}; allowed are 1 to 64 letters, digits, - and _")
    return device
