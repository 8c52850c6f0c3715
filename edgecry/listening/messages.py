"""Cry events to messages: with names, times of the clock, and what is known of the reason."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from edgecry.decision import DIGITS
from edgecry.listening.clock import WallClock
from edgecry.listening.hearing import Verdict
from edgecry.models.rules import CRY
from edgecry.sinks.controls import Controls
from edgecry.sinks.ids import MessageIds, utc
from edgecry.sinks.message import (
    SOURCE_BACK,
    SOURCE_LOST,
    ControlsMessage,
    EventMessage,
    Health,
    Heartbeat,
    Reading,
    SourceMessage,
)
from edgecry.stream.events import CryEvent

#: Ends that are held until their recordings are done.
_MOST_ENDS: Final = 100


class Today:
    """Seconds of crying since midnight, by the device's clock. A cry over midnight is one of the new day."""

    def __init__(self) -> None:
        self._day = ""
        self._over = self._going_on = 0.0

    def hear(self, event: CryEvent, now: float) -> None:
        """Note an event, at a time in seconds since 1970."""
        self._over = self.at(now) - self._going_on
        self._going_on = event.duration
        if event.kind == "end":
            self._over, self._going_on = self._over + event.duration, 0.0

    def at(self, now: float) -> float:
        """Seconds so far, at a time in seconds since 1970."""
        day = time.strftime("%Y-%m-%d", time.localtime(now))
        if day != self._day:
            self._day, self._over = day, 0.0
        return self._over + self._going_on


class Messages:
    """Makes messages of events and counters.

    Parameters
    ----------
    ids : MessageIds
        Numbers them.
    clock : WallClock
        Tells when.
    source, model : str
        Where the sound comes from, and the model's name.
    """

    def __init__(self, ids: MessageIds, clock: WallClock, source: str, model: str) -> None:
        self._ids, self._clock = ids, clock
        self._source, self._model = source, model
        self._name = ""  # of the cry at hand
        self._today = Today()
        self._ends: dict[int, EventMessage] = {}  # of events whose recordings are to come, by their numbers

    def event(self, event: CryEvent, clip: Path | None = None) -> EventMessage:
        """The message of an event; those of one cry come one after another."""
        number = self._ids.next(event.kind)
        if event.kind == "start":
            self._name = MessageIds.event(number)
        is_start = event.kind == "start"
        self._today.hear(event, self._clock.now())
        message = EventMessage(
            id=number,
            event=self._name,
            kind=event.kind,
            at=utc(self._clock.now()),
            start=round(event.start, 3),
            end=None if is_start else round(event.end, 3),
            started_at=utc(self._clock.at(event.start)),
            ended_at=None if is_start else utc(self._clock.at(event.end)),
            duration=round(event.duration, 3),
            peak=round(event.peak, DIGITS),
            mean=round(event.mean, DIGITS),
            label=None if event.label == CRY else event.label,
            reasons=event.reasons and {label: round(p, DIGITS) for label, p in event.reasons.items()},
            reason_set=event.reason_set,
            windows=event.windows,
            clip=None if clip is None else str(clip),
            source=self._source,
            model=self._model,
            live=self._clock.is_live,
        )
        if event.kind == "end":
            self._ends[event.number] = message
            while len(self._ends) > _MOST_ENDS:
                del self._ends[next(iter(self._ends))]
        return message

    def recorded(self, number: int, clip: Path) -> EventMessage | None:
        """The message that the recording of an event is there; None for an event that has not ended."""
        end = self._ends.pop(number, None)
        if end is None:
            return None
        return replace(
            end,
            id=self._ids.next("recorded"),
            kind="recorded",
            at=utc(self._clock.now()),
            started_at=utc(self._clock.at(end.start)),  # the clock may have been set since
            ended_at=utc(self._clock.at(end.start if end.end is None else end.end)),
            clip=str(clip),
        )

    def reading(self, probability: float, level: float) -> Reading:
        """The message of what is heard now."""
        now = self._clock.now()
        return Reading(
            at=utc(now),
            probability=round(probability, 3),
            level=round(level, 1) if math.isfinite(level) else None,
            crying_today=round(self._today.at(now), 1),
        )

    def controls(self, controls: Controls) -> ControlsMessage:
        """The message of what a person has set."""
        until = controls.muted_until if controls.is_muted else None
        return ControlsMessage(
            at=utc(self._clock.now()),
            alerts=not controls.is_muted,
            muted_until=None if until is None or math.isinf(until) else utc(until),
            threshold=round(controls.threshold, 6),
        )

    def source(self, verdict: Verdict, seconds: float) -> SourceMessage:
        """The message that the source is lost, or back; it has been lost for so many seconds."""
        kind, now = SOURCE_LOST if verdict.is_deaf else SOURCE_BACK, self._clock.now()
        return SourceMessage(
            id=self._ids.next(kind),
            kind=kind,
            at=utc(now),
            state=verdict.state,
            reason=verdict.reason,
            since=utc(now - seconds),
            duration=round(seconds, 3),
            source=self._source,
        )

    def health(self, verdict: Verdict) -> Health:
        """The message of what the source is taken for."""
        return Health(
            at=utc(self._clock.now()),
            state=verdict.state,
            reason=verdict.reason,
            hearing=verdict.is_hearing,
        )

    def heartbeat(self, counters: Mapping[str, Any]) -> Heartbeat:
        """The message of counters; what is no number is left out."""
        numbers = {
            name: value
            for name, value in counters.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        return Heartbeat(
            id=self._ids.next("heartbeat"), at=utc(self._clock.now()), source=self._source, counters=numbers
        )
