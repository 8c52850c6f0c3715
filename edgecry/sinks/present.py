"""What holds now, for pages that show it: crying or not, hearing or not, level and probability."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from edgecry.sinks.controls import Controls
from edgecry.sinks.ids import utc
from edgecry.sinks.message import CRYING_KINDS, RECORDED, EventMessage, Health, Message

#: Seconds without a sign of the listener after which it counts as deaf, whatever it said last.
STUCK: Final = 5.0
#: The end of a mute that has no end.
FOREVER: Final = "9999-12-31T00:00:00.000Z"


class Present:
    """Holds what is true now. The listener and a sink write it, others read it. No writer waits for a reader.

    Parameters
    ----------
    name : str
        What the device is called.
    controls : Controls
        What a person may change.
    clock, wall : callable
        Seconds of a clock that never goes back, and seconds since 1970.
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
        self._position = 0.0

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
            self._hear(level, score, position)

    def _hear(self, level: float, score: float, position: float) -> float:
        """Take what is heard. Return the seconds of sound that came."""
        self._seen = self._clock()
        heard, self._position = max(0.0, min(position - self._position, 5.0)), position
        self._level = level if heard and math.isfinite(level) else None
        self._score = score
        return heard

    def tell(self, message: Message) -> None:
        """Take the newest message of its kind."""
        with self._lock:
            if isinstance(message, Health):
                self._judge(message)
            elif isinstance(message, EventMessage) and message.kind in CRYING_KINDS:
                self._cry = message
            elif isinstance(message, EventMessage) and message.kind != RECORDED:
                self._cry = None

    def _judge(self, health: Health) -> None:
        self._state, self._reason, self._hears = health.state, health.reason, health.hearing

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

    def _muted(self) -> str | None:
        until = self.controls.muted_until
        if until is None or until <= self._wall():
            return None
        return FOREVER if math.isinf(until) else utc(until)
