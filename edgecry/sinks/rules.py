"""How much a sink is told: the rules of its table, and the gate that keeps them.

A cry is told as a whole or not at all: whoever was told of its beginning is told of its end, and nobody hears
the end of what was kept from him.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edgecry.checks import check_kinds, number, one_of, shown
from edgecry.errors import EdgecryError
from edgecry.sinks.controls import Controls
from edgecry.sinks.message import (
    CRY_KINDS,
    EVENT_KINDS,
    SOURCE_KINDS,
    SOURCE_LOST,
    EventMessage,
    Health,
    Message,
    Report,
    SourceMessage,
)

KINDS: Final = (*EVENT_KINDS, *SOURCE_KINDS)
#: Cries whose recordings may still come.
_REMEMBERED: Final = 100
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True)
class Rules:
    """What a sink is told, and when.

    Parameters
    ----------
    on : tuple of str
        The kinds of events; all if there are none.
    min_length : float >= 0
        Seconds that a cry lasts before it is told of.
    cooldown : float >= 0
        Seconds after the beginning of a cry, or the loss of the source, in which no other is told of.
    quiet : str
        Hours of the day, by the device's clock, in which nothing is told: "08:00-20:00"; empty for none.
    mute : bool
        Whether nothing is told while alerts are off.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    on: tuple[str, ...] = ()
    min_length: float = 0.0
    cooldown: float = 0.0
    quiet: str = ""
    mute: bool = True

    def __post_init__(self) -> None:
        check_kinds(self)
        for kind in self.on:
            one_of("on", kind, KINDS)
        number("min_length", self.min_length, 0, 86_400, "s")
        number("cooldown", self.cooldown, 0, 86_400, "s")
        if self.quiet and not _SPAN.fullmatch(self.quiet):
            raise EdgecryError(f"quiet: found {shown(self.quiet)}; allowed are hours such as 08:00-20:00")
        if self.quiet and self.quiet[:5] == self.quiet[6:]:
            raise EdgecryError(f"quiet: found {self.quiet}, which ends as it begins; 00:00-23:59 is all day")

    def wants(self, kind: str) -> bool:
        """Tell whether events of this kind are told."""
        return not self.on or kind in self.on

    def is_quiet(self, seconds: float) -> bool:
        """Tell whether a time, in seconds since 1970, is in the quiet hours; these may go over midnight."""
        if not (found := _SPAN.fullmatch(self.quiet)):
            return False
        h, m, later_h, later_m = map(int, found.groups())
        begin, end = 60 * h + m, 60 * later_h + later_m
        time_of_day = datetime.fromtimestamp(seconds)
        now = 60 * time_of_day.hour + time_of_day.minute
        return begin <= now < end if begin <= end else not end <= now < begin


class Gate:
    """Lets through what the rules of a sink allow. Used by one thread.

    The beginning of a cry that is too short, too soon, in quiet hours or while alerts are off is held: it is
    told when the cry goes on and the reason is over. So is the loss of the source.

    Parameters
    ----------
    rules : Rules
        Of the sink.
    controls : Controls, optional
        Whether alerts are off; they are on if left out.
    clock, wall : callable
        Seconds, ever rising; and since 1970.
    """

    def __init__(
        self,
        rules: Rules,
        controls: Controls | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._rules, self._controls = rules, controls
        self._clock, self._wall = clock, wall
        self._held: dict[str, Report] = {}  # the beginning that is held, by what it is the beginning of
        self._last: dict[str, float] = {}  # when one was told last
        self._kept: deque[str] = deque(maxlen=_REMEMBERED)  # names of cries that were not told

    def admit(self, message: Message) -> Iterator[Message]:
        """Yield what is to be told or shown now, when this message has come."""
        if isinstance(message, EventMessage):
            yield from self._cry(message)
        elif isinstance(message, SourceMessage):
            yield from self._source(message)
        else:
            if isinstance(message, Health) and not message.hearing:
                yield from self._release("source", 0.0)
            yield message

    def _cry(self, message: EventMessage) -> Iterator[Message]:
        if message.kind == "start":
            self._held["cry"] = message
            self._kept.append(message.event)
        if message.kind in CRY_KINDS:
            for start in self._release("cry", message.duration):
                self._kept.remove(message.event)
                yield start
        if message.kind != "start" and message.event not in self._kept:
            yield message
        if message.kind == "end":
            self._held.pop("cry", None)

    def _source(self, message: SourceMessage) -> Iterator[Message]:
        if message.kind == SOURCE_LOST:
            self._held["source"] = message
            yield from self._release("source", 0.0)
            return
        if self._held.pop("source", None) is None:
            yield message

    def _release(self, what: str, length: float) -> Iterator[Report]:
        """Yield the beginning that is held, if nothing is in its way any more."""
        held, rules = self._held.get(what), self._rules
        if held is None or (what == "cry" and length < rules.min_length):
            return
        now, last = self._clock(), self._last.get(what)
        if last is not None and now - last < rules.cooldown:
            return
        if rules.is_quiet(self._wall()) or (rules.mute and self._controls and self._controls.is_muted):
            return
        del self._held[what]
        self._last[what] = now
        yield held
