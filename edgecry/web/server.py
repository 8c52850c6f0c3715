"""The page's server. It has a thread of its own, so that neither sound nor other sinks wait for it."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from anyio.to_thread import current_default_thread_limiter

from edgecry.errors import EdgecryError
from edgecry.web.settings import WebSettings

if TYPE_CHECKING:
    from edgecry.web.api import Site
    from edgecry.web.connections import CalmServer
    from edgecry.web.keys import Keyring

#: Seconds that closing waits for unfinished answers, and for the thread.
_GRACE: Final = 1
_PATIENCE: Final = 3.0
#: Number of threads that read recordings for players.
_THREADS: Final = 4
#: Number of connections that the system queues.
_BACKLOG: Final = 64

log = logging.getLogger("edgecry")


class PageServer:
    """Serves a site from a thread.

    Parameters
    ----------
    settings : WebSettings
        Where the page is.
    site : Site
        What it answers.
    keyring : Keyring
        Who may see it.

    Attributes
    ----------
    port : int
        The port. If the settings leave it to the system (0), it is the one that the system chose.

    Raises
    ------
    EdgecryError
        The address is in use, or does not belong to this machine.
    """

    def __init__(self, settings: WebSettings, site: Site, keyring: Keyring) -> None:
        self._site = site
        self._socket = _bound(*settings.place)
        self.port: int = self._socket.getsockname()[1]
        self._server = _server(settings, site, keyring, self.port)
        self._thread = threading.Thread(target=self._run, name="edgecry-page", daemon=True)

    def start(self) -> None:
        """Start the thread that answers."""
        self._thread.start()

    def close(self) -> None:
        """End unfinished answers and the thread."""
        self._site.live.end()
        self._server.ask_to_end()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (Exception, SystemExit):  # whatever fails here, listening goes on
            log.exception("web: the page has failed; listening goes on without it")

    async def _serve(self) -> None:
        # Few threads read recordings, because each counts against the limits of the service.
        current_default_thread_limiter().total_tokens = _THREADS
        await self._server.serve(sockets=[self._socket])


def _bound(host: str, port: int) -> socket.socket:
    """Open the address before the thread starts, so that a failure is reported at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise EdgecryError(
            f"web: {host}:{port}: cannot be listened on ({error.strerror or error}); name another address"
        ) from None
    return sock


def _server(settings: WebSettings, site: Site, keyring: Keyring, port: int) -> CalmServer:
    import uvicorn

    from edgecry.web.connections import CalmServer, PatientProtocol
    from edgecry.web.guard import Guard
    from edgecry.web.pages import STATIC, Pages

    guard = Guard(
        site.app(),
        keyring,
        settings.hosts,
        settings.ingress,
        frozenset(f"/{name}" for name in STATIC),
        lambda prefix, wanted, said: Pages(prefix, wanted).door(said),
        f"edgecry-{port}",
    )
    _quiet()
    config = uvicorn.Config(
        guard,
        http=PatientProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=16_384,
        backlog=_BACKLOG,
    )
    return CalmServer(config)


def _quiet() -> None:
    """Keep what strangers send out of the log. Only failures of the server are logged."""
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Forward())


class _Forward(logging.Handler):
    """Passes failures of uvicorn to edgecry's log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log it under edgecry's name."""
        with suppress(Exception):
            error = record.exc_info[1] if record.exc_info else None
            log.error("web: %s", repr(error) if error is not None else record.getMessage())
