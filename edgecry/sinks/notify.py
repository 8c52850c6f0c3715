"""Notifications on a phone, through one of a hundred services. Needs the extra ``notify`` (Apprise)."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final

from edgecry.checks import check_kinds, number
from edgecry.errors import AudioError, EdgecryError, SinkError
from edgecry.features.picture import picture
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.credentials import read_secret
from edgecry.sinks.ids import default_device
from edgecry.sinks.message import RECORDED, SOURCE_LOST, EventMessage, Message, Report
from edgecry.sinks.text import span

#: Seconds after which the beginning of a cry is too old to be sent. Its end still tells of the cry.
STALE: Final = 600.0
#: Bytes of the largest recording that is attached. Services refuse larger ones.
LARGEST: Final = 8_000_000

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class NotifySettings:
    """Settings of notifications: whom to notify, and with what.

    Attributes
    ----------
    urls_file, urls_variable : optional
        Where the addresses of the services are, as Apprise writes them (``ntfy://host/topic``,
        ``tgram://token/chat``), several in one line with spaces between: the first line of a file, or a
        variable of the environment. They hold secrets.
    attach : bool
        True to send the recording of a cry as well, after its picture, which a phone shows. It is sound from
        a home, and goes to the service.
    device : str
        What the device is called in titles.
    first_wait, longest_wait : float
        Seconds between attempts: the first, doubled up to the longest.
    """

    urls_file: str | os.PathLike[str] | None = None
    urls_variable: str | None = None
    attach: bool = True
    device: str = field(default_factory=default_device)
    first_wait: float = 5.0
    longest_wait: float = 300.0

    def __post_init__(self) -> None:
        check_kinds(self, "notify: ")
        if self.urls_file is None and self.urls_variable is None:
            raise EdgecryError(
                "notify: urls_file: is missing; name a file with the addresses, as of ntfy or Telegram"
            )
        number("notify: first_wait", self.first_wait, 0, unit="s", above=True)
        Backoff(self.first_wait, self.longest_wait)


class NotifySink(Sink):
    """Sends the steps of a cry that a person waits for: its beginning, its end, its recording.

    A notification is offered to each service until that service has taken it, and then no more, whatever
    the others do. Updates are not sent. The beginning of an old cry is not sent either: after an hour
    without a network nobody wants to be woken by a cry that is long over.
    """

    Settings = NotifySettings
    network = True
    secret: ClassVar[tuple[str, str] | None] = ("urls", "EDGECRY_NOTIFY_URLS")
    durable = True

    def __init__(
        self,
        settings: NotifySettings,
        name: str = "notify",
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.name, self._clock, self._steady = settings, name, clock, steady
        self.backoff = Backoff(settings.first_wait, settings.longest_wait)
        urls = read_secret("notify: urls", settings.urls_file, settings.urls_variable) or ""
        if find_spec("apprise") is None:
            raise EdgecryError("notify: apprise is not installed; pip install '.[notify]'")
        self._services = _services(urls.split())
        self._told: tuple[str, set[int]] = ("", set())  # the present message, and the services that have it
        self._came: tuple[str, float] = ("", 0.0)  # the newest cry, and when the first of it came

    @classmethod
    def shown(cls, settings: NotifySettings) -> str:
        """Name the place of the addresses, and not the addresses: they hold secrets."""
        return f"the services of {settings.urls_file or settings.urls_variable}"

    def deliver(self, message: Report) -> None:
        """Send the message to each service that does not have it yet."""
        told = self._words(message)
        if told is None:
            return
        if self._told[0] != message.id:
            self._told = (message.id, set())
        with _shown(self._recording(message)) as files:
            if message.kind == RECORDED and not files:
                return
            failed = [
                why
                for i, service in enumerate(self._services)
                if i not in self._told[1] and (why := self._tell(i, service, *told, files))
            ]
        if failed:
            raise SinkError("; ".join(failed))

    def show(self, message: Message) -> None:
        """Note when a cry came: the clock may be set before it can be told."""
        if isinstance(message, EventMessage) and message.event != self._came[0]:
            self._came = (message.event, self._steady())

    def _age(self, message: EventMessage) -> float:
        """Return how many seconds a message has waited."""
        event, came = self._came
        if message.event == event:
            return self._steady() - came
        return self._clock() - datetime.fromisoformat(message.at).timestamp()

    def _tell(self, i: int, service: Any, title: str, body: str, kind: str, files: list[Path]) -> str:
        """Tell one service. Return what went wrong; an empty text if nothing did."""
        import apprise

        paths = [str(file) for file in files]
        attached = apprise.AppriseAttachment(paths, asset=service.asset) if paths else None
        if service.notify(title=title, body=body, notify_type=kind, attach=attached):
            self._told[1].add(i)
            return ""
        return f"{service.service_name or service.schema} did not take it"

    def _words(self, message: Report) -> tuple[str, str, str] | None:
        """Return the title, the text and the kind of a notification; None for a message that is not sent."""
        name = self.settings.device
        if not isinstance(message, EventMessage):
            is_lost = message.kind == SOURCE_LOST
            title = f"{name}: nothing is heard" if is_lost else f"{name}: heard again"
            body = message.reason if is_lost else f"after {span(message.duration)}"
            return title, body or message.state, "failure" if is_lost else "success"
        since, length = _clock_time(message.started_at), span(message.duration)
        match message.kind:
            case "start":
                is_stale = self._age(message) > STALE
                return None if is_stale else (f"{name}: crying", f"since {since}", "warning")
            case "end":
                return f"{name}: crying ended", f"after {length}, since {since}", "info"
            case "recorded":
                words = (f"{name}: recording", f"{since}, {length}", "info")
                return words if self.settings.attach and self._recording(message) else None
        return None

    def _recording(self, message: Report) -> Path | None:
        """Return the recording of which files are attached, if it exists."""
        if not isinstance(message, EventMessage) or message.kind != RECORDED or not message.clip:
            return None
        path = Path(message.clip)
        return path if path.is_file() else None  # it may have been removed meanwhile to keep the quota


@contextmanager
def _shown(recording: Path | None) -> Iterator[list[Path]]:
    """Give the files to attach: the picture of a recording, which a phone shows, and the sound if it fits."""
    if recording is None:
        yield []
        return
    files = []
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(TemporaryDirectory(prefix="edgecry-"))
            picture_file = Path(folder) / f"{recording.stem}.png"
            picture_file.write_bytes(picture(recording))
            files.append(picture_file)
        except (AudioError, OSError) as error:
            log.warning("notify: %s: is sent without a picture: %s", recording.name, error)
        with suppress(OSError):
            if recording.stat().st_size <= LARGEST:
                files.append(recording)
            else:
                log.warning("notify: %s: is too large to send", recording.name)
        yield files


def _services(urls: list[str]) -> list[Any]:
    """Make the services. One that Apprise does not know is named by its number: addresses are secret."""
    import apprise

    asset = apprise.AppriseAsset(
        app_id="edgecry",
        app_desc="edgecry",
        app_url="",
        async_mode=False,
        secure_logging=True,
        image_url_mask=None,  # with one, phones would load an icon from elsewhere
        image_url_logo=None,
    )
    # The log of Apprise names topics and chats, which are secrets as well.
    logging.getLogger("apprise").disabled = True
    found = []
    for i, url in enumerate(urls, 1):
        service = apprise.Apprise.instantiate(url, asset=asset)
        if service is None:
            raise EdgecryError(
                f"notify: address {i} of {len(urls)} is unknown to Apprise; write it as ntfy://host/topic"
            )
        found.append(service)
    return found


def _clock_time(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M}"
