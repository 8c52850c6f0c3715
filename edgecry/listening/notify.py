"""Telling systemd how a service is: sd_notify, as in its manual, over a datagram socket.

Without ``NOTIFY_SOCKET`` in the environment nobody asked, and all of this does nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final

#: Seconds to wait for a service manager that does not read; losing a message is better than missing a cry.
_TIMEOUT: Final = 1.0

log = logging.getLogger("edgecry")


class Notifier:
    """The line to the service manager. A context manager, which says at its end that it stops.

    Parameters
    ----------
    environment : mapping, optional
        Where to find ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``; that of the process
        if left out.
    clock : callable
        Seconds, ever rising.

    Attributes
    ----------
    interval : float or None
        Seconds between two signs of life: half of what the watchdog allows, None if there is none.
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
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # not inherited
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
        """Whether there is somebody to tell."""
        return self._socket is not None

    def ready(self, status: str = "") -> None:
        """Say that the service has started, and how it is."""
        self._status = _line(status)
        self._send("READY=1", f"STATUS={self._status}")

    def status(self, text: str) -> None:
        """Say how it is, in a line for people; the same again is not sent."""
        text = _line(text)
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def beat(self) -> None:
        """Give a sign of life, if it is time for one; call it as often as you like, where work is done."""
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
        """Hang up."""
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
    """Where the manager listens: a path, or an abstract name after ``@``."""
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    if name.startswith("/"):
        return name
    if name:
        log.warning("NOTIFY_SOCKET: %r is neither a path nor an abstract socket; it is not used", name)
    return ""


def _watchdog(environment: Mapping[str, str]) -> float | None:
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # it is meant for another process
    text = environment.get("WATCHDOG_USEC", "")
    microseconds = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return microseconds / 2e6 if microseconds else None


def _line(text: str) -> str:
    return " ".join(text.split())
