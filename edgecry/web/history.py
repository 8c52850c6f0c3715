"""What was heard, night after night: cries, minutes and the service's own troubles, in one SQLite file."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.message import EventMessage

#: The verdicts that a person may give on a cry.
CRY: Final = "cry"
NOT_A_CRY: Final = "not a cry"
VERDICTS: Final = (CRY, NOT_A_CRY)
#: The most rows of a table, whatever the number of days. It holds a year with a cry every five minutes.
MOST_CRIES: Final = 100_000
DAY: Final = 86_400
#: Bytes up to which the whole file is looked through for damage when it is opened.
CHECKED: Final = 32_000_000
#: Damaged files that are kept aside.
KEPT: Final = 5
#: Primary codes of SQLite: of a file that is damaged, and of a disk that is full or fails.
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cry (
  event TEXT PRIMARY KEY, started_at TEXT NOT NULL, ended_at TEXT, duration REAL NOT NULL,
  peak REAL NOT NULL, mean REAL NOT NULL, label TEXT, reasons TEXT, clip TEXT, curve TEXT,
  threshold REAL, verdict TEXT, judged_at REAL, muted INTEGER NOT NULL DEFAULT 0, source TEXT);
CREATE INDEX IF NOT EXISTS cry_started ON cry (started_at);
CREATE TABLE IF NOT EXISTS minute (
  t INTEGER PRIMARY KEY, level_max REAL, score_max REAL NOT NULL, heard REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS health (t REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS health_t ON health (t);
"""

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class Minute:
    """One minute of listening.

    Attributes
    ----------
    t : int
        Minutes since 1970.
    level_max : float or None
        The highest level, in dB of full scale; None for digital silence.
    score_max : float in [0, 1]
        The highest probability of a cry.
    heard : float
        Seconds of sound that arrived.
    """

    t: int
    level_max: float | None
    score_max: float
    heard: float


class History:
    """The file of what was heard. Threads may share it, and readers never wait for a writer.

    It is never a reason not to listen. A damaged file is moved away and a new one begun. Where the disk is
    full when it is opened, it is kept in memory until the next start. The log says so.

    Parameters
    ----------
    path : Path
        The file. Its folder is made if it does not exist.
    days : int
        Number of days that it goes back.
    clock : callable
        Seconds since 1970.
    ages : callable, optional
        The same, for what is too old to be kept; ``clock`` if left out.

    Attributes
    ----------
    revision : int
        Rises whenever the answer of :meth:`cries` has changed.

    Raises
    ------
    EdgecryError
        The file cannot be opened, or was written by a later edgecry.
    """

    def __init__(
        self,
        path: Path,
        days: int = 400,
        clock: Callable[[], float] = time.time,
        ages: Callable[[], float] | None = None,
    ) -> None:
        self.path, self._days, self._clock, self._ages = path, days, clock, ages or clock
        self._lock = threading.Lock()
        self.revision = int(1000 * clock())  # so that a page notices that the service started again
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as error:
            raise EdgecryError(
                f"{path}: the history cannot be opened ({error}); move it away for a new one"
            ) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._writer.close()
            self._reader.close()

    # -- written by the sink -----------------------------------------------------------------------------

    def tell(
        self,
        message: EventMessage,
        muted: bool = False,
        curve: str | None = None,
        threshold: float | None = None,
    ) -> None:
        """Write what a message says about a cry. A message older than the last one changes nothing.

        Raises
        ------
        SinkError
            The disk cannot be written.
        """
        reasons = None if message.reasons is None else json.dumps(dict(message.reasons))
        is_over = message.kind in ("end", "recorded")
        values = (
            message.event, message.started_at, message.ended_at if is_over else None, message.duration,
            message.peak, message.mean, message.label, reasons, message.clip, curve, threshold, int(muted),
            message.source,
        )  # fmt: skip
        with self.writing() as db:
            db.execute(
                "INSERT INTO cry (event, started_at, ended_at, duration, peak, mean, label, reasons, clip, "
                "curve, threshold, muted, source) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) "
                "ON CONFLICT (event) DO UPDATE SET started_at = excluded.started_at, "
                "ended_at = coalesce(excluded.ended_at, ended_at), "
                "duration = max(duration, excluded.duration), peak = max(peak, excluded.peak), "
                "mean = excluded.mean, label = excluded.label, reasons = excluded.reasons, "
                "clip = coalesce(excluded.clip, clip), curve = coalesce(excluded.curve, curve), "
                "threshold = coalesce(excluded.threshold, threshold), muted = max(muted, excluded.muted)",
                values,
            )
        self.revision += 1

    def move(self, events: Iterable[str], seconds: float) -> None:
        """Correct the times of these cries, because the clock they were told by was so far behind."""
        shift = f"{seconds:+.3f} seconds"
        with self.writing() as db:
            db.executemany(
                "UPDATE cry SET started_at = strftime('%Y-%m-%dT%H:%M:%fZ', started_at, ?), "
                "ended_at = strftime('%Y-%m-%dT%H:%M:%fZ', ended_at, ?) WHERE event = ?",
                [(shift, shift, event) for event in events],
            )
        self.revision += 1

    def add_minutes(self, minutes: Iterable[Minute]) -> None:
        """Write the minutes that are over."""
        rows = [(one.t, one.level_max, one.score_max, one.heard) for one in minutes]
        if rows:
            with self.writing() as db:
                db.executemany("INSERT OR REPLACE INTO minute VALUES (?,?,?,?)", rows)

    def note(self, notes: Iterable[tuple[float, str, str]]) -> None:
        """Write down troubles of the service and their ends: the time, one word and a sentence for each."""
        rows = [(t, kind, detail[:500]) for t, kind, detail in notes]
        if rows:
            with self.writing() as db:
                db.executemany("INSERT INTO health VALUES (?,?,?)", rows)

    def tidy(self) -> None:
        """Delete what is too old. Nothing is deleted while the clock is not set."""
        limit = self._ages() - DAY * self._days
        if limit <= 0:
            return
        oldest = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(limit))
        with self.writing() as db:
            db.execute("DELETE FROM cry WHERE started_at < ?", (oldest,))
            db.execute(
                "DELETE FROM cry WHERE event IN "
                "(SELECT event FROM cry ORDER BY started_at DESC LIMIT -1 OFFSET ?)",
                (MOST_CRIES,),
            )
            db.execute("DELETE FROM minute WHERE t < ?", (int(max(limit, self._ages() - 60 * DAY) // 60),))
            db.execute("DELETE FROM health WHERE t < ?", (limit,))
        self.revision += 1

    # -- written by the page -----------------------------------------------------------------------------

    def judge(self, event: str, verdict: str | None) -> bool:
        """Keep the verdict of a person on a cry; None takes it back. Return False if there is no such cry."""
        with self.writing() as db:
            done = db.execute(
                "UPDATE cry SET verdict = ?, judged_at = ? WHERE event = ?", (verdict, self._clock(), event)
            )
        self.revision += 1
        return done.rowcount > 0

    # -- read --------------------------------------------------------------------------------------------

    def cries(self, limit: int = 50, before: str = "", since: str = "") -> list[dict[str, Any]]:
        """Return the newest cries before one time and since another, the newest first."""
        return self.rows(
            "SELECT * FROM cry WHERE (? = '' OR started_at < ?) AND started_at >= ? "
            "ORDER BY started_at DESC LIMIT ?",
            (before, before, since, limit),
        )

    def cry(self, event: str) -> dict[str, Any] | None:
        """Return one cry by its name; None if there is no such cry."""
        return next(iter(self.rows("SELECT * FROM cry WHERE event = ?", (event,))), None)

    def clip(self, name: str) -> Path | None:
        """Return the path of a recording by its name, as it was noted when the recording was made."""
        rows = self.rows(
            "SELECT clip FROM cry WHERE clip = ? OR substr(clip, -length(?) - 1) = '/' || ?", (name,) * 3
        )
        return Path(rows[0]["clip"]) if rows else None

    def judged(self) -> list[dict[str, Any]]:
        """Return the cries that have a verdict and a recording, the oldest first."""
        return self.rows(
            "SELECT * FROM cry WHERE verdict IS NOT NULL AND clip IS NOT NULL ORDER BY started_at", ()
        )

    def minutes(self, since: int) -> list[Minute]:
        """Return the minutes since a given one, in order."""
        return [Minute(**row) for row in self.rows("SELECT * FROM minute WHERE t >= ? ORDER BY t", (since,))]

    def troubles(self, limit: int = 50) -> list[dict[str, Any]]:
        """Return the troubles of the service, the newest first."""
        return self.rows("SELECT * FROM health ORDER BY t DESC LIMIT ?", (limit,))

    def count(self) -> int:
        """Return the number of cries."""
        return int(self.rows("SELECT count(*) AS n FROM cry", ())[0]["n"])

    # -- the file ----------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Open the file, or what stands in for it."""
        place = self.path.absolute().as_uri()
        try:
            self._connect(place)
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes have the primary one below
            if code in _DAMAGED:
                moved = self._move_away()
                log.error(
                    "%s: is damaged (%s); it is now %s, and a new history begins", self.path, error, moved
                )
                self._connect(place)
            elif code in _FULL:
                log.error("%s: cannot be opened (%s); the history is not kept on the disk", self.path, error)
                self._connect(f"file:edgecry-{id(self)}?mode=memory&cache=shared")
                self._reader.execute("PRAGMA read_uncommitted = 1")
                return
            else:
                raise
        self.path.chmod(0o600)

    def _connect(self, place: str) -> None:
        with ExitStack() as opened:
            self._writer, self._reader = (
                opened.enter_context(
                    closing(
                        sqlite3.connect(
                            place, timeout=5.0, isolation_level=None, check_same_thread=False, uri=True
                        )
                    )
                )
                for _ in range(2)
            )
            for db in (self._writer, self._reader):
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA cache_size = -64")
            self._look_for_damage()
            self._prepare()
            opened.pop_all()  # all is well: they stay open

    def _look_for_damage(self) -> None:
        if self.path.stat().st_size > CHECKED:
            return
        found = self._reader.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            error = sqlite3.DatabaseError(found)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

    def _move_away(self) -> Path:
        """Keep a damaged file under another name, with what was not yet written into it.

        There are at most ``KEPT``, so that a failing disk is not filled: the newest replaces the last.
        """
        names = (f"{self.path.name}.damaged{n if n > 1 else ''}" for n in range(1, KEPT + 1))
        for moved in map(self.path.with_name, names):
            if not moved.exists():
                break
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + end).replace(moved.with_name(moved.name + end))
        return moved

    def _prepare(self) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise EdgecryError(f"{self.path}: a later edgecry wrote it (version {version}); move it away")
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = NORMAL")  # a power cut may take the last row, but no more
        self._writer.executescript(_SCHEMA)
        self._writer.execute(f"PRAGMA user_version = {_VERSION}")
        # A cry that went on when the power failed is over.
        self._writer.execute(
            "UPDATE cry SET ended_at = strftime('%Y-%m-%dT%H:%M:%fZ', started_at, duration || ' seconds') "
            "WHERE ended_at IS NULL"
        )

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction. One thread at a time may write."""
        with self._lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except sqlite3.Error as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise SinkError(f"{self.path}: the history cannot be written ({error})") from error

    def rows(self, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        """Return what a query finds. Raise SinkError if the file cannot be read."""
        try:
            return [dict(row) for row in self._reader.execute(query, values)]
        except sqlite3.Error as error:
            raise SinkError(f"{self.path}: the history cannot be read ({error})") from error


def shown(cry: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a cry as the interface tells it, with the address of its recording if that still exists."""
    clip = cry["clip"]
    # Not by Path, which enters each name into Python's table of names. Those of 50 cries at each request
    # leave holes there when they go, and make it grow by 1 MB.
    is_there = clip is not None and os.path.isfile(clip)  # noqa: PTH113
    return {
        "event": cry["event"],
        "started_at": cry["started_at"],
        "ended_at": cry["ended_at"],
        "duration": cry["duration"],
        "peak": cry["peak"],
        "mean": cry["mean"],
        "label": cry["label"],
        "reasons": None if cry["reasons"] is None else json.loads(cry["reasons"]),
        "clip": f"{prefix}/clips/{os.path.basename(clip)}" if is_there else None,  # noqa: PTH119
        "verdict": cry["verdict"],
        "muted": bool(cry["muted"]),
    }
