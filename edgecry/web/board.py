"""What holds now, in bounded memory: written by the listener and the sink, read by the page.

Nobody waits for the page here. Writing is a few assignments under a lock.
"""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from edgecry.sinks.controls import Controls
from edgecry.sinks.message import Health, Heartbeat, Message
from edgecry.sinks.present import Present
from edgecry.web.history import Minute

#: Scores that are kept for the curve of a cry: two a second, for the longest recording there can be.
CURVE: Final = 1800
#: The most points of a curve.
POINTS: Final = 300
#: Seconds of a curve before and after the cry.
AROUND: Final = 5.0
#: Minutes and notes that wait for the disk.
_MINUTES: Final = 1440
_NOTES: Final = 100


class Board(Present):
    """Holds what is true now, and what the history needs of it. The parameters are those of ``Present``."""

    def __init__(
        self,
        name: str,
        controls: Controls,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name, controls, clock, wall)
        self._counters: dict[str, float] = {}
        self._curve: deque[tuple[float, float]] = deque(maxlen=CURVE)
        self._minute: Minute | None = None
        self._over: deque[Minute] = deque(maxlen=_MINUTES)
        self._notes: deque[tuple[float, str, str]] = deque(maxlen=_NOTES)

    def _hear(self, level: float, score: float, position: float) -> float:
        heard = super()._hear(level, score, position)
        if heard:
            self._curve.append((position, score))
        self._count(heard)
        return heard

    def _count(self, heard: float) -> None:
        t, score = int(self._wall() // 60), self._score or 0.0
        now = self._minute
        if now is None or now.t != t:
            if now is not None:
                self._over.append(now)
            now = Minute(t, None, 0.0, 0.0)
        levels = [level for level in (now.level_max, self._level) if level is not None]
        self._minute = Minute(
            t, max(levels, default=None), round(max(now.score_max, score), 3), round(now.heard + heard, 3)
        )

    def tell(self, message: Message) -> None:
        """Take the newest message of its kind."""
        super().tell(message)
        if isinstance(message, Heartbeat):
            with self._lock:
                self._counters = dict(message.counters)

    def _judge(self, health: Health) -> None:
        if health.state not in (self._state, "starting"):
            self._notes.append((self._wall(), health.state, health.reason))
        super()._judge(health)

    def curve(self, start: float, end: float) -> str | None:
        """Return the scores around a cry as JSON: pairs of seconds from its start and score."""
        with self._lock:
            found = [(t, p) for t, p in self._curve if start - AROUND <= t <= end + AROUND]
        if not found:
            return None
        step = max(1, math.ceil(len(found) / POINTS))
        kept = (max(found[i : i + step], key=lambda one: one[1]) for i in range(0, len(found), step))
        return json.dumps([[round(t - start, 1), round(p, 3)] for t, p in kept])

    def take_minutes(self) -> list[Minute]:
        """Hand over the minutes that are over."""
        with self._lock:
            over = list(self._over)
            self._over.clear()
            return over

    def take_notes(self) -> list[tuple[float, str, str]]:
        """Hand over the times at which it began or ceased to hear, with the reasons."""
        with self._lock:
            notes = list(self._notes)
            self._notes.clear()
            return notes

    @property
    def is_muted(self) -> bool:
        """True while alerts are muted."""
        return self._muted() is not None

    @property
    def counters(self) -> Mapping[str, float]:
        """The counters of the listener at its last heartbeat."""
        with self._lock:
            return self._counters
