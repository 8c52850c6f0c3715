"""Nights, from noon to noon: how long it cried in each hour, and the longest quiet stretch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from edgecry.web.history import Minute

#: The hour at which a night begins, and the hours that it has.
NOON: Final = 12
HOURS: Final = 24
#: A minute counts as listened to if at least so many of its seconds were heard.
LISTENED: Final = 30.0


@dataclass(frozen=True)
class Night:
    """One night, from noon to noon.

    Attributes
    ----------
    day : date
        The day on which it begins.
    crying : tuple of float [shape=(24,)]
        Seconds of crying in each hour.
    heard : tuple of float in [0, 1] [shape=(24,)]
        The share of each hour that was listened to.
    cries : int
        Number of cries that began.
    quiet : int
        Minutes of the longest stretch that was listened to and in which there was no cry.
    """

    day: date
    crying: tuple[float, ...]
    heard: tuple[float, ...]
    cries: int
    quiet: int

    @property
    def minutes(self) -> float:
        """Minutes of crying in the whole night."""
        return sum(self.crying) / 60

    def to_dict(self) -> dict[str, Any]:
        """Return the night as plain types, ready for JSON."""
        return {
            "day": self.day.isoformat(),
            "crying": [round(seconds) for seconds in self.crying],
            "heard": [round(share, 2) for share in self.heard],
            "cries": self.cries,
            "minutes": round(self.minutes, 1),
            "longest_quiet": self.quiet,
        }


def first_noon(now: datetime, n: int) -> datetime:
    """Return the noon at which the first of the last ``n`` nights begins; ``now`` knows its time zone."""
    noon = now.replace(hour=NOON, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=n - 1 + (now < noon))


def nights(
    cries: Iterable[Mapping[str, Any]], minutes: Sequence[Minute], now: datetime, n: int = 14
) -> list[Night]:
    """Return the last ``n`` nights, the newest first.

    Parameters
    ----------
    cries : iterable of mapping
        Rows of the history.
    minutes : sequence of Minute
        What was listened to.
    now : datetime
        The time, with its time zone. Hours are those of its clock.
    """
    first = first_noon(now, n)
    begin = first.timestamp()
    crying = [[0.0] * HOURS for _ in range(n)]
    counts, cried = [0] * n, set[int]()
    for cry in cries:
        start = datetime.fromisoformat(cry["started_at"]).timestamp()
        stop = min(start + cry["duration"], now.timestamp())
        if 0 <= (night := int((start - begin) // 86_400)) < n:
            counts[night] += 1
        cried.update(range(int(start // 60), int(stop // 60) + 1))
        while start < stop:  # a cry is counted hour by hour
            end = min(stop, start + 3600 - (start - begin) % 3600)
            place = int((start - begin) // 3600)
            if 0 <= place < n * HOURS:
                crying[place // HOURS][place % HOURS] += end - start
            start = end
    heard = [[0.0] * HOURS for _ in range(n)]
    quiet = [0] * n
    run, last = 0, None
    for minute in minutes:
        place = int((60 * minute.t - begin) // 3600)
        if not 0 <= place < n * HOURS or minute.heard < LISTENED:
            continue
        heard[place // HOURS][place % HOURS] += 1 / 60
        follows = last == minute.t - 1 and (60 * minute.t - begin) % 86_400 >= 60
        run = 0 if minute.t in cried else (run + 1 if follows else 1)
        last = minute.t
        quiet[place // HOURS] = max(quiet[place // HOURS], run)
    found = [
        Night((first + timedelta(days=i)).date(), tuple(crying[i]), tuple(heard[i]), counts[i], quiet[i])
        for i in range(n)
    ]
    return found[::-1]
