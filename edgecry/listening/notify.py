"""Tells systemd how the service is, by the protocol of sd_notify(3), over a datagram socket.

Without ``NOTIFY_SOCKET`` in the environment all of this does nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final

#: Seconds to wait for a service manager that does not read. A lost message is better than a missed cry.
_TIMEOUT: Final = 1.0

log = logging.getLogger("edgecry")


class Notifier:
    """The connection to the service manager. At the end of its context it says that the service stops.

    Parameters
    ----------
    environment : mapping, optional
        It holds ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``. The environment of the process
        is taken if it is left out.
    clock : callable
        Seconds of a clock that never goes back.

    Attributes
    ----------
    interval : float or None
        Seconds between two signs of life: half of what the watchdog allows. None without a watchdog.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        environment = os.environ if environment is None else environment
        self._clock = clock
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.interval = _watchdog(environment) if self._address else None
        self._last_beat: float | None = None
        self._status = ""
        self._socket: socket.socket | None = None
        self._complained = False
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # children do not inherit it
            self._socket.settimeout(_TIMEOUT)

    def __enter__(self) -> Notifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping()
        self.close()

    @property
    def is_heard(self) -> bool:
        """True if there is a service manager to tell."""
        return self._socket is not None

    def ready(self, status: str = "") -> None:
        """Say that the service has started, with its first status."""
        self._status = _line(status)
        self._send("READY=1", f"STATUS={self._status}")

    def status(self, text: str) -> None:
        """Send a status line for people. The same line is not sent twice in a row."""
        text = _line(text)
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def beat(self) -> None:
        """Give a sign of life if it is time for one. Call it often, in the thread that does the work."""
        if self.interval is None:
            return
        now = self._clock()
        if self._last_beat is None or now - self._last_beat >= self.interval:
            self._last_beat = now
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the service is about to end."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            if not self._complained:
                log.warning("NOTIFY_SOCKET: %s; the service manager is not told", error)
            self._complained = True
        else:
            self._complained = False


def _address(name: str) -> str | bytes:
    """Return the address of the manager: a path, or an abstract name after ``@``."""
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    if name.startswith("/"):
        return name
    if name:
        log.warning("NOTIFY_SOCKET: %r is neither a path nor an abstract socket; it is not used", name)
    return ""


def _watchdog(environment: Mapping[str, str]) -> float | None:
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # the watchdog is meant for another process
    text = environment.get("WATCHDOG_USEC", "")
    microseconds = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return microseconds / 2e6 if microseconds else None


def _line(text: str) -> str:
    return " ".join(text.split())
