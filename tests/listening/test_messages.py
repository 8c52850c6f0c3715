"""Events to messages: names, times, reasons."""

import math
import time

import pytest

from edgecry.listening.clock import WallClock
from edgecry.listening.messages import Messages, Today
from edgecry.sinks.controls import Controls
from edgecry.sinks.ids import MessageIds
from edgecry.stream.events import CryEvent
from tests.sources.fakes import Clock


def event(kind: str = "start", number: int = 1, **changes) -> CryEvent:
    values = {
        "start": 89.0,
        "end": 93.0,
        "peak": 0.9666666666,
        "mean": 0.9,
        "reasons": None,
        "windows": 2,
        "label": "cry",
    }
    return CryEvent(kind, number, **{**values, **changes})


def messages() -> Messages:
    clock = Clock()
    wall = WallClock(clock, clock)
    wall.hear(0.0)
    clock.now += 95
    return Messages(MessageIds("cot", 1), wall, "cat", "cry")


def test_a_cry_has_one_name_and_its_times():
    make = messages()
    start, update, end = (make.event(event(kind)) for kind in ("start", "update", "end"))
    assert start.event == update.event == end.event == "cot-0000000000000001"
    assert [m.id for m in (start, update, end)] == [
        f"cot-{n:016d}-{kind}" for n, kind in ((1, "start"), (2, "update"), (3, "end"))
    ]
    # The clock began at 1000 s, and the cry 89 s after it.
    assert start.started_at == end.started_at == "1970-01-01T00:18:09.000Z"
    assert (start.end, start.ended_at) == (None, None)
    assert (end.end, end.ended_at) == (93.0, "1970-01-01T00:18:13.000Z")
    assert end.at == "1970-01-01T00:18:15.000Z"
    assert (end.duration, end.peak, end.windows) == (4.0, 0.966667, 2)
    assert make.event(event(number=2)).event != start.event


def test_a_label_is_a_reason_or_nothing():
    assert messages().event(event("end")).label is None
    reasons = {"hungry": 0.5, "tired": 0.5}
    told = messages().event(event("end", label="uncertain", reasons=reasons, reason_set=("hungry", "tired")))
    assert (told.label, told.reasons, told.reason_set) == ("uncertain", reasons, ("hungry", "tired"))


def test_crying_today():
    """All cries that are over, and the one at hand; anew after midnight, with a cry that goes on then."""
    morning = time.mktime((2026, 6, 1, 8, 0, 0, 0, 0, -1))
    today = Today()
    assert today.at(morning) == 0
    for kind, start, end in (("start", 10, 13), ("update", 10, 25), ("end", 10, 40), ("start", 80, 83)):
        today.hear(event(kind, start=start, end=end), morning)
    assert today.at(morning) == 33
    midnight = morning + 16 * 3600
    assert today.at(midnight - 1) == 33
    assert today.at(midnight) == 3
    today.hear(event("end", start=80, end=100), midnight)
    assert today.at(midnight) == 20


@pytest.mark.parametrize(
    ("seconds", "until"), [(0, None), (60, "1970-01-01T00:19:15.000Z"), (math.inf, None)]
)
def test_controls(seconds, until):
    clock = Clock()
    clock.now += 95
    controls = Controls(0.75, clock, clock)
    controls.mute(seconds)
    told = messages().controls(controls)
    assert (told.alerts, told.muted_until, told.threshold) == (not seconds, until, 0.75)


def test_heartbeat_takes_numbers_alone():
    counters = {"windows": 3, "rss_mb": 80.5, "source_error": "gone", "latency": None, "yes": True}
    assert messages().heartbeat(counters).counters == {"windows": 3, "rss_mb": 80.5}
