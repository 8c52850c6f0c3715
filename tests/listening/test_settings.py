"""config: settings from a file, with flags on top."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.audio.pcm_format import PcmFormat
from edgecry.clips.folder import Quota
from edgecry.clips.recorder import ClipSettings
from edgecry.decision import Decision
from edgecry.errors import EdgecryError
from edgecry.listening.settings import ListenSettings, RecordSettings, load_settings, merge, parse_settings
from edgecry.sinks.making import SINKS
from edgecry.sources.restart import RestartSettings
from edgecry.stream.events import EventSettings

WHOLE = """\
model = "reasons.onnx"
detector = "cry.onnx"
threshold = 0.75
coverage = 0.9
gate = -60
name = "nursery"
heartbeat = 30

[source]
kind = "command"
command = "arecord -q -t raw -f S16_LE -c 1 -r 16000"
sr = 16000
channels = 1
encoding = "s16le"
restart = "on-failure"
stall = 5
hold = 20.5

[events]
onset = 0.7
release = 0.3
k = 3
n = 5
min_length = 4
end_after = 6
refractory = 7
update_every = 0

[record]
dir = "/var/lib/edgecry/clips"
pre = 3
post = 2
max_length = 600
max_bytes = 5_000_000
max_days = 7

[outbox]
path = "/var/lib/edgecry/outbox.db"
max_messages = 100
max_bytes = 1_000_000

[sinks.text]

[sinks.mqtt]
host = "broker"
port = 8883
tls = true
reasons = ["a", "b"]
"""


@pytest.fixture
def write(tmp_path):
    def put(text: str | bytes):
        path = tmp_path / "edgecry.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return put


def test_whole_file(write):
    settings = load_settings(write(WHOLE))
    assert (settings.model, settings.detector) == ("reasons.onnx", "cry.onnx")
    assert settings.decision == Decision(0.75, 0.9)
    assert (settings.gate, settings.name) == (-60, "nursery")
    assert settings.heartbeat == 30
    assert settings.source.command.startswith("arecord")
    assert (settings.source.pcm, settings.source.hold) == (PcmFormat(), 20.5)
    assert settings.events.around(0.1) == EventSettings(0.7, 0.3, 3, 5, 4, 6, 7, 0)
    assert settings.record.quota == Quota(5_000_000, 7)
    assert settings.record.clips(10) == ClipSettings(3, 2, 10, 600)
    assert settings.outbox.max_messages == 100
    assert list(settings.sinks) == ["text", "mqtt"]
    assert settings.sinks["mqtt"]["reasons"] == ["a", "b"]
    assert isinstance(settings.events.min_length, float)


def test_defaults(write):
    assert load_settings() == load_settings(write("")) == ListenSettings()


def test_defaults_agree_with_what_is_set_up_by_them():
    defaults = ListenSettings()
    assert defaults.record.clips(ClipSettings.lookback) == ClipSettings()
    assert defaults.record.quota == Quota()
    assert defaults.source.pcm == PcmFormat()
    assert (defaults.source.restart, defaults.source.stall) == (
        RestartSettings.policy,
        RestartSettings.stall,
    )


def test_nothing_can_be_changed(write):
    settings = load_settings(write(WHOLE))
    with pytest.raises(FrozenInstanceError):
        settings.model = "other"
    with pytest.raises(TypeError):
        settings.sinks["text"] = {}
    with pytest.raises(TypeError):
        settings.sinks["mqtt"]["host"] = "other"


def test_flags_go_on_top(write):
    flags = {
        "events.onset": 0.9,
        "source.kind": "stdin",
        "source.command": "",
        "record.dir": None,
        "sinks.jsonl.path": "x",
        "model": "other.onnx",
    }
    settings = load_settings(write(WHOLE), flags)
    assert (settings.events.onset, settings.events.release) == (0.9, 0.3)
    assert settings.source.kind == "stdin"
    assert settings.record.dir == "/var/lib/edgecry/clips"
    assert settings.sinks["jsonl"] == {"path": "x"}
    assert settings.model == "other.onnx"


def test_flags_alone():
    assert load_settings(None, {"record.pre": 1}).record == RecordSettings(pre=1.0)


def test_events_follow_the_threshold_unless_set():
    """Also the release, which is a share of the onset."""
    table = load_settings(None, {"events.k": 1}).events
    assert table.around(0.5) == replace(EventSettings.around(0.5), k=1)
    onset = load_settings(None, {"events.onset": 0.8}).events.around(0.5)
    assert onset == EventSettings.around(0.8)


def test_release_that_suits_only_some_detectors():
    table = load_settings(None, {"events.release": 0.7}).events
    assert table.around(0.9).release == 0.7
    with pytest.raises(EdgecryError, match=r"release: 0.7 is out of range; .* less than onset = 0.6"):
        table.around(0.6)


def test_merging_leaves_the_original_alone():
    table = {"events": {"k": 1}}
    assert merge(table, {"events.k": 2, "events.n": 3}) == {"events": {"k": 2, "n": 3}}
    assert table == {"events": {"k": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modell = ''", r"edgecry.toml: modell: is unknown; did you mean model\?"),
        ("[event]\nk = 1", r"edgecry.toml: event: is unknown; did you mean events\?"),
        ("[events]\nonest = 1", r"edgecry.toml: \[events\] onest: is unknown; did you mean onset\?"),
        ("[events]\nxyz = 1", r"\[events\] xyz: is unknown; allowed are onset, release, k, n, "),
        ("[sinks.mqtt]\nhots = 'x'", r"\[sinks.mqtt\] hots: is unknown; did you mean host\?"),
        ("[sinks.mqtt]\nport = 'x'", r"\[sinks.mqtt\] port: found 'x'; it has to be a whole number"),
        ("[sinks.mqtt]\nreasons = [1]", r"\[sinks.mqtt\] reasons: found \[1\]; it has to be a list of texts"),
        ("threshold = 2", "threshold: 2 is out of range; allowed are numbers above 0 and at most 1"),
        ("gate = 3", "gate: 3 dB is out of range; allowed are numbers below 0 dB"),
        ("name = 'a b'", "name: 'a b'; allowed are 1 to 64 letters"),
        ("model = ''", "model: is empty; name a file or a bundled model"),
        ("[sinks.mqqt]", r"\[sinks\] mqqt: is unknown; did you mean mqtt\?"),
        ("[events]\nonset = '0.7'", r"\[events\] onset: found '0.7'; it has to be a number"),
        ("[events]\nonset = true", r"\[events\] onset: found True; it has to be a number"),
        ("[events]\nonset = nan", r"\[events\] onset: found nan; it has to be a number"),
        ("[events]\nk = 1.5", r"\[events\] k: found 1.5; it has to be a whole number"),
        ("[events]\nk = 9", r"\[events\] k, n: 9 of 3 windows"),
        ("[events]\nonset = 0.2\nrelease = 0.4", r"\[events\] release: 0.4 is out of range"),
        ("model = 1", "model: found 1; it has to be a text"),
        ('model = "a\\u0000"', r"model: found 'a\\x00'; a text cannot hold the character of code 0"),
        ('[sinks.mqtt]\nca_file = "\\u0000"', r"\[sinks.mqtt\] ca_file: found '\\x00'; a text cannot hold"),
        ("events = 1", r"edgecry.toml: events: found 1; it is a table, so write \[events\]"),
        ("sinks = 1", r"sinks: found 1; it is a table"),
        ("[sinks]\ntext = 1", r"\[sinks\] sinks.text: found 1; it is a table"),
        ("[sinks.exec]\ncommand = {a = 1}", r"\[sinks.exec\] command: found a table; it has to be a text"),
        ("[sinks.exec]\ntimeout = inf", r"\[sinks.exec\] timeout: found inf"),
        ("[source]\nkind = 'radio'", r"\[source\] kind: 'radio' is unknown; allowed are device, command"),
        ("[source]\nkind = 'command'", r"\[source\] command: '' with kind 'command'"),
        ("[source]\ncommand = 'arecord'", r"\[source\] command: 'arecord' with kind 'device'"),
        ("[source]\nsr = 1", r"\[source\] sr: 1 Hz is out of range; allowed are 1000"),
        ("[source]\nencoding = 's8'", r"\[source\] encoding: 's8' is unknown"),
        ("[source]\nrestart = 'no'", r"\[source\] restart: 'no' is unknown"),
        ("[source]\nhold = 0", r"\[source\] hold: 0 s is out of range"),
        ("[source]\ndevice = 1.5", r"\[source\] device: found 1.5; it has to be a text or a whole number"),
        ("[record]\nmax_bytes = 1", r"\[record\] max_bytes: 1 is out of range"),
        ("[record]\npre = -1", r"\[record\] pre: -1 s is out of range"),
        ("[outbox]\nmax_messages = 0", r"\[outbox\] max_messages: 0 is out of range"),
        ("heartbeat = 1", "heartbeat .0 for none.: 1 s is out of range; allowed are 10 to 86400 s"),
        ("heartbeat = " + "9" * 400, "heartbeat: found 999.*; it has to be a number"),
        ("= 1", "edgecry.toml: is no TOML"),
        ("[" * 100_000, "edgecry.toml: is no TOML"),
        (b"model = '\xff'", "edgecry.toml: is no text in UTF-8 .invalid start byte.; save it as UTF-8"),
        ("#" * 1_000_001, "is longer than 1000000 bytes"),
    ],
)
def test_refusals(write, text, message):
    with pytest.raises(EdgecryError, match=message):
        load_settings(write(text))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"events.onset": 2.0}, r"command line: \[events\] onset: 2 is out of range"),
        ({"evnts.onset": 0.5}, r"command line: evnts: is unknown; did you mean events\?"),
    ],
)
def test_wrong_flags_are_not_blamed_on_the_file(write, flags, message):
    with pytest.raises(EdgecryError, match=message):
        load_settings(write(WHOLE), flags)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(EdgecryError, match=r"none.toml: no such file"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(EdgecryError, match=r"cannot be read \(Is a directory\)"):
        load_settings(tmp_path)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
keys = st.sampled_from(
    [f.name for f in fields(ListenSettings)] + [f.name for f in fields(EventSettings)] + list(SINKS)
)


@given(st.dictionaries(keys, plain | st.dictionaries(keys, plain, max_size=3), max_size=4))
def test_whatever_is_in_it_there_is_no_traceback(table):
    try:
        settings = parse_settings(table, "file")
    except EdgecryError as error:
        assert str(error).startswith("file: ")
    else:
        assert isinstance(settings, ListenSettings)


def test_a_mark_in_front_of_the_file_is_passed_over(write):
    """Editors of other systems put one there, and nobody sees it."""
    assert load_settings(write(b"\xef\xbb\xbfname = 'cot'")).name == "cot"
