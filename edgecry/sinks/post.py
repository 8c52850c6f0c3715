"""JSON to a server by HTTP: posted until the server has accepted it, or has refused it for good."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from edgecry import __version__
from edgecry.errors import EdgecryError, SinkError
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


class Poster:
    """Posts JSON to one server, one request after another.

    A message is given up for these reasons, and for no other:

    ===================================  ==========================================================
    answer                               what becomes of the message
    ===================================  ==========================================================
    2xx                                  delivered
    ``MENDABLE``                         given up when all answers of a day were of this kind
    ``LATER``                            tried again
    any other 4xx                        given up at once
    anything else, or no answer          tried again
    ===================================  ==========================================================

    It is tried again after what Retry-After asks for, or as ``Backoff`` says. Redirects are not followed, so
    the token goes to no other host; they say nothing of the message, and may be a router's own page while the
    line is down.

    Parameters
    ----------
    what : str
        What posts, for messages.
    url : str
        The address, checked by :func:`checked_url`.
    token : str or None
        The bearer token.
    ca_file : path or None
        Certificates to trust instead of the system's.
    timeout : float
        Seconds for one attempt, from the first packet to the answer.

    Raises
    ------
    EdgecryError
        The token or the certificates cannot be used.
    """

    def __init__(
        self,
        what: str,
        url: str,
        token: str | None,
        ca_file: str | os.PathLike[str] | None,
        timeout: float,
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._timeout = parts.hostname or "", parts.port, timeout
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._where = shown_address(url)
        if token and not (token.isascii() and token.isprintable()):
            raise EdgecryError(f"{what}: token: holds characters that no header can; check its file")
        self._token = token
        self._tls = _tls(what, ca_file) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: Mapping[str, Any], headers: Mapping[str, str], path: str = "") -> None:
        """Post an object; ``path`` goes on where the address ends.

        Raises
        ------
        SinkError
            It was not accepted.
        """
        sent = {
            "Content-Type": "application/json",
            "User-Agent": f"edgecry/{__version__}",
            "Connection": "close",
            **headers,
        }
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        connection = self._connection = self._connect()
        # The time-out of a socket starts anew with every byte; this one does not.
        late = threading.Event()
        watchdog = threading.Timer(self._timeout, self._give_up, [late])
        watchdog.daemon = True
        watchdog.start()
        try:
            data = json.dumps(body, allow_nan=False).encode()
            target = self._target.rstrip("/") + path if path else self._target
            connection.request("POST", target, data, sent)
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
        if not 200 <= status < 300:
            raise self._refusal(status, reason, wish, location)

    def close(self) -> None:
        """End the attempt under way, if there is one."""
        connection = self._connection
        if connection is not None and (sock := connection.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _refusal(self, status: int, reason: str, wish: float | None, location: str | None) -> SinkError:
        found = f"{self._where}: answered {status} {printable(reason[:SAID])}".rstrip()
        if 300 <= status < 400:
            where = shown_address(location or "")[:SAID]
            found += f" to {printable(where)}, which is not followed; put it in the url if it is right"
        is_mendable = status in MENDABLE
        refused = 400 <= status < 500 and status not in LATER and not is_mendable
        return SinkError(
            found, permanent=refused, retry_after=wish, patience=PATIENCE if is_mendable else None
        )

    def _give_up(self, late: threading.Event) -> None:
        late.set()
        self.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def checked_url(what: str, url: str) -> SplitResult:
    """Return the parts of an address; EdgecryError if nothing can be posted to it, or if it holds a user."""
    allowed = "allowed is http://host/path or https://host/path"
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise EdgecryError(f"{what}: url: found {shown_address(url)!r}; {allowed}")
    if parts.username is not None:
        raise EdgecryError(f"{what}: url: holds a user; leave it out and give a token file")
    return parts


def address(url: str) -> tuple[str, int]:
    """Return host and port of an address."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _tls(what: str, ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise EdgecryError(f"{what}: ca_file: {ca_file}: {error}; name a file of PEM certificates") from None


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
    said = printable(str(error).strip()[:SAID]) or type(error).__name__
    return f"what answers there is no HTTP ({said})" if isinstance(error, http.client.BadStatusLine) else said
