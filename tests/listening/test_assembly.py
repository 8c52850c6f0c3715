"""What listen is made of, from its settings."""

import io
import tomllib
from pathlib import Path

import pytest

from edgecry.errors import AudioError, EdgecryError
from edgecry.listening.assembly import assemble, describe, plan
from edgecry.listening.settings import load_settings, outbox_path
from edgecry.sinks.outbox import Outbox, OutboxSettings
from edgecry.stream.settings import EventSettings
from tests import graphs

SR = 8000
SAMPLE = Path(__file__).parents[2] / "docs" / "listen.toml"


@pytest.fixture
def ear(tmp_path) -> str:
    return str(graphs.save(tmp_path / "ear.onnx", graphs.detector(sr=SR, threshold=0.2)))


@pytest.fixture
def why(tmp_path) -> str:
    return str(graphs.save(tmp_path / "why.onnx", graphs.reasons(sr=SR)))


@pytest.fixture
def planned(ear):
    def make(environment=None, **overrides):
        dotted = {key.replace("__", "."): value for key, value in overrides.items()}
        settings = {"model": ear, "source.kind": "command", "source.command": "cat /dev/zero", **dotted}
        return plan(load_settings(None, settings), environment or {})

    return make


def test_events_follow_the_detector(planned, ear, why):
    assert planned().events == EventSettings.around(0.2)
    assert planned(threshold=0.3).events == EventSettings.around(0.3)
    assert planned(model=why, detector=ear).events == EventSettings.around(0.2)
    assert planned(model=why, detector=ear).models.named.name == "why"


def test_stream_is_made_as_planned(planned, ear, why):
    stream = planned(model=why, detector=ear, gate=-40.0).stream(16000)
    assert (stream.sr, stream.labels, stream.events) == (16000, graphs.LABELS, EventSettings.around(0.2))


def test_an_end_is_known_in_time(planned):
    """A recording holds back as much as an event can be late."""
    made = planned(events__end_after=60.0)
    assert made.lookback >= 60 + made.stream(SR).window
    assert planned(events__end_after=1000.0).lookback == 300.0  # what a recording can


def test_outbox_only_where_it_is_needed(planned, tmp_path):
    assert planned().outbox is None
    made = planned({"STATE_DIRECTORY": "/var/lib/edgecry:/x"}, sinks__webhook__url="http://x")
    assert made.outbox == Path("/var/lib/edgecry/outbox.db")


def test_places_of_the_outbox():
    settings = load_settings()
    assert outbox_path(settings, {"XDG_STATE_HOME": "/s"}) == Path("/s/edgecry/outbox.db")
    assert outbox_path(settings, {}) == Path.home() / ".local/state/edgecry/outbox.db"
    given = load_settings(None, {"outbox.path": "x.db"})
    assert outbox_path(given, {"STATE_DIRECTORY": "/s"}) == Path("x.db")


def test_planning_opens_nothing(planned, tmp_path):
    planned(record__dir=str(tmp_path / "clips"), outbox__path=str(tmp_path / "o" / "x.db"), source__device="")
    assert {path.name for path in tmp_path.iterdir()} == {"ear.onnx"}


def test_what_was_opened_is_closed_when_the_source_fails(planned, tmp_path):
    path = tmp_path / "outbox.db"
    (tmp_path / "bad").write_text("no program")
    (tmp_path / "bad").chmod(0o755)
    made = planned(
        sinks__webhook__url="http://x", outbox__path=str(path), source__command=str(tmp_path / "bad")
    )
    with pytest.raises(AudioError, match="cannot be started"), assemble(made, io.StringIO()):
        pass
    Outbox(OutboxSettings(path)).close()  # which another process, too, could open


def test_an_outbox_in_use_is_refused(planned, tmp_path):
    path = tmp_path / "outbox.db"
    made = planned(sinks__webhook__url="http://x", outbox__path=str(path))
    box = Outbox(OutboxSettings(path))
    try:
        with pytest.raises(EdgecryError, match="is in use by another process"), assemble(made, io.StringIO()):
            pass
    finally:
        box.close()


def test_description_tells_no_secret(planned, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("abracadabra\n")
    secret.chmod(0o600)
    made = planned(sinks__webhook__url="http://x/y?key=abracadabra", sinks__webhook__token_file=str(secret))
    told = dict(describe(made))
    assert told["sink webhook"] == "http://x/..."
    assert "abracadabra" not in repr(told)


# -- docs/listen.toml --------------------------------------------------------------------------------


def test_sample_file_is_what_is_allowed():
    settings = load_settings(SAMPLE)
    assert set(settings.sinks) == {"text", "jsonl", "exec", "webhook", "mqtt", "notify", "page"}


def test_sample_file_shows_every_key():
    """Those that are commented out, too: uncommented, it is still allowed, and lacks none."""
    from dataclasses import fields, is_dataclass
    from typing import get_type_hints

    from edgecry.listening.settings import ListenSettings
    from edgecry.sinks.making import SINKS, split
    from edgecry.sinks.rules import Rules

    lines = [line.removeprefix("# ") if " = " in line else line for line in SAMPLE.read_text().splitlines()]
    table = tomllib.loads("\n".join(line for line in lines if not line.startswith("# ")))
    sinks = table.pop("sinks")
    hints = get_type_hints(ListenSettings)
    assert set(table) == {f.name for f in fields(ListenSettings)} - {"sinks"}
    for name in table:
        if is_dataclass(hints[name]):
            assert set(table[name]) == {f.name for f in fields(hints[name])}, name
    for name, sink in SINKS.items():
        own, rules = split(sinks[name])
        assert set(own) == {f.name for f in fields(sink.Settings)}, name
        assert set(rules) == ({f.name for f in fields(Rules)} if name == "webhook" else set()), name


def test_sample_file_says_the_defaults():
    """Where a value is not commented out, and is no example."""
    examples = {"name", "kind", "command", "dir", "path", "url", "host", "urls_file"}
    found, defaults = load_settings(SAMPLE), load_settings()
    for table in ("source", "record", "outbox"):
        ours, theirs = (vars(getattr(settings, table)) for settings in (found, defaults))
        assert {k: v for k, v in ours.items() if k not in examples} == {
            k: v for k, v in theirs.items() if k not in examples
        }
    assert found.events.around(0.4) == EventSettings.around(0.4)
    assert (found.model, found.detector, found.heartbeat) == (
        defaults.model,
        defaults.detector,
        defaults.heartbeat,
    )
    from edgecry.sinks.making import SINKS
    from edgecry.sinks.rules import Rules

    for name, table in found.sinks.items():
        known = SINKS[name].Settings.__dataclass_fields__ | Rules.__dataclass_fields__
        for key, value in table.items():
            if key not in examples:
                assert value == known[key].default, (name, key)
