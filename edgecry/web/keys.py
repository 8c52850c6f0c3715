"""The keys to the page: made once, kept in files, compared in constant time, too long to be guessed.

One opens everything. The other is for listeners that report to the page, and opens nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from edgecry.errors import EdgecryError

#: The files of keys that were made here, in the service's own folder: the page's, and the one for reports.
KEY_FILE: Final = "web.key"
REPORT_KEY_FILE: Final = "report.key"
#: Characters of the shortest key that is accepted. A key that is made here has 22.
SHORTEST: Final = 12
#: Wrong keys that an address may give, seconds that it then has to wait, and addresses that are remembered.
MOST_WRONG: Final = 5
PAUSE: Final = 60.0
_ADDRESSES: Final = 256

log = logging.getLogger("edgecry")


def make_key(folder: Path, name: str = KEY_FILE) -> str:
    """Return the key that is kept in a file of a folder. It is made if it does not exist.

    Raises
    ------
    EdgecryError
        The file cannot be read or written, or holds no key.
    """
    path = folder / name
    if (found := read_key(path)) is not None:
        return found
    key = secrets.token_urlsafe(16)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(part, "x", encoding="utf-8", opener=_for_owner) as file:
            file.write(key + "\n")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise EdgecryError(
            f"web: {path}: cannot be written ({error.strerror}); name another folder with --state"
        ) from error
    return key


def read_key(path: Path) -> str | None:
    """Return the key in a file; None if the file is not there. Errors: EdgecryError, as :func:`make_key`."""
    try:
        return checked(path.read_text("utf-8").strip(), str(path))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise EdgecryError(f"web: {path}: cannot be read ({error}); remove it for a new key") from None


def checked(key: str, origin: str) -> str:
    """Return a key if it is long enough and fits into an address; ``origin`` names it in the message."""
    if len(key) < SHORTEST or not key.isascii() or not key.isprintable() or set(key) & set(" &#%+;,\"'<>\\"):
        raise EdgecryError(
            f"web: {origin}: holds no key; allowed are {SHORTEST} or more letters, digits, - and _"
        )
    return key


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Keyring:
    """Tells who may see the page.

    A cookie holds a digest of the key, so that a new key makes all cookies invalid. Whoever gives wrong keys
    has to wait. Wrong cookies do not count: they are too long to be guessed, and belong to a former key.

    Parameters
    ----------
    key : str or None
        The key; None lets everybody in.
    report_key : str, optional
        The key of listeners that report to the page.
    clock : callable
        Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        key: str | None,
        report_key: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key = None if key is None else key.encode()
        self._report_key = None if report_key is None else report_key.encode()
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # by address: number and time

    @property
    def is_open(self) -> bool:
        """True if no key is needed."""
        return self._key is None

    @property
    def cookie(self) -> str:
        """The content of the cookie of somebody who knows the key."""
        return hmac.new(self._key or b"", b"edgecry cookie", hashlib.sha256).hexdigest()

    def knows(self, cookie: str) -> bool:
        """Tell whether a cookie belongs to this key."""
        return hmac.compare_digest(cookie.encode(), self.cookie.encode())

    def is_for_reports(self, key: str) -> bool:
        """Tell whether a key is the one for reports. A wrong one is counted by :meth:`opens`."""
        return self._report_key is not None and hmac.compare_digest(key.encode(), self._report_key)

    def wait(self, address: str) -> float:
        """Return the seconds that an address has to wait before its next key is checked."""
        count, when = self._wrong.get(address, (0, 0.0))
        left = when + PAUSE - self._clock()
        if left <= 0:
            self._wrong.pop(address, None)
        return left if count >= MOST_WRONG and left > 0 else 0.0

    def opens(self, key: str, address: str) -> bool:
        """Tell whether a key is right, and count a wrong one. Call :meth:`wait` first."""
        if self._key is None or hmac.compare_digest(key.encode(), self._key):
            return True
        count, _ = self._wrong.pop(address, (0, 0.0))
        self._wrong[address] = count + 1, self._clock()
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
        if count + 1 == MOST_WRONG:
            log.warning("web: %d wrong keys from %s; it has to wait for %.0f s", MOST_WRONG, address, PAUSE)
        return False
