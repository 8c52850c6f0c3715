"""rules: what a sink is told, and when; a cry as a whole or not at all."""

import time
from datetime import datetime
from types import SimpleNamespace

import pytest

from edgecry.errors import EdgecryError
from edgecry.sinks.controls import Controls
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.ids import utc
from edgecry.sinks.making import SINKS, sink_rules, sink_settings
from edgecry.sinks.message import Health
from edgecry.sinks.rules import KINDS, Gate, Rules
from tests.sinks.messages import ListSink, cry, heartbeat, source

NOON = datetime(2026, 6, 1, 12).timestamp()


def step(kind: str, duration: float = 5.0, number: int = 1):
    """Make a message of a cry."""
    return cry(number, kind, event=f"cry-{number}", duration=duration)


@pytest.fixture
def gate():
    """A gate with rules and a clock that is moved by hand; ``tell`` gives the kinds that it lets through."""

    def make(**rules):
        made = SimpleNamespace(now=1000.0, wall=NOON, controls=Controls(0.8))
        inner = Gate(Rules(**rules), made.controls, lambda: made.now, lambda: made.wall)

        def tell(*messages):
            return [admitted.kind for message in messages for admitted in inner.admit(message)]

        made.tell = tell
        return made

    return make


CRY = [step("start", 2), step("update", 12), step("end", 15), step("recorded", 15)]


def test_everything_passes_without_rules(gate):
    assert gate().tell(*CRY) == ["start", "update", "end", "recorded"]
    assert gate().tell(step("end")) == ["end"], "of a cry whose beginning another run told"
    assert gate().tell(source(1), source(2, "source_back")) == ["source_lost", "source_back"]
    assert gate().tell(source(2, "source_back")) == ["source_back"]


@pytest.mark.parametrize(
    ("min_length", "told"),
    [
        (2, ["start", "update", "end", "recorded"]),
        (10, ["start", "update", "end", "recorded"]),
        (15, ["start", "end", "recorded"]),
        (16, []),
    ],
)
def test_min_length(gate, min_length, told):
    """The beginning is told late, or never, and with it all that follows."""
    assert gate(min_length=min_length).tell(*CRY) == told


def test_a_short_cry_does_not_hold_up_the_next(gate):
    made = gate(min_length=10)
    assert made.tell(step("start", 2), step("end", 5), step("start", 2, 2), step("update", 12, 2)) == [
        "start",
        "update",
    ]


def test_cooldown(gate):
    """From beginning to beginning; a cry that goes on after it is told."""
    made = gate(cooldown=60)
    assert made.tell(step("start"), step("end")) == ["start", "end"]
    made.now += 59
    assert made.tell(step("start", number=2), step("update", number=2)) == []
    made.now += 1
    assert made.tell(step("update", number=2), step("end", number=2)) == ["start", "update", "end"]
    assert made.tell(source(1)) == ["source_lost"], "which is another matter"


@pytest.mark.parametrize(
    ("quiet", "hour", "minute", "is_quiet"),
    [
        ("08:00-20:00", 12, 0, True),
        ("08:00-20:00", 8, 0, True),
        ("08:00-20:00", 7, 59, False),
        ("08:00-20:00", 20, 0, False),
        ("22:30-06:15", 23, 0, True),
        ("22:30-06:15", 6, 14, True),
        ("22:30-06:15", 6, 15, False),
        ("22:30-06:15", 22, 29, False),
        ("", 12, 0, False),
    ],
)
def test_quiet_hours(quiet, hour, minute, is_quiet):
    moment = datetime(2026, 6, 1, hour, minute).timestamp()
    assert Rules(quiet=quiet).is_quiet(moment) == is_quiet


def test_what_begins_in_quiet_hours_and_goes_on_is_told_after_them(gate):
    made = gate(quiet="08:00-20:00")
    assert made.tell(*CRY, source(1)) == []
    assert made.tell(step("start", number=2)) == []
    made.wall += 9 * 3600
    assert made.tell(step("update", number=2)) == ["start", "update"]


def test_alerts_that_are_off(gate):
    """A cry that was told is told to its end, or it would never be over for whoever was told."""
    made = gate()
    assert made.tell(step("start")) == ["start"]
    made.controls.mute()
    assert made.tell(step("update"), step("end")) == ["update", "end"]
    assert made.tell(step("start", number=2), step("update", number=2)) == []
    made.controls.mute(0)
    assert made.tell(step("update", number=2)) == ["start", "update"]
    made.controls.mute()
    assert gate(mute=False).tell(*CRY) == ["start", "update", "end", "recorded"]


def test_a_source_that_is_lost_while_alerts_are_off(gate):
    """Is told when they are on again, if it is still lost: the state of the source is repeated."""
    made, deaf = gate(), Health(at=utc(0), state="no_sound", reason="no sound", hearing=False)
    made.controls.mute()
    assert made.tell(source(1), deaf) == ["health"]
    made.controls.mute(0)
    assert made.tell(deaf, deaf, source(2, "source_back")) == [
        "source_lost",
        "health",
        "health",
        "source_back",
    ]
    made.controls.mute()
    assert made.tell(source(3), source(4, "source_back")) == []


def test_what_is_no_event_passes(gate):
    made = gate(quiet="00:00-23:59", min_length=100)
    made.controls.mute()
    assert made.tell(heartbeat(1)) == ["heartbeat"]


def test_kinds_are_of_deliveries():
    """What is shown follows the cry from beginning to end, whatever is delivered of it."""
    sink = ListSink()
    with Dispatcher([sink], rules={"list": Rules(on=("start",))}) as dispatcher:
        for message in CRY:
            dispatcher.send(message)
    assert [message.kind for message in sink.delivered] == ["start"]
    assert {"end", "recorded"} <= {message.kind for message in sink.shown}


def test_a_sink_that_is_no_alert_is_told_though_they_are_off():
    controls, alert, record = Controls(0.8), ListSink("alert"), ListSink("record")
    record.alerts = False
    controls.mute()
    with Dispatcher([alert, record], controls=controls) as dispatcher:
        dispatcher.send(step("start"))
    assert ([m.kind for m in alert.delivered], [m.kind for m in record.delivered]) == ([], ["start"])


def test_rules_stand_in_the_table_of_their_sink():
    tables = {
        "webhook": {"url": "http://a/", "on": ["start", "source_lost"], "cooldown": 60},
        "text": {"mute": True},
    }
    rules = sink_rules(tables)
    assert rules["webhook"] == Rules(on=("start", "source_lost"), cooldown=60)
    assert {name for name, rule in rules.items() if not rule.mute} == {"jsonl", "page"}
    assert {name for name, rule in sink_rules({}).items() if not rule.mute} == {"jsonl", "page", "text"}
    assert set(rules) == set(SINKS)
    assert sink_settings(tables, "cot")["webhook"].url == "http://a/"


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ({"on": ("begin",)}, "on: 'begin' is unknown; allowed are start"),
        ({"min_length": -1}, "min_length"),
        ({"cooldown": float("nan")}, "cooldown"),
        ({"quiet": "8-20"}, "quiet: found '8-20'; allowed are hours such as 08:00-20:00"),
        ({"quiet": "08:00-24:00"}, "quiet"),
        ({"quiet": "08:00-08:00"}, "ends as it begins; 00:00-23:59 is all day"),
    ],
)
def test_rules_that_are_refused(rules, found):
    with pytest.raises(EdgecryError, match=found):
        Rules(**rules)


def test_kinds():
    assert KINDS == ("start", "update", "end", "recorded", "source_lost", "source_back")
    assert time.localtime(NOON).tm_hour == 12
