"""Messages: their schema, plain types and back, ids that sort."""

import itertools
import json
import threading
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.errors import EdgecryError
from edgecry.sinks import ids
from edgecry.sinks.ids import MessageIds, default_device, utc
from edgecry.sinks.message import EventMessage, Heartbeat, SourceMessage, json_schema, read_report
from tests.sinks.messages import cry, heartbeat, source

probability = st.floats(0, 1)
seconds = st.floats(0, 1e9)


@st.composite
def events(draw) -> EventMessage:
    kind = draw(st.sampled_from(("start", "update", "end")))
    begin, length = draw(seconds), draw(seconds)
    moment = draw(st.floats(0, 4e9).map(utc))
    device = draw(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
    return EventMessage(
        id=f"{device}-{draw(st.integers(0, 10**16 - 1)):016d}-{kind}",
        event=draw(st.text(min_size=1)),
        kind=kind,
        at=moment,
        start=begin,
        end=None if kind == "start" else begin + length,
        started_at=moment,
        ended_at=None if kind == "start" else moment,
        duration=length,
        peak=draw(probability),
        mean=draw(probability),
        label=draw(st.none() | st.text()),
        reasons=draw(st.none() | st.dictionaries(st.text(), probability, max_size=5)),
        reason_set=tuple(draw(st.lists(st.text(), max_size=3))),
        windows=draw(st.integers(0, 10**9)),
        clip=draw(st.none() | st.text()),
        source=draw(st.text()),
        model=draw(st.text()),
    )


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


# -- schema ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(message=events())
def test_every_event_fits_the_schema(validator, message):
    validator.validate(json.loads(json.dumps(message.to_dict(), allow_nan=False)))


@settings(deadline=None)
@given(counters=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.integers()))
def test_every_heartbeat_fits_the_schema(validator, counters):
    beat = Heartbeat(id=heartbeat().id, at=utc(0), source="s", counters=counters)
    validator.validate(json.loads(json.dumps(beat.to_dict())))
    assert Heartbeat.from_dict(beat.to_dict()) == beat


@pytest.mark.parametrize("kind", ["source_lost", "source_back"])
def test_every_message_of_the_source_fits_the_schema(validator, kind):
    told = source(kind=kind)
    validator.validate(json.loads(json.dumps(told.to_dict())))
    assert read_report(told.to_dict() | {"later": 1}) == told
    for change in ({"kind": "start"}, {"duration": -1}, {"reason": None}, {"since": 5}):
        assert not validator.is_valid(told.to_dict() | change)
        with pytest.raises(EdgecryError, match="message"):
            read_report(told.to_dict() | change)


@pytest.mark.parametrize(
    ("cls", "name"), [(EventMessage, "event"), (SourceMessage, "source"), (Heartbeat, "heartbeat")]
)
def test_schema_names_every_field_and_no_other(cls, name):
    definition = json_schema()["$defs"][name]
    names = {field.name for field in fields(cls)}
    assert set(definition["properties"]) == names
    assert set(definition["required"]) == names


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"kind": "pause"},
        {"peak": 1.5},
        {"mean": None},
        {"end": None},
        {"kind": "start"},
        {"at": "2026-11-23 21:04:10"},
        {"reasons": {"hungry": "0.5"}},
        {"reason_set": "hungry"},
        {"windows": 1.5},
        {"start": -1},
        {"id": "nursery-1-end"},
        {"clip": 5},
    ],
)
def test_schema_refuses(validator, change):
    assert validator.is_valid(cry().to_dict())
    assert not validator.is_valid(cry().to_dict() | change)


def test_schema_lets_fields_join(validator):
    assert validator.is_valid(cry().to_dict() | {"loudness": -20})


def test_documented():
    """The page that explains them names each field, and shows messages that are valid."""
    text = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
    for cls in (EventMessage, SourceMessage, Heartbeat):
        assert all(f"`{field.name}`" in text for field in fields(cls))
    examples = [block.split("```")[0] for block in text.split("```json\n")[1:]]
    assert len(examples) == 3
    for example, cls in zip(examples, (EventMessage, SourceMessage, Heartbeat), strict=True):
        values = json.loads(example)
        assert cls.from_dict(values).to_dict() == values


# -- plain types and back ----------------------------------------------------------------------------


@settings(deadline=None)
@given(events())
def test_round_trip(message):
    assert EventMessage.from_dict(json.loads(json.dumps(message.to_dict()))) == message


def test_unknown_fields_are_left_out():
    assert EventMessage.from_dict(cry().to_dict() | {"loudness": -20}) == cry()


@pytest.mark.parametrize("name", [f.name for f in fields(EventMessage) if f.default is not None][:-1])
def test_missing_field(name):
    values = cry().to_dict()
    del values[name]
    if name == "reason_set":
        assert EventMessage.from_dict(values).reason_set == ()
    elif name == "live":  # which 0.2.0 did not say
        assert EventMessage.from_dict(values).live
    else:
        with pytest.raises(EdgecryError, match=name):
            EventMessage.from_dict(values)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"kind": "pause"}, "kind: found 'pause'; allowed: start, update, end"),
        ({"end": None}, "end, ended_at: found"),
        ({"ended_at": None}, "end, ended_at: found"),
        ({"end": 5.0}, "end: found 5.0"),
        ({"peak": 1.01}, "peak: found 1.01"),
        ({"mean": float("nan")}, "mean: found nan"),
        ({"reasons": {"hungry": -0.1}}, "hungry: found -0.1"),
        ({"reasons": [1]}, "does not fit"),
        ({"peak": "high"}, "does not fit"),
        ({"peak": True}, "peak: found True"),
        ({"start": -1.0}, "start: found -1.0"),
        ({"schema": 2}, "schema: found 2"),
        ({"windows": float("inf")}, "windows: found inf"),
        ({"reason_set": 5}, "reason_set: found 5"),
        ({"reason_set": "hungry"}, "reason_set: found 'hungry'"),
        ({"id": 5}, "id: found 5"),
        ({"model": None}, "model: found None"),
    ],
)
def test_wrong_values(change, found):
    with pytest.raises(EdgecryError, match=found):
        EventMessage.from_dict(cry().to_dict() | change)


@pytest.mark.parametrize("values", [None, 5, "text", [1], {}])
def test_not_a_message(values):
    with pytest.raises(EdgecryError, match="does not fit"):
        EventMessage.from_dict(values)


@pytest.mark.parametrize("change", [{"kind": "end"}, {"counters": {"x": float("nan")}}, {"counters": 5}])
def test_wrong_heartbeat(change):
    with pytest.raises(EdgecryError):
        Heartbeat.from_dict(heartbeat().to_dict() | change)


# -- ids and times -----------------------------------------------------------------------------------


def test_ids_sort_in_order(monkeypatch):
    made = MessageIds("nursery", 998)
    kinds = itertools.cycle(("start", "update", "heartbeat", "end"))
    ids = [made.next(next(kinds)) for _ in range(20)]
    assert ids == sorted(set(ids))
    assert ids[0] == "nursery-0000000000000998-start"
    assert MessageIds.event(ids[0]) == "nursery-0000000000000998"


def test_ids_continue_by_the_clock(monkeypatch):
    monkeypatch.setattr(ids, "clock_number", iter((5, 10)).__next__)
    assert MessageIds("a").next("end") < MessageIds("a").next("end")


def test_ids_of_many_threads_differ():
    made, ids = MessageIds("nursery"), []
    threads = [
        threading.Thread(target=lambda: ids.extend(made.next("end") for _ in range(500))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 2000


@pytest.mark.parametrize("device", ["", "a b", "a/b", "+", "ä", "x" * 65, "a\n"])
def test_device_names(device):
    with pytest.raises(EdgecryError, match="device: found"):
        MessageIds(device)


@pytest.mark.parametrize(
    ("host", "device"),
    [("pi", "pi"), ("pi.local", "pi-local"), ("räume 2", "r-ume-2"), ("ä", "edgecry"), ("x" * 99, "x" * 64)],
)
def test_default_device(monkeypatch, host, device):
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert MessageIds(default_device()).device == device


def test_utc():
    assert utc(0) == "1970-01-01T00:00:00.000Z"
    assert utc(1_763_936_277.1234) == "2025-11-23T22:17:57.123Z"
