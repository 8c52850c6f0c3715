"""Outbox: messages wait here until their sink has delivered them, through power cuts."""

from __future__ import annotations

import itertools
import logging
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecry.checks import check_kinds, whole
from edgecry.sinks.ids import clock_number
from edgecry.sinks.message import Report
from edgecry.sinks.outbox_file import DamagedError, ForeignError, InUseError, Kept, OutboxFile
from edgecry.sinks.sealed import Sealed, seal

log = logging.getLogger("edgecry")

#: Numbers set aside at each start. No run sends as many messages.
RESERVED = 10**9


@dataclass(frozen=True)
class OutboxSettings:
    """Where messages wait, and how many.

    Attributes
    ----------
    path : path, optional
        The database file, made if need be, as its directory is. Without it an outbox is in memory alone;
        ``edgecry listen`` takes ``outbox.db`` in the service's own folder or the user's.
    max_messages : int >= 1
        Messages that may wait for one sink.
    max_bytes : int >= 1000
        Bytes that they may take, as JSON, on disk and in memory.
    """

    path: str | os.PathLike[str] | None = None
    max_messages: int = 10_000
    max_bytes: int = 16 * 2**20

    def __post_init__(self) -> None:
        check_kinds(self)
        whole("max_messages", self.max_messages, 1)
        whole("max_bytes", self.max_bytes, 1000)


@dataclass(frozen=True)
class Entry:
    """A message that waits, under its sequence number in this run."""

    seq: int
    message: Report


@dataclass
class _Waiting:
    """A message that waits, and its row in the file; None if it is not written yet."""

    sealed: Sealed
    row: int | None = None


class Outbox:
    """A bounded queue for each sink. Threads may share it; nothing here raises once it is made.

    The queues are in memory. The file is a copy of them, which the next run reads: it is brought up to date
    with every change, and what it does not take now is written later. So whatever happens to the file while
    the outbox is in use, no message that waits is lost.

    What is full drops its oldest message, for the newest is what a parent wants to know, and counts it.

    ===============================  ===================================================================
    the file                         what becomes of it
    ===============================  ===================================================================
    a message in it is damaged       the message goes to its table ``damaged``, and is counted as dropped
    the file is damaged              it is renamed to ``*.corrupt``, ``*.corrupt2`` and so on; a new one is
                                     begun with the messages that are found whole in the old one
    it is of a newer edgecry         the same, as ``*.newer``
    it cannot be read or written     messages wait in memory until it can
    it is gone, or another one       all that waits is written to a new one, or added to the other
    another process has it           the outbox is refused, or messages wait in memory if that process is
                                     a backup
    another program's database       the outbox is refused
    ===============================  ===================================================================

    Order is a sequence number's; no clock has a part in it.

    Parameters
    ----------
    settings : OutboxSettings
        Where, and how many.

    Attributes
    ----------
    errors : int
        Times that the file could not be read or written.

    Raises
    ------
    EdgecryError
        Another process, or another program, has the file.
    """

    def __init__(self, settings: OutboxSettings | None = None) -> None:
        self.settings = settings or OutboxSettings()
        path = self.settings.path
        self.errors = 0
        self._file = None if path is None else OutboxFile(Path(path))
        self._lock = threading.RLock()
        self._complaint = ""
        self._numbers = itertools.count(1)
        self._queues: dict[str, dict[int, _Waiting]] = {}  # by sequence number, oldest first
        self._unwritten: dict[int, _Waiting] = {}  # of these, what is not in the file yet
        self._bytes: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._written_drops: dict[str, int] = {}
        self._gone: list[int] = []  # rows of messages that do not wait any more
        self._reserved = 0  # numbers below this are used
        self._was_read = False  # whether a file was read in this run
        try:
            self._connect(is_first=True)
        except (InUseError, ForeignError):
            self._file = None  # it stays closed: it is not ours
            raise

    def reserve(self) -> int:
        """Return the first of numbers that no run before has used, whatever became of the clock."""
        first = clock_number()
        with self._lock:
            if self._connect() and self._file is not None:
                try:
                    first = self._file.reserve(first, RESERVED)
                except (sqlite3.Error, OSError, DamagedError) as error:
                    self._failed(error)
            self._reserved = first + RESERVED
        return first

    def put(self, sink: str, message: Report) -> None:
        """Queue a message for a sink. On return it is in the file, or in memory if that cannot be written."""
        with self._lock:
            self._add([_Waiting(seal(sink, message))])
            self._write()

    def peek(self, sink: str) -> Entry | None:
        """Return the oldest message that waits for a sink, or None."""
        with self._lock:
            for seq, waiting in self._queues.get(sink, {}).items():
                return Entry(seq, waiting.sealed.message)
            return None

    def done(self, sink: str, seq: int) -> None:
        """Forget a message that was delivered."""
        with self._lock:
            self._remove(sink, seq)
            self._write()

    def defer(self, sink: str, seq: int) -> None:
        """Put a message behind all others that wait for its sink, in this run."""
        with self._lock:
            queue = self._queues.get(sink, {})
            if seq in queue:
                new = next(self._numbers)
                queue[new] = queue.pop(seq)
                if seq in self._unwritten:
                    self._unwritten[new] = self._unwritten.pop(seq)

    def refresh(self) -> bool:
        """Try to use the file again; return True if it holds messages that were not known before."""
        with self._lock:
            before = sum(map(len, self._queues.values()))
            self._write()
            return sum(map(len, self._queues.values())) > before

    # The next three take no lock: a slow disk may hold it, and callers must not wait for a disk.

    def waiting(self) -> Mapping[str, int]:
        """Return how many messages wait for each sink."""
        return {sink: len(queue) for sink, queue in list(self._queues.items())}

    def dropped(self) -> Mapping[str, int]:
        """Return how many messages of each sink were dropped, since the file was made."""
        return dict(self._dropped)

    def unwritten(self) -> Mapping[str, int]:
        """Return how many of those that wait are in memory alone, and gone when the process is."""
        return Counter(waiting.sealed.sink for waiting in list(self._unwritten.values()))

    def close(self) -> None:
        """Write what still can be, and close the file."""
        with self._lock:
            self._write()
            if self._file is not None:
                self._file.close()
                self._file = None

    # -- what waits ----------------------------------------------------------------------------------

    def _add(self, messages: Iterable[_Waiting], before: bool = False) -> None:
        """Put messages behind those that wait, or before them."""
        new = {next(self._numbers): waiting for waiting in messages}
        unwritten = {seq: waiting for seq, waiting in new.items() if waiting.row is None}
        self._unwritten = unwritten | self._unwritten if before else self._unwritten | unwritten
        for sink in dict.fromkeys(waiting.sealed.sink for waiting in new.values()):
            ours = {seq: waiting for seq, waiting in new.items() if waiting.sealed.sink == sink}
            queue = self._queues.get(sink, {})
            self._queues[sink] = ours | queue if before else queue | ours
            size = sum(len(waiting.sealed.text) for waiting in ours.values())
            self._bytes[sink] = self._bytes.get(sink, 0) + size
            self._bound(sink)

    def _bound(self, sink: str) -> None:
        most, most_bytes, queue = self.settings.max_messages, self.settings.max_bytes, self._queues[sink]
        # Whatever its size, one message is kept.
        while len(queue) > 1 and (len(queue) > most or self._bytes[sink] > most_bytes):
            seq, waiting = next(iter(queue.items()))
            self._remove(sink, seq)
            self._dropped[sink] = self._dropped.get(sink, 0) + 1
            log.warning(
                "outbox: dropped %s for %s, the %d. so far: it is full, and that was the oldest",
                waiting.sealed.message.id,
                sink,
                self._dropped[sink],
            )

    def _remove(self, sink: str, seq: int) -> None:
        waiting = self._queues.get(sink, {}).pop(seq, None)
        if waiting is None:
            return
        self._bytes[sink] -= len(waiting.sealed.text)
        self._unwritten.pop(seq, None)
        if waiting.row is not None:
            self._gone.append(waiting.row)

    # -- the file ------------------------------------------------------------------------------------

    def _write(self) -> None:
        """Bring the file up to date, all or nothing; what fails is tried again at the next call."""
        for _ in range(2):  # again with a new file if the first proves damaged
            if not self._connect() or self._file is None:
                return
            new = list(self._unwritten.values())
            if not new and not self._gone and self._dropped == self._written_drops:
                return
            texts = [(waiting.sealed.sink, waiting.sealed.text) for waiting in new]
            try:
                rows = self._file.write(texts, self._gone, self._dropped)
            except (sqlite3.Error, OSError, DamagedError) as error:
                if self._failed(error):
                    continue
                return
            for waiting, row in zip(new, rows, strict=True):
                waiting.row = row
            self._unwritten = {}
            self._gone.clear()
            self._written_drops = dict(self._dropped)
            if self._complaint:
                log.warning("outbox: %s works again", self._file.path)
                self._complaint = ""

    def _connect(self, is_first: bool = False) -> bool:
        """Open the file if it is closed, and take up what it holds. Return True if it is open afterwards."""
        for _ in range(2):
            if self._file is None or self._file.is_open:
                break
            try:
                kept = self._file.open()
                if self._reserved:  # a new file does not know of them
                    self._file.reserve(self._reserved, 0)
            except (InUseError, ForeignError) as error:
                if is_first:
                    raise
                self._complain(error)
                break
            except (sqlite3.Error, OSError, DamagedError) as error:
                if not self._failed(error):
                    break
                continue
            self._take_up(kept)
            if kept.damaged:
                log.error(
                    "outbox: %s: %d messages are damaged, and counted as dropped; its table damaged has them",
                    self._file.path,
                    kept.damaged,
                )
        return self._file is not None and self._file.is_open

    def _take_up(self, kept: Kept) -> None:
        """Take what a file holds for older than what this run has, and what both have for the same."""
        self._forget_rows()
        known = self._known()
        for row, sealed in kept.messages.items():
            if (sealed.sink, sealed.message.id) in known:
                seq = known[sealed.sink, sealed.message.id]
                self._queues[sealed.sink][seq].row = row
                del self._unwritten[seq]
        older = {r: s for r, s in kept.messages.items() if (s.sink, s.message.id) not in known}
        self._add([_Waiting(sealed, row) for row, sealed in older.items()], before=True)
        for sink, count in kept.dropped.items():
            ours = self._dropped.get(sink, 0)
            self._dropped[sink] = max(ours, count) if self._was_read else ours + count
        self._was_read = True

    def _known(self) -> dict[tuple[str, str], int]:
        """Return the sequence numbers of all that waits, by sink and id."""
        return {
            (sink, waiting.sealed.message.id): seq
            for sink, queue in self._queues.items()
            for seq, waiting in queue.items()
        }

    def _forget_rows(self) -> None:
        """Take all that waits for not written: the file that had it is not the file any more."""
        self._unwritten = {seq: w for queue in self._queues.values() for seq, w in queue.items()}
        for waiting in self._unwritten.values():
            waiting.row = None
        self._gone.clear()
        self._written_drops = {}

    def _failed(self, error: Exception) -> bool:
        """Count a failure of the file. Return True if the file was damaged and is out of the way."""
        self.errors += 1
        if isinstance(error, DamagedError) and self._file is not None:
            try:
                aside, found = self._file.set_aside(error)
            except OSError as trouble:
                self._complain(OSError(f"{error}; it cannot be set aside ({trouble})"))
                return False
            self._forget_rows()
            known = self._known()
            taken = [_Waiting(sealed) for sealed in found if (sealed.sink, sealed.message.id) not in known]
            self._add(taken, before=True)
            log.error(
                "outbox: %s: %s; set aside as %s, and %d messages taken over from it",
                self._file.path,
                error,
                aside.name,
                len(taken),
            )
            return True
        self._complain(error)
        return False

    def _complain(self, error: Exception) -> None:
        """Say what is wrong with the file, unless that was said."""
        if self._file is not None and str(error) != self._complaint:
            self._complaint = str(error)
            log.error("outbox: %s: %s; messages wait in memory until it works again", self._file.path, error)
