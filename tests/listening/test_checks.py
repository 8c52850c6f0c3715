"""doctor's look at listen: the source, the sinks, the folders."""

import json
import shutil
import socket

import numpy as np
import pytest

from edgecry.diagnostics.process import Outcome
from edgecry.listening import checks
from edgecry.listening.checks import (
    examine_listening,
    folder,
    microphone,
    page,
    server,
    sink,
    sound,
    source,
    whole,
)
from edgecry.sinks.execute import ExecSettings
from edgecry.sinks.jsonl import JsonlSettings
from edgecry.sinks.mqtt_settings import MqttSettings
from edgecry.sinks.text import TextSettings
from edgecry.sinks.webhook import WebhookSettings
from edgecry.sources.settings import SourceSettings
from tests import graphs

MICROPHONES = [[0, "HDA Intel PCH", True], [2, "USB Audio", False], [3, "USB Camera", False]]


@pytest.fixture
def port():
    """A port that answers."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


@pytest.fixture
def dead_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]  # bound, but nobody listens


@pytest.mark.parametrize(
    ("wanted", "status", "found"),
    [
        ("", "ok", "microphone HDA Intel PCH"),
        (2, "ok", "microphone USB Audio"),
        ("usb AUDIO", "ok", "microphone USB Audio"),
        ("USB", "fail", "'USB' is a part of USB Audio, USB Camera"),
        ("none", "fail", "no microphone 'none'; there are HDA Intel PCH, USB Audio, USB Camera"),
        (7, "fail", "no microphone 7; there are"),
    ],
)
def test_microphones(wanted, status, found):
    check = microphone(wanted, Outcome(0, json.dumps(MICROPHONES), ""))
    assert check.status == status
    assert check.found.startswith(found)
    assert bool(check.advice) == (status == "fail")


def test_no_microphones():
    assert microphone("", Outcome(0, "[]", "")).found == "no microphone is there"
    trial = Outcome(1, "", "Traceback\nedgecry.errors.AudioError: device: PortAudio is missing")
    check = microphone("", trial)
    assert (check.status, check.found) == ("fail", "device: PortAudio is missing")


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        (SourceSettings("stdin"), "ok"),
        (SourceSettings("command", "sh -c x"), "ok"),
        (SourceSettings("command", "none-such -x"), "fail"),
        (SourceSettings("command", "'"), "fail"),
    ],
)
def test_sources(settings, status):
    assert source(settings).status == status


def heard(**changes):
    facts = {"seconds": 3.0, "level": -45.0, "peak": -20.0, "state": "hearing", "reason": ""}
    return Outcome(0, json.dumps(facts | changes), "")


@pytest.mark.parametrize(
    ("trial", "status", "found"),
    [
        (heard(), "ok", "level -45 dB, at most -20 dB of full scale"),
        (heard(level=-92.0, peak=-80.0), "warn", "level -92 dB, at most -80 dB of full scale: very quiet"),
        (heard(state="clipping", reason="it is clipped"), "warn", "it is clipped"),
        (
            heard(state="digital_silence", level=None, peak=None, reason="is it muted?"),
            "fail",
            "is it muted?",
        ),
        (heard(state="no_sound", level=None, peak=None, reason="no sound"), "fail", "no sound"),
        (Outcome(2, "", "microphone: is busy\n"), "fail", "microphone: is busy"),
    ],
)
def test_sound(trial, status, found):
    check = sound(trial)
    assert (check.name, check.status, check.found) == ("sound", status, found)
    assert bool(check.advice) == (status != "ok")


def test_the_source_is_listened_to(tmp_path):
    """And its level told, though nobody else is there to hear it."""
    noise = tmp_path / "noise.raw"
    noise.write_bytes((1000 * np.random.default_rng(0).standard_normal(64_000)).astype("<i2").tobytes())
    config = tmp_path / "listen.toml"
    config.write_text(f"model = 'cry'\n[source]\nkind = 'command'\ncommand = 'cat {noise}'\nsr = 16000\n")
    found = {check.name: check for check in examine_listening(config)}
    assert (found["sound"].status, found["sound"].found[:13]) == ("ok", "level -30 dB,")


def test_settings_as_a_whole(tmp_path):
    assert whole(tmp_path, Outcome(0, "", "")).status == "ok"
    check = whole(tmp_path, Outcome(2, "", "edgecry: x: is unknown"))
    assert (check.status, check.found) == ("fail", "x: is unknown")


def test_servers(port, dead_port):
    assert server("x", "127.0.0.1", port, "here").status == "ok"
    check = server("x", "127.0.0.1", dead_port, "here")
    assert check.status == "warn"  # events wait for it
    assert "Connection refused" in check.found


def test_the_page(port):
    """Its address has to be one of this machine; its port may be the one of a listener that runs."""
    assert page("127.0.0.1", port).status == "ok"
    assert page("192.0.2.1", 8377).status == "fail"
    assert "name another address in [web]" in page("no-such-host.invalid", 8377).advice


def test_folders(tmp_path):
    assert folder("x", tmp_path / "new" / "newer", 1).status == "ok"
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    assert "is no folder" in folder("x", tmp_path / "file" / "x", 1).found
    check = folder("x", tmp_path, 2 * shutil.disk_usage(tmp_path).total)
    assert (check.status, bool(check.advice)) == ("warn", True)


def test_a_folder_of_somebody_else(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert folder("x", tmp_path, 1).status == "fail"


def test_sinks(tmp_path, port, dead_port, monkeypatch):
    monkeypatch.setattr(checks, "TIMEOUT", 0.5)
    pytest.importorskip("paho.mqtt.client", reason="SOME SINKS ARE NOT TESTED: paho-mqtt is missing")
    missing = str(tmp_path / "none")
    for name, settings, status in (
        ("text", TextSettings(), "ok"),
        ("jsonl", JsonlSettings(tmp_path / "x.jsonl"), "ok"),
        ("jsonl", JsonlSettings(tmp_path / "none" / "x.jsonl"), "fail"),
        ("exec", ExecSettings("sh -c x"), "ok"),
        ("exec", ExecSettings("none-such"), "fail"),
        ("webhook", WebhookSettings(f"http://127.0.0.1:{port}/"), "ok"),
        ("webhook", WebhookSettings(f"http://127.0.0.1:{dead_port}/"), "warn"),
        ("webhook", WebhookSettings(f"http://127.0.0.1:{port}/", token_file=missing), "fail"),
        ("mqtt", MqttSettings("127.0.0.1", port), "fail"),  # it answers, and is no broker
        ("mqtt", MqttSettings("127.0.0.1", dead_port), "warn"),
        ("mqtt", MqttSettings("127.0.0.1", port, user="me", password_file=missing), "fail"),
    ):
        check = sink(name, settings)
        assert (check.name, check.status) == (f"sink {name}", status), check
        assert bool(check.advice) == (status != "ok")


def test_a_whole_file(tmp_path):
    ear = graphs.save(tmp_path / "ear.onnx", graphs.detector())
    config = tmp_path / "listen.toml"
    config.write_text(
        f"model = '{ear}'\n[source]\nkind = 'command'\ncommand = 'none-such'\n"
        f"[record]\ndir = '{tmp_path}'\nmax_bytes = 1_000_000\n[outbox]\npath = '{tmp_path}/o.db'\n"
        "[sinks.webhook]\nurl = 'http://127.0.0.1:9/'\n"
    )
    found = {check.name: check.status for check in examine_listening(config)}
    assert found == {
        "settings": "fail",  # as a whole, for want of the program
        "source": "fail",
        "recordings": "ok",
        "outbox": "ok",
        "sink text": "ok",
        "sink webhook": "warn",
    }


def test_a_file_that_is_none(tmp_path):
    (check,) = examine_listening(tmp_path / "none.toml")
    assert (check.name, check.status) == ("settings", "fail")
    assert "no such file" in check.found
