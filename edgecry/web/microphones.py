"""Microphones of other listeners on this page. One that sends no report counts as lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.ids import DEVICE_NAME, utc
from edgecry.web.history import History
from edgecry.web.reports import Cry, Report

#: Seconds without a report after which a microphone is shown as lost, whatever its last report said.
LOST: Final = 30.0
#: The most microphones. One that has been lost for so many seconds makes room for a new one.
MOST: Final = 32
STALE: Final = 86_400.0
#: Seconds between two notes on the disk that a microphone exists.
NOTED: Final = 600.0
#: Number of cries that are kept for each microphone.
CRIES: Final = 1000
#: Number of reports that are taken at once, and then in each second.
BURST: Final = 300.0
RATE: Final = 20.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS microphone (name TEXT PRIMARY KEY, seen REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS elsewhere (
  name TEXT NOT NULL, event TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, duration REAL NOT NULL,
  peak REAL NOT NULL, mean REAL NOT NULL, label TEXT, PRIMARY KEY (name, event)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS elsewhere_started ON elsewhere (name, started_at);
"""

log = logging.getLogger("edgecry")


class RefusedError(EdgecryError):
    """A report is refused. ``status`` is the HTTP status of the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass
class _Microphone:
    """What is known of one microphone: by the two clocks of this machine, and by its newest report."""

    seen_at: float
    seen: float = -float("inf")
    report: Report | None = None
    last: dict[str, Any] | None = None  # of its newest cry
    noted: float = -float("inf")  # when it was last written to the disk
    doubled: float = -float("inf")  # when another one tried to report under its name


class Microphones:
    """What other listeners report. Threads may share it.

    Names and cries are kept in the history's file, so that a lost microphone is still shown as lost when the
    page starts again: if its card were missing, the room would look quiet.

    Parameters
    ----------
    own : str
        The name of the page's own microphone. No other can report under it.
    history : History
        Where names and cries are kept.
    clock, wall : callable
        Seconds of a clock that never goes back, and seconds since 1970.
    """

    def __init__(
        self,
        own: str,
        history: History,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._own, self._history, self._clock, self._wall = own, history, clock, wall
        self._lock = threading.Lock()
        self._left, self._filled = BURST, clock()
        with history.writing() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
        self._known = {
            row["name"]: _Microphone(row["seen"], last=next(iter(self.cries(row["name"], 1)), None))
            for row in history.rows("SELECT * FROM microphone ORDER BY name LIMIT ?", (MOST,))
        }

    def report(self, name: str, report: Report) -> None:
        """Take the report of one microphone.

        Raises
        ------
        RefusedError
            The name is not allowed or taken, there are too many, or reports come too fast.
        """
        with self._lock:
            one = self._admit(name)
            before, now = one.report, self._clock()
            is_other = before is not None and (before.machine, before.began) != (report.machine, report.began)
            is_newer = before is not None and before.machine == report.machine and report.began > before.began
            if is_other and not is_newer and now - one.seen <= LOST:
                if now - one.doubled > LOST:
                    log.warning("web: two microphones report as %s; give each a name of its own", name)
                one.doubled = now
                raise RefusedError(409, f"another microphone reports as {name}; give this one another name")
            one.report, one.seen, one.seen_at = report, now, self._wall()
            self._note(name, one)

    def tell(self, name: str, cry: Cry) -> None:
        """Take a cry of one microphone. A cry that comes twice is one. Errors: :meth:`report`, SinkError."""
        with self._lock:
            one = self._admit(name)
            started = self._wall() - cry.ago
            ended = utc(started + cry.duration) if cry.is_over else None
            with self._history.writing() as db:
                db.execute(
                    "INSERT INTO elsewhere VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                    "ended_at = coalesce(excluded.ended_at, ended_at), peak = max(peak, excluded.peak), "
                    "duration = max(duration, excluded.duration), mean = excluded.mean, "
                    "label = excluded.label",
                    (name, cry.event, utc(started), ended, cry.duration, cry.peak, cry.mean, cry.label),
                )
                db.execute(
                    "DELETE FROM elsewhere WHERE name = ? AND event IN (SELECT event FROM elsewhere "
                    "WHERE name = ? ORDER BY started_at DESC LIMIT -1 OFFSET ?)",
                    (name, name, CRIES),
                )
            one.last = next(iter(self.cries(name, 1)), None)

    def forget(self, name: str) -> bool:
        """Forget a lost microphone and its cries. Return False if it does not exist, or still reports."""
        with self._lock:
            one = self._known.get(name)
            if one is None or not self._is_lost(one):
                return False
            self._drop(name)
            return True

    def cries(self, name: str, limit: int = 50) -> list[dict[str, Any]]:
        """Return the newest cries of one microphone, the newest first."""
        return self._history.rows(
            "SELECT event, started_at, ended_at, duration, peak, mean, label FROM elsewhere WHERE name = ? "
            "ORDER BY started_at DESC LIMIT ?",
            (name, limit),
        )

    def now(self) -> list[dict[str, Any]]:
        """Return what holds now for each microphone, in the order of their names, ready for JSON."""
        with self._lock:
            return [self._shown(name, one) for name, one in sorted(self._known.items())]

    # -- under the lock ----------------------------------------------------------------------------------

    def _admit(self, name: str) -> _Microphone:
        """Return the microphone of a name. If it is new, make it if there is room, or refuse it."""
        if not DEVICE_NAME.fullmatch(name):
            raise RefusedError(400, "name: allowed are 1 to 64 letters, digits, - and _")
        if name == self._own:
            raise RefusedError(409, f"{name} is the page's own microphone; give this one another name")
        now = self._clock()
        self._left, self._filled = min(BURST, self._left + RATE * (now - self._filled)), now
        if self._left < 1:
            raise RefusedError(429, "reports come too fast")
        self._left -= 1
        if name not in self._known:
            self._make_room()
            self._known[name] = _Microphone(self._wall())
            self._note(name, self._known[name])
            log.info("web: %s reports to this page", name)
        return self._known[name]

    def _note(self, name: str, one: _Microphone) -> None:
        """Note on the disk, now and then, that a microphone exists. It is shown even if the disk is full."""
        if self._clock() - one.noted >= NOTED:
            with suppress(SinkError), self._history.writing() as db:
                db.execute("INSERT OR REPLACE INTO microphone VALUES (?,?)", (name, one.seen_at))
                one.noted = self._clock()

    def _make_room(self) -> None:
        if len(self._known) < MOST:
            return
        oldest = min(self._known, key=lambda name: self._known[name].seen_at)
        one = self._known[oldest]
        if not (self._is_lost(one) and abs(self._wall() - one.seen_at) > STALE):
            raise RefusedError(403, f"there are {MOST} microphones on this page, the most that are allowed")
        self._drop(oldest)

    def _drop(self, name: str) -> None:
        with self._history.writing() as db:
            db.execute("DELETE FROM microphone WHERE name = ?", (name,))
            db.execute("DELETE FROM elsewhere WHERE name = ?", (name,))
        del self._known[name]

    def _is_lost(self, one: _Microphone) -> bool:
        return self._clock() - one.seen > LOST

    def _shown(self, name: str, one: _Microphone) -> dict[str, Any]:
        report, is_lost = one.report, self._is_lost(one)
        if report is None or is_lost:
            state: dict[str, Any] = {
                "crying": None, "hearing": False, "microphone": "lost", "reason": "it does not report",
                "level_dbfs": None, "probability": None, "threshold": None, "muted": False,
            }  # fmt: skip
            crying_for = None
        else:
            state, crying_for = dict(report.state), report.crying_for
        return {
            "name": name,
            "own": False,
            **state,
            "since": None if crying_for is None else utc(one.seen_at - crying_for),
            "seen_at": utc(one.seen_at),
            "doubled": self._clock() - one.doubled <= LOST,
            "last_cry": one.last,
        }
