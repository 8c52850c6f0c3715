"""Reports to the page of another listener, so that one page shows several microphones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from edgecry.checks import check_kinds, number
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
    """Settings of the page that gets the reports.

    Attributes
    ----------
    url : str
        Address of the page, without the key: ``http://nursery.local:8377/``.
    key_file, key_variable : optional
        Where its key for reports is: a file, or a variable of the environment.
    ca_file : path, optional
        Certificates to trust instead of the system's.
    device : str
        The name under which the page shows this microphone.
    every : float in [1, 10]
        Seconds between reports. A change is told at once.
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
        check_kinds(self, "page: ")
        parts = checked_url("page", self.url)
        if parts.query or parts.fragment:
            raise EdgecryError("page: url: holds more than an address; put the key into a key_file")
        check_device(self.device)
        number("page: every", self.every, 1, 10, "s")
        number("page: timeout", self.timeout, 0, unit="s", above=True)
        Backoff(self.first_wait, self.longest_wait)


class PageReportSink(Sink):
    """Reports the state of this microphone every few seconds, and each cry until the page has taken it.

    A listener that hangs or has ended reports nothing, and the page then shows it as lost. Recordings are not
    sent.
    """

    Settings = PageSettings
    network = True
    secret = ("key", "EDGECRY_PAGE_KEY")
    durable = True
    alerts = False  # the page is no alert: it is told while alerts are muted, too

    def __init__(
        self, settings: PageSettings, name: str = "page", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings, self.name, self._clock = settings, name, clock
        self.backoff = Backoff(settings.first_wait, settings.longest_wait)
        key = read_secret("page: key", settings.key_file, settings.key_variable)
        self._poster = Poster("page", settings.url, key, settings.ca_file, settings.timeout)
        self._path = f"/api/microphones/{settings.device}"
        self._headers = {"Origin": _origin(settings.url)}  # a page without a key checks it
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
        """Take what a person may change, because it is reported as well."""
        self._present = _Pulse(self, controls)

    @property
    def present(self) -> Present | None:
        """The view in which the listener shows what holds now."""
        return self._present

    @property
    def is_due(self) -> bool:
        """True if the next report is due."""
        return self._clock() - self._told >= self.settings.every

    def open(self) -> None:
        """Send a report if one is due."""
        if self._present is not None and self.is_due:
            report = self._present.now() | {"machine": self._machine}
            self._poster.post(report, self._headers, f"{self._path}/state")
            self._told = self._clock()

    def show(self, message: Message) -> None:
        """Take what holds now. What a person waits for is reported at once."""
        if self._present is not None:
            self._present.tell(message)
            if isinstance(message, EventMessage | Health | ControlsMessage):
                self._told = -float("inf")

    def deliver(self, message: Report) -> None:
        """Tell the beginning and the end of a cry. The state of the source is in the reports."""
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
    """Holds what is true now, and wakes the sink when a report is due, so that no thread waits for that."""

    def __init__(self, sink: PageReportSink, controls: Controls) -> None:
        super().__init__(sink.settings.device, controls)
        self._sink = sink

    def _hear(self, level: float, score: float, position: float) -> float:
        heard = super()._hear(level, score, position)
        if self._sink.is_due:
            self._sink.wake()
        return heard


def _origin(url: str) -> str:
    """Return the origin of an address, as a browser names it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_usual = parts.port in (None, 443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")
