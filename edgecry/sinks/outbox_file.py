"""The file of the outbox: an SQLite database that is checked before use, and kept when it is damaged."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgecry.errors import EdgecryError
from edgecry.sinks.sealed import Sealed, find_sealed, unseal

#: Version of the tables below; a file of a newer version is set aside.
VERSION: Final = 1
#: Numbers of messages are below this, so that ids keep their sixteen digits.
LARGEST: Final = 10**16
#: The tables, in the words that SQLite keeps of them: other words are damage, or another program's.
TABLES: Final[Mapping[str, str]] = {
    "message": "CREATE TABLE message (seq INTEGER PRIMARY KEY, sink TEXT NOT NULL, body TEXT NOT NULL)",
    "dropped": "CREATE TABLE dropped (sink TEXT PRIMARY KEY, count INTEGER NOT NULL)",
    "number": "CREATE TABLE number (next INTEGER NOT NULL)",
}
#: Where messages that are damaged are kept, for whoever wants to look at them; and how many.
_DAMAGED: Final = "CREATE TABLE IF NOT EXISTS damaged (sink BLOB, body BLOB)"
_MOST_DAMAGED: Final = 1000
_MAGIC: Final = b"SQLite format 3\0"
#: Errors of SQLite that speak of the file, not of the moment.
_DAMAGE: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # the statements are right, so a table has been changed
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_FORMAT,
    }
)


class InUseError(EdgecryError):
    """Another process uses the file as its outbox."""


class ForeignError(EdgecryError):
    """The file is the database of another program."""


class DamagedError(Exception):
    """The file is damaged, or of a newer version."""


@dataclass
class Kept:
    """What a file holds.

    Attributes
    ----------
    messages : dict of int to Sealed
        The messages that are whole, the oldest first, by their rows.
    dropped : dict of str to int
        How many messages of each sink were dropped since the file was made.
    damaged : int
        How many messages were found damaged, and set aside in a table of their own.
    """

    messages: dict[int, Sealed] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    damaged: int = 0


class OutboxFile:
    """An SQLite file that one process uses. Not for several threads at once.

    Every method raises ``sqlite3.Error`` or ``OSError`` for what may pass, such as a full disk, and
    :class:`DamagedError` for what does not; the file may be :meth:`open` or closed then.

    Parameters
    ----------
    path : Path
        The file, made if need be, as its folder is; both are closed to other users.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._inode: tuple[int, int] | None = None

    @property
    def is_open(self) -> bool:
        """True if it is open, and is still where it was."""
        return self._db is not None and self._inode == _inode(self.path)

    def open(self) -> Kept:
        """Open the file, check it, and return what it holds.

        Raises
        ------
        InUseError, ForeignError
            It is not ours to open.
        """
        was_another = self._db is not None  # its log must not be taken for that of the new file
        self.close()
        if was_another:
            self._beside("-wal").unlink(missing_ok=True)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.is_fifo():  # to open it would wait for another process
            raise ForeignError(f"outbox: {self.path} is not a file; give the outbox another path")
        self._claim()
        # Made here, not by SQLite, so that nobody else may read it for a moment. The log beside it
        # gets the same rights.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _check_header(self.path)
        db = sqlite3.connect(self.path, timeout=0.2, check_same_thread=False)
        try:
            with _damage_told():
                _prepare(db)
                kept = _read(db)
        except BaseException:
            db.close()
            raise
        self._db, self._inode = db, _inode(self.path)
        return kept

    def reserve(self, least: int, count: int) -> int:
        """Return the first of ``count`` numbers that were never reserved, ``least`` or more."""
        db = self._connection()
        with _damage_told(), db:
            ((last,),) = db.execute("SELECT coalesce(max(next), 0) FROM number")
            is_sound = isinstance(last, int) and 0 <= last < LARGEST - count
            first = max(least, last) if is_sound else least
            db.execute("DELETE FROM number")
            db.execute("INSERT INTO number VALUES (?)", (first + count,))
        return first

    def write(
        self, added: Iterable[tuple[str, str]], removed: Iterable[int], dropped: Mapping[str, int]
    ) -> list[int]:
        """Add and remove messages and set counters, all or nothing; return the rows of those added."""
        db = self._connection()
        with _damage_told(), db:
            db.executemany("DELETE FROM message WHERE seq = ?", [(row,) for row in removed])
            insert = "INSERT INTO message (sink, body) VALUES (?, ?)"
            rows = [db.execute(insert, message).lastrowid or 0 for message in added]
            db.executemany("INSERT OR REPLACE INTO dropped VALUES (?, ?)", dropped.items())
        return rows

    def set_aside(self, reason: Exception) -> tuple[Path, list[Sealed]]:
        """Rename the file, so that a new one can be made, and return its new name and what it still holds.

        A file that was set aside before is not overwritten.
        """
        self._disconnect()
        stem = "newer" if "newer" in str(reason) else "corrupt"
        names = (f"{self.path.name}.{stem}{n or ''}" for n in [0, *range(2, 1000)])
        aside = next(
            (p for p in (self.path.with_name(name) for name in names) if not os.path.lexists(p)), self.path
        )
        if aside == self.path:
            raise OSError(f"there are too many files {self.path.name}.{stem}; look at them, and remove some")
        for suffix in ("-wal", "-shm"):  # the newest messages may be in the log
            with suppress(FileNotFoundError):
                self._beside(suffix).rename(aside.with_name(aside.name + suffix))
        self.path.rename(aside)
        return aside, salvage(aside)

    def close(self) -> None:
        """Close the file, and let others use it."""
        self._disconnect()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _disconnect(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("the file is not open")
        return self._db

    def _claim(self) -> None:
        """Lock a file beside it. SQLite's own lock may be held by a backup, which is gone soon."""
        if self._lock is not None:
            return
        lock = os.open(self._beside(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise InUseError(
                f"outbox: {self.path} is in use by another process; end that one, or give each its own file"
            ) from None
        except OSError:  # a file system without locks; SQLite's own has to do
            os.close(lock)
            return
        self._lock = lock


def salvage(path: Path) -> list[Sealed]:
    """Return the messages that a damaged file still holds, the oldest first.

    They are read as rows as far as SQLite gives them, and found by their text in the file where it does not.
    A message that was delivered just before the damage may be among them: an event comes twice rather than
    not at all, and its id tells.
    """
    found: dict[tuple[str, str], Sealed] = {}
    is_whole = False
    with suppress(sqlite3.Error, OSError, UnicodeDecodeError):
        db = sqlite3.connect(path, timeout=0.2)
        try:
            db.text_factory = bytes
            for sink, body in db.execute("SELECT sink, body FROM message ORDER BY seq"):
                if (sealed := unseal(sink, body)) is not None:
                    found[sealed.sink, sealed.message.id] = sealed
            is_whole = True
        finally:
            db.close()
    logs = [] if is_whole else [path.with_name(path.name + "-wal")]
    for file in (path, *logs):
        with suppress(OSError):
            for sealed in find_sealed(file.read_bytes()):
                found.setdefault((sealed.sink, sealed.message.id), sealed)
    return sorted(found.values(), key=lambda sealed: sealed.message.id)


def _prepare(db: sqlite3.Connection) -> None:
    """Make the tables, or see whether they are what they should be."""
    db.text_factory = bytes  # text that is not UTF-8 any more is damage, not an error in the code
    # One process a file, or each would deliver the other's messages; and no shared-memory file, whose
    # mapping may end in SIGBUS when the disk is full.
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    tables = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    ours = {name.encode(): sql.encode() for name, sql in TABLES.items()}
    if tables and not tables.keys() & ours.keys():
        raise ForeignError("outbox: the file is a database of another program; give the outbox another path")
    ((version,),) = db.execute("PRAGMA user_version")
    if version > VERSION:
        raise DamagedError(f"it is of the newer version {version}, or damaged")
    if tables and {name: tables.get(name) for name in ours} != ours:
        raise DamagedError("its tables are damaged")
    # WAL with NORMAL survives kill -9 but not a power cut: the last commits may be gone, for the log is
    # not synced at each. FULL syncs it. Events are rare, so a card survives that.
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")  # what was delivered is not found again in a damaged file
    db.execute("PRAGMA wal_autocheckpoint = 100")
    db.execute("PRAGMA journal_size_limit = 1048576")
    ((verdict,),) = db.execute("PRAGMA integrity_check(1)")
    if verdict != b"ok":
        raise DamagedError(f"its check says: {verdict.decode(errors='backslashreplace')}")
    with db:
        if not tables:
            for statement in TABLES.values():
                db.execute(statement)
        db.execute("DROP INDEX IF EXISTS message_by_sink")  # of 0.1.0; nothing reads it
        db.execute(_DAMAGED)
        db.execute(f"PRAGMA user_version = {VERSION}")


def _read(db: sqlite3.Connection) -> Kept:
    """Read everything; what is damaged in itself goes to a table of its own."""
    kept, damaged = Kept(), []
    for row, sink, body in db.execute("SELECT seq, sink, body FROM message ORDER BY seq"):
        sealed = unseal(sink, body)
        if sealed is not None:
            kept.messages[row] = sealed
            continue
        damaged.append((row,))
        name = bytes(sink).decode(errors="backslashreplace")
        kept.dropped[name] = kept.dropped.get(name, 0) + 1
    kept.damaged = len(damaged)
    for sink, count in db.execute("SELECT sink, count FROM dropped"):
        if isinstance(sink, bytes) and isinstance(count, int) and 0 <= count < LARGEST:
            name = sink.decode(errors="backslashreplace")
            kept.dropped[name] = kept.dropped.get(name, 0) + count
    if damaged:
        with db:
            db.executemany("INSERT INTO damaged SELECT sink, body FROM message WHERE seq = ?", damaged)
            db.executemany("DELETE FROM message WHERE seq = ?", damaged)
            db.execute(
                "DELETE FROM damaged WHERE rowid <= (SELECT max(rowid) FROM damaged) - ?", (_MOST_DAMAGED,)
            )
    return kept


def _check_header(path: Path) -> None:
    """Refuse a file that SQLite would not open, or would open to read alone."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        return
    versions = set(header[18:20])
    if len(header) < 100 or not header.startswith(_MAGIC) or not versions <= {1, 2}:
        raise DamagedError("its header is damaged, or it is not an SQLite file")


class _damage_told:  # noqa: N801 - reads as a statement
    """Turns errors of SQLite that speak of damage into :class:`DamagedError`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeDecodeError):  # SQLite names a table that is damaged
            raise DamagedError("its tables are damaged") from error
        if not isinstance(error, sqlite3.Error):
            return
        # The low byte is the family: SQLITE_CORRUPT_INDEX is a SQLITE_CORRUPT.
        code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
        if code in _DAMAGE:
            raise DamagedError(str(error)) from error


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
