"""The page's server: a thread of its own, which neither the sound nor the other sinks ever wait for."""

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

#: Seconds that the end waits for answers under way, and for the thread.
_GRACE: Final = 1
_PATIENCE: Final = 3.0
#: Threads that read recordings for whoever plays them.
_THREADS: Final = 4
#: Connections that the system holds before they are taken.
_BACKLOG: Final = 64

log = logging.getLogger("edgecry")


class PageServer:
    """Serves a site from a thread.

    Parameters
    ----------
    settings : WebSettings
        Where.
    site : Site
        What.
    keyring : Keyring
        To whom.

    Attributes
    ----------
    port : int
        The port, also where the settings leave it to the system (0).

    Raises
    ------
    EdgecryError
        The address is taken, or is not one of this machine.
    """

    def __init__(self, settings: WebSettings, site: Site, keyring: Keyring) -> None:
        self._site = site
        self._socket = _bound(*settings.place)
        self.port: int = self._socket.getsockname()[1]
        self._server = _server(settings, site, keyring, self.port)
        self._thread = threading.Thread(target=self._run, name="edgecry-page", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """End what is being answered, and the thread."""
        self._site.live.end()
        self._server.ask_to_end()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (Exception, SystemExit):  # whatever it is, it is heard on
            log.exception("web: the page has failed; listening goes on without it")

    async def _serve(self) -> None:
        # Threads read recordings; each of many would count against the service's limits.
        current_default_thread_limiter().total_tokens = _THREADS
        await self._server.serve(sockets=[self._socket])


def _bound(host: str, port: int) -> socket.socket:
    """Open the address now, where a failure can be told in time."""
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
    """Keep what strangers send out of the log: only the server's own failures are news."""
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Forward())


class _Forward(logging.Handler):
    """Hands a failure of uvicorn to edgecry's log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it in edgecry's name."""
        with suppress(Exception):
            error = record.exc_info[1] if record.exc_info else None
            log.error("web: %s", repr(error) if error is not None else record.getMessage())
