"""The page of another listener: several microphones on one page, each under its name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from edgecry.checks import number
from edgecry.errors import EdgecryError
from edgecry.needs import Need, Server
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.controls import Controls
from edgecry.sinks.credentials import read_secret
from edgecry.sinks.homeassistant import machine
from edgecry.sinks.ids import check_device, default_device, utc
from edgecry.sinks.message import ControlsMessage, EventMessage, Health, Message, Report
from edgecry.sinks.post import Poster, address, checked_url
from edgecry.sinks.present import Present
from edgecry.words import shown_address


@dataclass(frozen=True)
class PageSettings:
    """The page that is told.

    Attributes
    ----------
    url : str
        Its address, without the key: ``http://nursery.local:8377/``.
    key_file, key_variable : optional
        Where its key is: a file, or a variable of the environment.
    ca_file : path, optional
        Certificates to trust instead of the system's.
    device : str
        The name under which the page shows this microphone.
    every : float in [1, 10]
        Seconds between reports; what has changed is told at once.
    timeout : float
        Seconds for one attempt.
    first_wait, longest_wait : float
        Seconds between attempts: the first, doubled up to the longest.
    """

    url: str
    key_file: str | os.PathLike[str] | None = None
    key_variable: str | None = None
    ca_file: str | os.PathLike[str] | None = None
    device: str = field(default_factory=default_device)
    every: float = 5.0
    timeout: float = 5.0
    first_wait: float = 1.0
    longest_wait: float = 15.0

    def __post_init__(self) -> None:
        parts = checked_url("page", self.url)
        if parts.query or parts.fragment:
            raise EdgecryError("page: url: holds more than an address; put the key into a key_file")
        check_device(self.device)
        number("page: every", self.every, 1, 10, "s")
        number("page: timeout", self.timeout, 0, unit="s", above=True)
        Backoff(self.first_wait, self.longest_wait)


class PageReportSink(Sink):
    """Tells the page how this microphone is, every few seconds, and of each cry until it has taken it.

    A listener that hangs or is gone reports nothing, and the page shows it as lost. Recordings stay here.
    """

    Settings = PageSettings
    network = True
    secret = ("key", "EDGECRY_PAGE_KEY")
    durable = True
    alerts = False  # a page that somebody looks at wakes nobody

    def __init__(
        self, settings: PageSettings, name: str = "page", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings, self.name, self._clock = settings, name, clock
        self.backoff = Backoff(settings.first_wait, settings.longest_wait)
        key = read_secret("page: key", settings.key_file, settings.key_variable)
        self._poster = Poster("page", settings.url, key, settings.ca_file, settings.timeout)
        self._path = f"/api/microphones/{settings.device}"
        self._headers = {"Origin": _origin(settings.url)}  # a page without a key asks for it
        self._machine = machine()
        self._present: Present | None = None
        self._told = -float("inf")

    @classmethod
    def shown(cls, settings: PageSettings) -> str:
        """Return the address, and the name of this microphone there."""
        return f"{shown_address(settings.url)} as {settings.device}"

    @classmethod
    def needs(cls, settings: PageSettings) -> tuple[Need, ...]:
        """Return the server."""
        return (Server(*address(settings.url)),)

    def hand(self, controls: Controls) -> None:
        """Get what a person may change, which is told, too."""
        self._present = _Pulse(self, controls)

    @property
    def present(self) -> Present | None:
        """What the listener shows how it goes."""
        return self._present

    @property
    def is_due(self) -> bool:
        """Whether the next report is due."""
        return self._clock() - self._told >= self.settings.every

    def open(self) -> None:
        """Report, if it is time."""
        if self._present is not None and self.is_due:
            report = self._present.now() | {"machine": self._machine}
            self._poster.post(report, self._headers, f"{self._path}/state")
            self._told = self._clock()

    def show(self, message: Message) -> None:
        """Take what holds now; what a person waits for is reported at once."""
        if self._present is not None:
            self._present.tell(message)
            if isinstance(message, EventMessage | Health | ControlsMessage):
                self._told = -float("inf")

    def deliver(self, message: Report) -> None:
        """Tell the beginning and the end of a cry. What the source is, the reports tell."""
        if not isinstance(message, EventMessage) or message.kind not in ("start", "end"):
            return
        body: dict[str, Any] = {
            name: getattr(message, name)
            for name in ("event", "started_at", "ended_at", "duration", "peak", "mean", "label")
        }
        # The page counts from here, whatever the clock of this device says, and however long it has waited.
        body["at"] = utc(time.time())
        headers = self._headers | {"Idempotency-Key": message.id}
        self._poster.post(body, headers, f"{self._path}/cries")

    def close(self) -> None:
        """End the attempt under way, if there is one."""
        self._poster.close()


class _Pulse(Present):
    """What holds now, and a push to the sink when a report is due: no thread waits for that."""

    def __init__(self, sink: PageReportSink, controls: Controls) -> None:
        super().__init__(sink.settings.device, controls)
        self._sink = sink

    def _hear(self, level: float, score: float, position: float) -> float:
        heard = super()._hear(level, score, position)
        if self._sink.is_due:
            self._sink.wake()
        return heard


def _origin(url: str) -> str:
    """Return the origin of an address, as a browser would name it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_usual = parts.port in (None, 443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")
