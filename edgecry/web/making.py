"""Makes the page from its settings: board, history, key and server."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from edgecry.errors import EdgecryError
from edgecry.sinks.credentials import read_secret
from edgecry.sinks.making import credential
from edgecry.steady import SteadyClock
from edgecry.web.board import Board
from edgecry.web.history import History
from edgecry.web.keys import REPORT_KEY_FILE, Keyring, checked, make_key, read_key
from edgecry.web.settings import WebSettings
from edgecry.web.sink import PageSink

if TYPE_CHECKING:
    from edgecry.web.server import PageServer

#: The file of the history, in the service's own folder.
HISTORY = "history.db"


@dataclass(frozen=True)
class Page:
    """A page that is open. ``board`` and ``sink`` take what happens, ``server`` shows it."""

    board: Board
    sink: PageSink
    history: History
    server: PageServer
    key: str | None

    def close(self) -> None:
        """End the server, and close the history."""
        self.server.close()
        self.history.close()


def make_page(settings: WebSettings, board: Board, state: Path, clips: Path | None) -> Page:
    """Open the page's address and its history. No request is answered before the server starts.

    Parameters
    ----------
    settings : WebSettings
        Where it is, and who may see it.
    board : Board
        What holds now.
    state : Path
        The service's own folder.
    clips : Path, optional
        The folder of recordings.

    Raises
    ------
    EdgecryError
        The extra is not installed, the address is taken, or the history or the key cannot be used.
    """
    check_installed(settings)
    from edgecry.web.api import Site
    from edgecry.web.server import PageServer

    key = key_of(settings, state)
    report_key = None if key is None else make_key(state, REPORT_KEY_FILE)
    history = History(state / HISTORY, settings.days, ages=SteadyClock())
    try:
        site = Site(board, history, clips)
        server = PageServer(settings, site, Keyring(key, report_key))
    except BaseException:
        history.close()
        raise
    return Page(board, PageSink(board, history), history, server, key)


def check_installed(settings: WebSettings) -> None:
    """Refuse a page whose packages are not installed. The EdgecryError names them."""
    missing = [name for name in ("starlette", "uvicorn") if settings.address and find_spec(name) is None]
    if missing:
        raise EdgecryError(f"web: not installed: {', '.join(missing)}; pip install '.[web]'")


def key_of(settings: WebSettings, state: Path) -> str | None:
    """Return the key that is named, or make one if other machines can reach the page."""
    # systemd puts the file into a folder that only the service can read.
    given = Path(os.environ.get("CREDENTIALS_DIRECTORY", "")) / credential("web", "key_file")
    file = given if settings.key_file and given.is_file() else settings.key_file
    named = read_secret("web: key", file, settings.key_variable)
    if named is not None:
        return checked(named, str(settings.key_file or settings.key_variable))
    return None if settings.is_local else make_key(state)


def report_key_of(state: Path) -> str:
    """Return the key for reports. Only the page makes it, so that the file is the service's own.

    Raises
    ------
    EdgecryError
        There is none, or it cannot be read.
    """
    path = state / REPORT_KEY_FILE
    if (key := read_key(path)) is None:
        raise EdgecryError(f"page: {path}: is not there; a page with a key makes it when it starts")
    return key


def address(settings: WebSettings, port: int, key: str | None = None) -> str:
    """Return the address at which a phone can open the page, with the key in it if one is given."""
    host = settings.place[0]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - every address of this machine
        host = own_address()
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/" + (f"?key={key}" if key else "")


def invitation(settings: WebSettings, state: Path, port: int) -> str:
    """Return the address with its key, and its QR code for a terminal, to be opened on a phone."""
    text = address(settings, port, key_of(settings, state))
    return "\n".join(filter(None, (f"the page: {text}", "" if settings.is_local else qr(text))))


def own_address() -> str:
    """Return the address by which other machines reach this one; its name if it has no such address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent; the system only looks up the route
            found: str = sock.getsockname()[0]
        except OSError:
            return socket.gethostname()
    return found


def qr(text: str) -> str:
    """Return the QR code of a text for a terminal, two rows a line; empty if segno is not installed."""
    try:
        import segno
    except ImportError:
        return ""
    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    blocks: Mapping[tuple[bool, bool], str] = {
        (False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "
    }  # fmt: skip
    return "\n".join(
        "".join(blocks[bool(a), bool(b)] for a, b in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    )
