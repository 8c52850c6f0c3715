"""What is told of a cry and of the source: plain, versioned messages, the same for every sink.

``event.schema.json`` next to this file is their JSON schema; ``docs/events.md`` explains them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any, TypeVar

from edgecry.errors import EdgecryError

#: Version of the messages. Fields may join within a version; none changes its meaning or leaves.
SCHEMA = 1
RECORDED = "recorded"
#: The steps of a cry, and with its recording.
CRY_KINDS = ("start", "update", "end")
EVENT_KINDS = (*CRY_KINDS, RECORDED)
#: The kinds while a baby cries.
CRYING_KINDS = ("start", "update")
HEARTBEAT = "heartbeat"
READING = "reading"
HEALTH = "health"
CONTROLS = "controls"
#: The kinds that tell whether the source is heard.
SOURCE_LOST, SOURCE_BACK = "source_lost", "source_back"
SOURCE_KINDS = (SOURCE_LOST, SOURCE_BACK)


@dataclass(frozen=True, kw_only=True)
class EventMessage:
    """One step in the life of a cry: it began, goes on, or ended, or its recording is there.

    Attributes
    ----------
    id : str
        Unique among all messages of a device, and sorts in the order in which they were made: drop
        what was seen before by it. Made by :class:`MessageIds`.
    event : str
        Names the cry: the same in all its messages.
    kind : {"start", "update", "end", "recorded"}
        The step. "recorded" comes after the end, with all that the end says, if a recording is kept.
    at : str
        When the message was made: ISO 8601, UTC, by the device's clock.
    start, end : float
        Where the cry begins, and how far it goes as yet, in seconds of the stream, counted in
        samples. ``end`` is None in a start.
    started_at, ended_at : str
        The same by the device's clock, ISO 8601, UTC. ``ended_at`` is None in a start.
    duration : float
        Length as yet in seconds.
    peak, mean : float in [0, 1]
        The largest and the mean probability of crying over the windows as yet.
    label : str, optional
        The reason, or "uncertain"; None while nothing is known of it.
    reasons : mapping of str to float in [0, 1], optional
        The probability of every reason; None while nothing is known.
    reason_set : tuple of str
        Reasons that the evidence does not rule out.
    windows : int
        Windows counted in ``peak`` and ``mean``.
    clip : str, optional
        Path of the recording, once it can be opened: in "recorded", and in the updates and the end of a
        cry that is longer than one file.
    source : str
        Where the sound comes from.
    model : str
        Name of the model.
    live : bool
        Whether the sound comes as it is heard. Of a recording, ``start`` and ``end`` tell where in it.

    Raises
    ------
    EdgecryError
        A field holds what it cannot.
    """

    id: str
    event: str
    kind: str
    at: str
    start: float
    end: float | None = None
    started_at: str
    ended_at: str | None = None
    duration: float
    peak: float
    mean: float
    label: str | None = None
    reasons: Mapping[str, float] | None = None
    reason_set: tuple[str, ...] = ()
    windows: int
    clip: str | None = None
    source: str
    model: str
    live: bool = True
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.kind not in EVENT_KINDS:
            raise _wrong("kind", self.kind, ", ".join(EVENT_KINDS))
        if (self.end is None) != (self.kind == "start") or (self.ended_at is None) != (self.end is None):
            raise _wrong(
                "end, ended_at", (self.end, self.ended_at), f"both unless it is a start: {self.kind}"
            )
        _check("schema", self.schema, SCHEMA, SCHEMA)
        for name in ("id", "event", "at", "started_at", "source", "model"):
            if not isinstance(value := getattr(self, name), str):
                raise _wrong(name, value, "text")
        if not isinstance(self.live, bool):
            raise _wrong("live", self.live, "true or false")
        if not isinstance(self.reason_set, tuple):
            raise _wrong("reason_set", self.reason_set, "a tuple of labels")
        _check("start", self.start, 0)
        _check("end", self.start if self.end is None else self.end, self.start)
        _check("duration", self.duration, 0)
        _check("windows", self.windows, 0)
        for name, p in (("peak", self.peak), ("mean", self.mean), *(self.reasons or {}).items()):
            _check(name, p, 0, 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON; ``schema`` comes first."""
        reasons = None if self.reasons is None else dict(self.reasons)
        return _plain(self) | {"reasons": reasons, "reason_set": list(self.reason_set)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EventMessage:
        """Read what :meth:`to_dict` wrote. Unknown fields, which a later edgecry may add, are left out.

        Raises
        ------
        EdgecryError
            A field is missing or holds what it cannot.
        """
        return _read(cls, values)


@dataclass(frozen=True, kw_only=True)
class SourceMessage:
    """That the source is not heard any more, or that it is heard again.

    Attributes
    ----------
    id, at, source
        As in :class:`EventMessage`.
    kind : {"source_lost", "source_back"}
        Which of the two.
    state : str
        What the listener takes the source for, as :class:`~edgecry.listening.hearing.Verdict` names it.
    reason : str
        What is wrong, in words for a person; empty if nothing is.
    since : str
        When it was found lost: ISO 8601, UTC, by the device's clock.
    duration : float
        Seconds since then.

    Raises
    ------
    EdgecryError
        A field holds what it cannot.
    """

    id: str
    kind: str
    at: str
    state: str
    reason: str
    since: str
    duration: float
    source: str
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.kind not in SOURCE_KINDS:
            raise _wrong("kind", self.kind, ", ".join(SOURCE_KINDS))
        _check("schema", self.schema, SCHEMA, SCHEMA)
        for name in ("id", "at", "state", "reason", "since", "source"):
            if not isinstance(value := getattr(self, name), str):
                raise _wrong(name, value, "text")
        _check("duration", self.duration, 0)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON; ``schema`` comes first."""
        return _plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SourceMessage:
        """Read what :meth:`to_dict` wrote, as :meth:`EventMessage.from_dict` does."""
        return _read(cls, values)


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """That the listener lives, and its counters. Told now or not at all: it never waits in an outbox.

    Attributes
    ----------
    id, at, source
        As in :class:`EventMessage`.
    counters : mapping of str to float
        Whatever is counted or measured, by name.
    """

    id: str
    at: str
    source: str
    counters: Mapping[str, float]
    kind: str = HEARTBEAT
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.kind != HEARTBEAT:
            raise _wrong("kind", self.kind, HEARTBEAT)
        _check("schema", self.schema, SCHEMA, SCHEMA)
        for name, value in self.counters.items():
            _check(name, value)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON; ``schema`` comes first."""
        return _plain(self) | {"counters": dict(self.counters)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Heartbeat:
        """Read what :meth:`to_dict` wrote, as :meth:`EventMessage.from_dict` does."""
        return _read(cls, values)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is heard now. Told now or not at all, and only to sinks that show it.

    Attributes
    ----------
    at : str
        When, as in :class:`EventMessage`.
    probability : float in [0, 1]
        Of a cry, in the newest window.
    level : float or None
        RMS in dB of full scale; None in digital silence.
    crying_today : float
        Seconds of crying since midnight, or since the listener started.
    """

    at: str
    probability: float
    level: float | None
    crying_today: float = 0.0
    kind: str = READING

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        names = ("at", "probability", "level", "crying_today")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether the listener hears. Told now or not at all, and only to sinks that show it.

    Attributes
    ----------
    at : str
        When, as in :class:`EventMessage`.
    state, reason : str
        What the listener takes the source for, and what is wrong with it; the reason is empty if nothing is.
    hearing : bool
        Whether a cry would be heard.
    """

    at: str
    state: str
    reason: str
    hearing: bool
    kind: str = HEALTH

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {"at": self.at, "state": self.state, "reason": self.reason, "hearing": self.hearing}


@dataclass(frozen=True, kw_only=True)
class ControlsMessage:
    """What a person has set. Told now or not at all, and only to sinks that show it.

    Attributes
    ----------
    at : str
        When, as in :class:`EventMessage`.
    alerts : bool
        Whether alerts are sent.
    muted_until : str or None
        Until when they are not: ISO 8601, UTC; None if they are sent, or off without end.
    threshold : float
        The probability from which on a window is a cry.
    """

    at: str
    alerts: bool
    muted_until: str | None
    threshold: float
    kind: str = CONTROLS

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        names = ("at", "alerts", "muted_until", "threshold")
        return {name: getattr(self, name) for name in names}


#: What waits in an outbox until it is delivered.
Report = EventMessage | SourceMessage
Message = Report | Heartbeat | Reading | Health | ControlsMessage
M = TypeVar("M", EventMessage, SourceMessage, Heartbeat)


def read_report(values: Mapping[str, Any]) -> Report:
    """Read what ``to_dict`` of an event or of a message about the source wrote.

    Raises
    ------
    EdgecryError
        A field is missing or holds what it cannot.
    """
    if values.get("kind") in SOURCE_KINDS:
        return _read(SourceMessage, values)
    return _read(EventMessage, values)


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of messages."""
    schema: dict[str, Any] = json.loads(files("edgecry.sinks").joinpath("event.schema.json").read_text())
    return schema


def _plain(message: Report | Heartbeat) -> dict[str, Any]:
    return {"schema": message.schema} | {f.name: getattr(message, f.name) for f in fields(message)}


def _read(cls: type[M], values: Mapping[str, Any]) -> M:
    known = {f.name for f in fields(cls)}
    try:
        kept = {name: value for name, value in values.items() if name in known}
        if isinstance(kept.get("reason_set"), list):
            kept["reason_set"] = tuple(kept["reason_set"])
        return cls(**kept)
    except (TypeError, ValueError, AttributeError) as error:
        raise EdgecryError(f"message: found one that does not fit its schema ({error})") from None


def _check(name: str, value: float, least: float = -math.inf, most: float = math.inf) -> None:
    if isinstance(value, bool) or not math.isfinite(value) or not least <= value <= most:
        raise _wrong(name, value, f"a number from {least} to {most}")


def _wrong(name: str, found: object, allowed: str) -> EdgecryError:
    return EdgecryError(f"message: {name}: found {found!r}; allowed: {allowed}")
