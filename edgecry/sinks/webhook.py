"""A webhook: each event is posted as JSON."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from edgecry import __version__
from edgecry.checks import number
from edgecry.errors import EdgecryError, SinkError
from edgecry.needs import Need, Server
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.credentials import read_secret
from edgecry.sinks.message import Report
from edgecry.terminal import printable
from edgecry.words import is_host, shown_address

#: Answers that say "not now": time-out, too early, too many.
LATER = (408, 425, 429)
#: Answers whose cause somebody may mend: a token, a right, an address that is not served yet because the
#: server has just started, a proxy. Such an event is tried again for ``PATIENCE`` seconds.
MENDABLE = (401, 402, 403, 404, 405, 407, 409, 421, 423, 424, 426, 451)
PATIENCE = 24 * 3600.0
#: Characters of what a server says of its answer that a message shows.
SAID = 100
#: Seconds that a server may ask to be left alone; one that asks for more is asked sooner.
LONGEST_WISH = 3600.0


@dataclass(frozen=True)
class WebhookSettings:
    """Where events are posted.

    Attributes
    ----------
    url : str
        ``http`` or ``https``; without a user and password, which belong into the token.
    token_file, token_variable : optional
        Where the bearer token is: a file, or a variable of the environment.
    ca_file : path, optional
        Certificates to trust instead of the system's.
    timeout : float
        Seconds for one attempt, from the first packet to the answer.
    first_wait, longest_wait : float
        Seconds between attempts: the first, doubled up to the longest.
    """

    url: str
    token_file: str | os.PathLike[str] | None = None
    token_variable: str | None = None
    ca_file: str | os.PathLike[str] | None = None
    timeout: float = 10.0
    first_wait: float = 1.0
    longest_wait: float = 300.0

    def __post_init__(self) -> None:
        allowed = "allowed is http://host/path or https://host/path"
        try:
            parts = urlsplit(self.url)
            good = parts.scheme in ("http", "https") and is_host(parts.hostname or "") and parts.port != 0
        except ValueError:
            good = False
        if not good or not self.url.isascii() or not self.url.isprintable() or " " in self.url:
            raise EdgecryError(f"webhook: url: found {shown_address(self.url)!r}; {allowed}")
        if parts.username is not None:
            raise EdgecryError("webhook: url: holds a user; leave it out and give a token file")
        number("webhook: timeout", self.timeout, 0, unit="s", above=True)
        Backoff(self.first_wait, self.longest_wait)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


class WebhookSink(Sink):
    """Posts each event until the server has accepted it, in order, at least once.

    The event's id is the Idempotency-Key. An event is given up for these reasons, and for no other:

    ===================================  ==========================================================
    answer                               what becomes of the event
    ===================================  ==========================================================
    2xx                                  delivered
    ``MENDABLE``                         given up when all answers of a day were of this kind
    ``LATER``                            tried again
    any other 4xx                        given up at once
    anything else, or no answer          tried again
    ===================================  ==========================================================

    It is tried again after what Retry-After asks for, or as ``Backoff`` says. Redirects are not followed, so
    the token goes to no other host; they say nothing of the event, and may be a router's own page while the
    line is down.
    """

    Settings = WebhookSettings
    network = True
    secret = ("token", "EDGECRY_WEBHOOK_TOKEN")
    durable = True

    def __init__(self, settings: WebhookSettings, name: str = "webhook") -> None:
        self.settings = settings
        self.name = name
        self.backoff = Backoff(settings.first_wait, settings.longest_wait)
        parts = urlsplit(settings.url)
        self._host, self._port = parts.hostname or "", parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._where = shown_address(settings.url)
        self._token = read_secret("webhook: token", settings.token_file, settings.token_variable)
        if self._token and not (self._token.isascii() and self._token.isprintable()):
            raise EdgecryError("webhook: token: holds characters that no header can; check its file")
        self._tls = _tls(settings.ca_file) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None

    @classmethod
    def shown(cls, settings: WebhookSettings) -> str:
        """Return the address without its path, which may be the secret."""
        return shown_address(settings.url)

    @classmethod
    def needs(cls, settings: WebhookSettings) -> tuple[Need, ...]:
        """Return the server."""
        return (Server(*settings.address),)

    def deliver(self, message: Report) -> None:
        """Post the event."""
        body = json.dumps(message.to_dict(), allow_nan=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.id,
            "User-Agent": f"edgecry/{__version__}",
            "Connection": "close",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = self._connection = self._connect()
        # The time-out of a socket starts anew with every byte; this one does not.
        late = threading.Event()
        watchdog = threading.Timer(self.settings.timeout, self._give_up, [late])
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.request("POST", self._target, body, headers)
            answer = connection.getresponse()
            status, reason = answer.status, answer.reason
            wish, location = _retry_after(answer), answer.getheader("Location")
            answer.close()
            if late.is_set():  # cut off in the middle of its headers
                raise TimeoutError
        except (OSError, http.client.HTTPException, AttributeError, ValueError) as error:
            # AttributeError: the watchdog closed it between two calls. ValueError: a name that IDNA refuses.
            raise SinkError(f"{self._where}: {_why(error)}") from error
        finally:
            watchdog.cancel()
            self._connection = None
            connection.close()
        if 200 <= status < 300:
            return
        found = f"{self._where}: answered {status} {printable(reason[:SAID])}".rstrip()
        if 300 <= status < 400:
            where = shown_address(location or "")[:SAID]
            found += f" to {printable(where)}, which is not followed; put it in the url if it is right"
        is_mendable = status in MENDABLE
        refused = 400 <= status < 500 and status not in LATER and not is_mendable
        raise SinkError(
            found, permanent=refused, retry_after=wish, patience=PATIENCE if is_mendable else None
        )

    def close(self) -> None:
        """End the attempt under way, if there is one."""
        connection = self._connection
        if connection is not None and (sock := connection.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _give_up(self, late: threading.Event) -> None:
        late.set()
        self.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self.settings.timeout, context=self._tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self.settings.timeout)


def _tls(ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise EdgecryError(f"webhook: ca_file: {ca_file}: {error}; name a file of PEM certificates") from None


def _retry_after(answer: http.client.HTTPResponse) -> float | None:
    """Seconds the server asks for. A date counts from the server's own, whatever our clock says."""
    wish = (answer.getheader("Retry-After") or "").strip()
    try:
        if wish.isascii() and wish.isdigit():
            seconds = float(wish[:20])
        else:
            until, now = (parsedate_to_datetime(d) for d in (wish, answer.getheader("Date") or ""))
            seconds = (until - now).total_seconds()
    except (TypeError, ValueError, OverflowError, IndexError):  # a server may say anything
        return None
    return min(max(seconds, 0.0), LONGEST_WISH)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, AttributeError | http.client.RemoteDisconnected):
        return "no answer"
    return printable(str(error)[:SAID]) or type(error).__name__
