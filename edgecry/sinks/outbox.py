"""Outbox: messages wait here until their sink has delivered them, through power cuts."""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecry.errors import EdgecryError
from edgecry.sinks.message import EventMessage, clock_number

log = logging.getLogger("edgecry")

#: Of the tables below; a file of another version is set aside.
VERSION = 1
#: Numbers set aside at each start. No run sends as many messages.
RESERVED = 10**9
ID = re.compile(r'"id": ?"([\w-]+)"')
TABLES = """
CREATE TABLE IF NOT EXISTS message (seq INTEGER PRIMARY KEY, sink TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS message_by_sink ON message (sink, seq);
CREATE TABLE IF NOT EXISTS dropped (sink TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS number (next INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class OutboxSettings:
    """Where messages wait, and how many.

    Attributes
    ----------
    path : path, optional
        The database file, made if need be, as its directory is; memory alone if left out.
    max_messages : int
        Messages that may wait for one sink.
    max_bytes : int
        Bytes that they may take, as JSON.
    """

    path: str | os.PathLike[str] | None = None
    max_messages: int = 10_000
    max_bytes: int = 16 * 2**20

    def __post_init__(self) -> None:
        for name, value in (("max_messages", self.max_messages), ("max_bytes", self.max_bytes)):
            if value < 1:
                raise EdgecryError(f"outbox: {name}: found {value}; allowed is at least 1")


@dataclass(frozen=True)
class Entry:
    """A message that waits, under its sequence number."""

    seq: int
    message: EventMessage


class Outbox:
    """A bounded queue for each sink, on disk. Threads may share it; nothing here raises once it is made.

    What is full drops its oldest message, for the newest is what a parent wants to know, and counts
    it. What cannot be written, because the disk is full, waits in memory under the same bounds and is
    written when there is room. A database found corrupt is set aside as ``*.corrupt``.

    Order is a sequence number's; no clock has a part in it.

    Parameters
    ----------
    settings : OutboxSettings
        Where, and how many.

    Attributes
    ----------
    errors : int
        Times that the database could not be read or written.

    Raises
    ------
    EdgecryError
        Another process has the file open.
    """

    def __init__(self, settings: OutboxSettings | None = None) -> None:
        self.settings = settings or OutboxSettings()
        self.path = None if self.settings.path is None else Path(self.settings.path)
        self.errors = 0
        self._busy = False
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._complaint = ""
        self._next = 1
        self._memory: dict[int, tuple[str, str]] = {}  # sink and body, newer than all on disk
        self._delivered: set[int] = set()  # on disk still, because they could not be deleted
        self._sizes: dict[str, dict[int, int]] = {}  # of each message that waits, oldest first
        self._bytes: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._written_drops: dict[str, int] = {}
        if not self._connect() and self._busy:
            raise EdgecryError(
                f"outbox: {self.path} is in use by another process; end that one, or give each its own file"
            )

    def reserve(self) -> int:
        """The first of numbers that no run before has used, whatever became of the clock."""
        with self._lock:
            first = clock_number()
            try:
                if self._connect() and self._db:
                    ((last,),) = self._db.execute("SELECT coalesce(max(next), 0) FROM number")
                    first = max(first, last)
                    with self._db:
                        self._db.execute("DELETE FROM number")
                        self._db.execute("INSERT INTO number VALUES (?)", (first + RESERVED,))
            except sqlite3.Error as error:
                self._failed(error)
            return first

    def put(self, sink: str, message: EventMessage) -> None:
        """Queue a message for a sink. On return it is on disk, or in memory if the disk takes none."""
        body = json.dumps(message.to_dict(), separators=(",", ":"))
        with self._lock:
            self._memory[self._next] = (sink, body)
            self._sizes.setdefault(sink, {})[self._next] = len(body)
            self._bytes[sink] = self._bytes.get(sink, 0) + len(body)
            self._next += 1
            self._bound(sink)
            self._write()

    def peek(self, sink: str) -> Entry | None:
        """The oldest message that waits for a sink, or None."""
        with self._lock:
            while sizes := self._sizes.get(sink):
                seq = next(iter(sizes))
                body = self._body(seq)
                if body is None:
                    if seq in self._sizes.get(sink, {}):
                        return None  # the disk does not give it now
                    continue
                try:
                    return Entry(seq, EventMessage.from_dict(json.loads(body)))
                except (EdgecryError, ValueError, AttributeError, TypeError) as error:
                    self._drop(sink, seq, f"it is unreadable, {error}")
                    self._write()
            return None

    def done(self, sink: str, seq: int) -> None:
        """Forget a message that was delivered."""
        with self._lock:
            self._remove(sink, seq)
            self._write()

    # The next three take no lock, which a slow disk may hold: whoever asks is not to wait for it.

    def waiting(self) -> Mapping[str, int]:
        """How many messages wait for each sink."""
        return {sink: len(sizes) for sink, sizes in list(self._sizes.items())}

    def dropped(self) -> Mapping[str, int]:
        """How many messages of each sink were dropped, since the file was made."""
        return dict(self._dropped)

    def unwritten(self) -> Mapping[str, int]:
        """How many of them are in memory alone, and gone when the process is."""
        return Counter(sink for sink, _ in list(self._memory.values()))

    def close(self) -> None:
        """Write what still can be, and close the file."""
        with self._lock:
            self._write()
            self._disconnect()
            self.path = None

    # -- what waits, whether on disk or in memory ----------------------------------------------------

    def _body(self, seq: int) -> str | None:
        """The text of a message that waits; None if the disk does not give it."""
        if seq in self._memory:
            return self._memory[seq][1]
        try:
            if self._connect() and self._db:
                row = self._db.execute("SELECT body FROM message WHERE seq = ?", (seq,)).fetchone()
                return str(row[0]) if row else "null"
        except sqlite3.Error as error:
            self._failed(error)
        return None

    def _bound(self, sink: str) -> None:
        most, most_bytes = self.settings.max_messages, self.settings.max_bytes
        # Whatever its size, one message is kept.
        while (n := len(self._sizes[sink])) > 1 and (n > most or self._bytes[sink] > most_bytes):
            self._drop(sink, next(iter(self._sizes[sink])), "it is full, and that was the oldest")

    def _drop(self, sink: str, seq: int, why: str) -> None:
        name = ID.search(self._body(seq) or "")
        if seq not in self._sizes[sink]:
            return  # set aside with the database it was in, and counted there
        self._dropped[sink] = self._dropped.get(sink, 0) + 1
        self._remove(sink, seq)
        log.warning(
            "outbox: dropped %s for %s, the %d. so far: %s",
            name[1] if name else "a message",
            sink,
            self._dropped[sink],
            why,
        )

    def _remove(self, sink: str, seq: int) -> None:
        size = self._sizes.get(sink, {}).pop(seq, None)
        if size is None:
            return
        self._bytes[sink] -= size
        if self._memory.pop(seq, None) is None:
            self._delivered.add(seq)

    # -- the database --------------------------------------------------------------------------------

    def _write(self) -> None:
        """Bring the disk up to date, all or nothing; what fails is tried again at the next call."""
        for _ in range(2):  # again with a new database if the first proves corrupt
            if not self._connect() or self._db is None:
                return
            if not self._memory and not self._delivered and self._dropped == self._written_drops:
                return
            try:
                with self._db as db:
                    rows = [(seq, *row) for seq, row in self._memory.items()]
                    db.executemany("DELETE FROM message WHERE seq = ?", [(s,) for s in self._delivered])
                    db.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?)", rows)
                    db.executemany("INSERT OR REPLACE INTO dropped VALUES (?, ?)", self._dropped.items())
            except sqlite3.Error as error:
                if self._failed(error):
                    continue
                return
            self._memory.clear()
            self._delivered.clear()
            self._written_drops = dict(self._dropped)
            if self._complaint:
                log.warning("outbox: %s works again", self.path)
                self._complaint = ""

    def _connect(self) -> bool:
        """Open the database unless it is open; whether it is."""
        for _ in range(2):
            if self._db is not None or self.path is None:
                break
            try:
                self._load(self._open(self.path))
            except (sqlite3.Error, OSError) as error:
                if not self._failed(error):
                    break
        return self._db is not None

    def _open(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=0.2, check_same_thread=False)
        try:
            # One process a file, or each would deliver the other's messages; and no shared-memory
            # file, whose mapping may end in SIGBUS when the disk is full.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            # WAL with NORMAL survives kill -9 but not a power cut: the last commits may be gone, for
            # the log is not synced at each. FULL syncs it. Events are rare; a card bears it.
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA wal_autocheckpoint = 100")
            db.execute("PRAGMA journal_size_limit = 1048576")
            ((version,),) = db.execute("PRAGMA user_version")
            ((verdict,),) = db.execute("PRAGMA quick_check(1)")
            if verdict != "ok" or version not in (0, VERSION):
                raise _Unusable(f"version {version}, check: {verdict}")
            db.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    def _load(self, db: sqlite3.Connection) -> None:
        """Take up what an earlier run left: all of it older than what this one has in memory."""
        try:
            drops = dict(db.execute("SELECT sink, count FROM dropped"))
            ((newest,),) = db.execute("SELECT coalesce(max(seq), 0) FROM message")
            if self._next == 1:
                self._next = newest + 1
            elif newest > 0:
                # Numbers of this run are in use already, so the older ones move below them.
                with db:
                    db.execute("UPDATE message SET seq = seq - ?", (newest,))
            rows = list(db.execute("SELECT sink, seq, length(body) FROM message ORDER BY seq"))
        except BaseException:
            db.close()
            raise
        self._db = db
        ours, self._sizes = self._sizes, {}
        for sink, seq, size in rows:
            self._sizes.setdefault(sink, {})[seq] = size
        for sink, sizes in ours.items():
            self._sizes.setdefault(sink, {}).update(sizes)
        self._bytes = {sink: sum(sizes.values()) for sink, sizes in self._sizes.items()}
        for sink, count in drops.items():
            self._dropped[sink] = self._dropped.get(sink, 0) + count

    def _failed(self, error: sqlite3.Error | OSError) -> bool:
        """Count it, and say so unless that was said; True if that was corrupt and is out of the way."""
        self.errors += 1
        self._busy = _code(error) == sqlite3.SQLITE_BUSY
        if self.path and _is_corrupt(error):
            self._set_aside(self.path, error)
            return True
        if str(error) != self._complaint:
            self._complaint = str(error)
            log.error("outbox: %s: %s; messages wait in memory until it works again", self.path, error)
        return False

    def _set_aside(self, path: Path, error: Exception) -> None:
        """Keep a broken database for whoever wants to look at it; the next one replaces it."""
        self._disconnect()
        aside = path.with_name(path.name + ".corrupt")
        # What was on disk is out of reach; what is in memory goes to the new one.
        lost = 0
        for sink, sizes in self._sizes.items():
            kept = {seq: size for seq, size in sizes.items() if seq in self._memory}
            lost += len(sizes) - len(kept)
            self._dropped[sink] = self._dropped.get(sink, 0) + len(sizes) - len(kept)
            self._sizes[sink], self._bytes[sink] = kept, sum(kept.values())
        self._delivered.clear()
        self._written_drops.clear()
        log.error("outbox: %s: %s; set aside as %s, %d known messages lost", path, error, aside.name, lost)
        try:
            path.replace(aside)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        except OSError as trouble:
            log.error("outbox: %s cannot be set aside (%s); messages wait in memory", path, trouble)
            self.path = None

    def _disconnect(self) -> None:
        if self._db is not None:
            try:
                self._db.close()
            except sqlite3.Error as error:
                log.error("outbox: %s: %s", self.path, error)
            self._db = None


class _Unusable(sqlite3.DatabaseError):
    """A database that opens but is not ours."""


def _code(error: Exception) -> int:
    # The low byte is the family: SQLITE_CORRUPT_INDEX is a SQLITE_CORRUPT.
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_corrupt(error: Exception) -> bool:
    return isinstance(error, _Unusable) or _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
