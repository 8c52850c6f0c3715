"""Overview: the contents of a picture of many recordings, by hour of the day and by file."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

#: The most files that get a row of their own: those with most crying.
ROWS: Final = 30
#: A time in the name of a file: ``20260131T024500Z`` as clips of edgecry have it, in UTC; or, as recorders
#: write it, ``20260131_024500`` or ``2026-01-31 02-45-00``, in local time.
_TIME: Final = re.compile(
    r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)[T_ -]?([0-2]\d)[-_.:h]?([0-5]\d)[-_.:m]?([0-5]\d)(?!\d)(Z?)",
    re.ASCII,
)
_HOUR: Final = 3600.0

#: Start and end of a cry, in seconds.
Span = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """A file: its name, its length in seconds, and when a baby cries in it."""

    name: str
    duration: float
    cries: tuple[Span, ...]

    @property
    def crying(self) -> float:
        """Seconds of all cries of the file."""
        return sum(end - start for start, end in self.cries)


class Overview:
    """Sums over recordings, in bounded memory.

    Attributes
    ----------
    crying, heard : list of float
        Seconds of crying, and of recordings, in each hour of the day, local time.
    files, errors : int
        Number of recordings so far, and of those that failed.
    cries : int
    seconds, crying_seconds : float
        Length of all recordings, and of all cries.
    by_name, by_change, unknown : int
        Number of recordings whose beginning is taken from the name, from the time of the last change, and
        of those whose beginning is not known. These are in no hour of the day.
    """

    def __init__(self) -> None:
        self.crying, self.heard = [0.0] * 24, [0.0] * 24
        self.files = self.errors = self.cries = self.by_name = self.by_change = self.unknown = 0
        self.seconds = self.crying_seconds = 0.0
        self._rows: list[tuple[float, int, Row]] = []  # a heap, with the least crying first

    def add(self, told: Mapping[str, Any], changed: float | None) -> None:
        """Count a recording.

        Parameters
        ----------
        told : mapping
            Its record, as :func:`edgecry.answers.records.record` makes it.
        changed : float or None
            When its file was changed last, in seconds since 1970; None if that is not known. This counts as
            its end, unless its name tells its beginning.
        """
        self.files += 1
        if "error" in told:
            self.errors += 1
            return
        duration, cries = told["duration"], tuple(spans(told))
        self.cries += len(cries)
        row = Row(told["file"], duration, cries)
        self.seconds += duration
        self.crying_seconds += row.crying
        start = start_of(row.name)
        if start is not None:
            self.by_name += 1
        elif changed is not None and _is_date(changed - duration) and _is_date(changed):
            self.by_change += 1
            start = changed - duration
        else:
            self.unknown += 1
        if start is not None:
            _spread(self.heard, start, start + duration)
            for begin, end in cries:
                _spread(self.crying, start + begin, start + end)
        heapq.heappush(self._rows, (row.crying, -self.files, row))  # among equals, the first ones stay
        if len(self._rows) > ROWS:
            heapq.heappop(self._rows)

    @property
    def rows(self) -> list[Row]:
        """The files with most crying, in the order in which they came."""
        return [row for _, _, row in sorted(self._rows, key=lambda entry: -entry[1])]


def spans(told: Mapping[str, Any]) -> Iterator[Span]:
    """Give the cries of a record. A short recording with a cry is one cry from its beginning to its end."""
    if "cries" in told:
        yield from ((cry["start"], cry["end"]) for cry in told["cries"])
    elif (cry := told.get("cry")) is not None and cry["detected"]:
        yield 0.0, told["duration"]


def start_of(name: str) -> float | None:
    """Read from a name when a recording began, in seconds since 1970. None if the name does not tell."""
    found = _TIME.search(Path(name).name)
    if found is None:
        return None
    *numbers, zone = found.groups()
    try:
        return datetime.fromisoformat("{}-{}-{}T{}:{}:{}{}".format(*numbers, zone)).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_date(seconds: float) -> bool:
    """Tell whether a time is in the calendar. That of a file may be in any year."""
    try:
        datetime.fromtimestamp(seconds)
    except (ValueError, OverflowError, OSError):
        return False
    return True


def _spread(hours: list[float], start: float, end: float) -> None:
    """Add a stretch of time to the hours of the day that it covers; if it is over a day, evenly to all."""
    days, rest = divmod(end - start, 24 * _HOUR)
    for i in range(24):
        hours[i] += days * _HOUR
    end = start + rest
    while start < end:
        clock = datetime.fromtimestamp(start)
        into = clock.minute * 60 + clock.second + clock.microsecond / 1e6
        part = min(end - start, max(_HOUR - into, 1e-3))
        hours[clock.hour] += part
        start += part
