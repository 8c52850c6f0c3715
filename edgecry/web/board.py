"""What holds now, in bounded memory: written by the listener and the sink, read by the page.

Nobody waits for the page here. Writing is a few assignments under a lock.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from edgecry.sinks.controls import Controls
from edgecry.sinks.message import CRYING_KINDS, RECORDED, EventMessage, Health, Heartbeat, Message, utc
from edgecry.web.history import Minute

#: Seconds without a sign of the listener after which it does not hear, whatever it said last.
STUCK: Final = 5.0
#: Until when alerts are muted that are muted without end.
FOREVER: Final = "9999-12-31T00:00:00.000Z"
#: Scores that are kept for the curve of a cry, two a second: as long as one recording can be.
CURVE: Final = 1800
#: Points of a curve at most.
POINTS: Final = 300
#: Seconds of a curve before and after the cry.
AROUND: Final = 5.0
#: Minutes and notes that wait for the disk.
_MINUTES: Final = 1440
_NOTES: Final = 100


class Board:
    """What holds now.

    Parameters
    ----------
    name : str
        What the device is called. One page may come to show several.
    controls : Controls
        What a person may change.
    clock, wall : callable
        Seconds, ever rising; and since 1970.
    """

    def __init__(
        self,
        name: str,
        controls: Controls,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.controls = name, controls
        self._clock, self._wall = clock, wall
        self._lock = threading.Lock()
        self._began = wall()
        self._seen = clock()
        self._level: float | None = None
        self._score: float | None = None
        self._state, self._reason, self._hears = "starting", "", False
        self._cry: EventMessage | None = None
        self._counters: dict[str, float] = {}
        self._curve: deque[tuple[float, float]] = deque(maxlen=CURVE)
        self._minute: Minute | None = None
        self._over: deque[Minute] = deque(maxlen=_MINUTES)
        self._notes: deque[tuple[float, str, str]] = deque(maxlen=_NOTES)
        self._position = 0.0

    # -- the listener --------------------------------------------------------------------------------------

    def show(
        self,
        level: float,
        score: float,
        crying: float | None,  # noqa: ARG002 - the message of the cry tells it, by the clock
        position: float,
        trouble: str = "",  # noqa: ARG002 - its message has the whole sentence
    ) -> None:
        """Take the newest level in dB of full scale, and score; as ``edgecry.listening.listener.View``."""
        with self._lock:
            self._seen = self._clock()
            heard, self._position = max(0.0, min(position - self._position, 5.0)), position
            self._level = level if heard and math.isfinite(level) else None
            self._score = score
            if heard:
                self._curve.append((position, score))
            self._count(heard)

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

    # -- the sink ------------------------------------------------------------------------------------------

    def tell(self, message: Message) -> None:
        """Take the newest message of its sort."""
        with self._lock:
            if isinstance(message, Heartbeat):
                self._counters = dict(message.counters)
            elif isinstance(message, Health):
                self._judge(message)
            elif isinstance(message, EventMessage) and message.kind in CRYING_KINDS:
                self._cry = message
            elif isinstance(message, EventMessage) and message.kind != RECORDED:
                self._cry = None

    def _judge(self, health: Health) -> None:
        if health.state not in (self._state, "starting"):
            self._notes.append((self._wall(), health.state, health.reason))
        self._state, self._reason, self._hears = health.state, health.reason, health.hearing

    def curve(self, start: float, end: float) -> str | None:
        """Return scores around a cry as JSON: pairs of seconds from its start, and the score."""
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
        """Hand over when it began and ceased to hear, and why."""
        with self._lock:
            notes = list(self._notes)
            self._notes.clear()
            return notes

    # -- the page ------------------------------------------------------------------------------------------

    def now(self) -> dict[str, Any]:
        """Return what holds now, ready for JSON."""
        with self._lock:
            is_stuck = self._clock() - self._seen > STUCK
            state = "stuck" if is_stuck else self._state
            reason = "the listener gives no sign of life" if is_stuck else self._reason
            cry, hears = self._cry, self._hears and not is_stuck
            level, score = (self._level, self._score) if not is_stuck else (None, None)
            return {
                "name": self.name,
                "at": utc(self._wall()),
                "started_at": utc(self._began),
                "crying": cry is not None,
                "since": None if cry is None else cry.started_at,
                "event": None if cry is None else cry.event,
                "hearing": hears,
                "microphone": state,
                "reason": reason,
                "level_dbfs": None if level is None else round(level, 1),
                "probability": None if score is None else round(score, 3),
                "threshold": self.controls.threshold,
                "muted_until": self._muted(),
            }

    @property
    def is_muted(self) -> bool:
        """Whether alerts are muted now."""
        return self._muted() is not None

    @property
    def counters(self) -> Mapping[str, float]:
        """What the listener counted, as of its last heartbeat."""
        with self._lock:
            return self._counters

    def _muted(self) -> str | None:
        until = self.controls.muted_until
        if until is None or until <= self._wall():
            return None
        return FOREVER if math.isinf(until) else utc(until)
