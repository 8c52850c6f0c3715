"""jsonl: whole lines, rotation, a moved file, a full disk."""

import io
import json
import os
import shutil

import pytest

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.base import Backoff
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.jsonl import JsonlSettings, JsonlSink
from edgecry.sinks.message import EventMessage
from tests.sinks.messages import cry, open_files, wait_for
from tests.sinks.test_outbox import full_disk


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def sink(path, **settings) -> JsonlSink:
    return JsonlSink(JsonlSettings(path, **settings))


def read(path) -> list[EventMessage]:
    text = path.read_text()
    assert text == "" or text.endswith("\n")
    return [EventMessage.from_dict(json.loads(line)) for line in text.splitlines()]


@pytest.mark.parametrize("fsync", [True, False])
def test_lines(path, fsync):
    out = sink(path, fsync=fsync)
    for n in range(3):
        out.deliver(cry(n, clip="ä\n"))
        assert read(path) == [cry(k, clip="ä\n") for k in range(n + 1)], "there at once"
    out.close()
    out = sink(path, fsync=fsync)
    out.deliver(cry(3))
    out.close()
    assert len(read(path)) == 4


def test_fsync_is_each_line(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    for fsync in (False, True):
        out = sink(path, fsync=fsync)
        for n in range(3):
            out.deliver(cry(n))
        out.close()
        assert len(synced) == 3 * fsync


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_rotation(path, keep):
    """The newest of many lines stay, in order over the files. No file is too long."""
    size = len(json.dumps(cry(10).to_dict())) + 1
    out = sink(path, max_bytes=2 * size, keep=keep)
    for n in range(10, 21):  # all of one length
        out.deliver(cry(n))
    out.close()
    files = [path.with_name(f"{path.name}.{n}") for n in range(keep, 0, -1)] + [path]
    assert sorted(path.parent.iterdir()) == sorted(files)
    assert [m for file in files for m in read(file)] == [cry(n) for n in range(20 - 2 * keep, 21)]
    assert all(file.stat().st_size <= 2 * size for file in files)


def test_line_longer_than_a_file(path):
    out = sink(path, max_bytes=1, keep=1)
    out.deliver(cry(1))
    out.deliver(cry(2))
    assert read(path) == [cry(2)]
    assert read(path.with_name("events.jsonl.1")) == [cry(1)]


def test_no_rotation(path):
    out = sink(path, max_bytes=0)
    for n in range(20):
        out.deliver(cry(n))
    assert len(read(path)) == 20


@pytest.mark.parametrize("how", ["moved", "deleted", "replaced", "copied and truncated"])
def test_logrotate(path, how):
    out = sink(path)
    out.deliver(cry(1))
    aside = path.with_name("old")
    if how == "moved":
        path.rename(aside)
    elif how == "deleted":
        path.unlink()
    elif how == "replaced":
        aside.touch()
        aside.replace(path)
    else:
        shutil.copy(path, aside)
        os.truncate(path, 0)
    out.deliver(cry(2))
    out.deliver(cry(3))
    assert read(path) == [cry(2), cry(3)]


def test_torn_line_of_a_power_cut(path):
    path.write_text('{"schema": 1, "id": "nurs')
    sink(path).deliver(cry(1))
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert EventMessage.from_dict(json.loads(lines[1])) == cry(1)


def test_write_that_fails_halfway_leaves_no_torn_line(path, monkeypatch):
    out = sink(path)
    out.deliver(cry(1))
    write = os.write

    def half(file, data):
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return write(file, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(SinkError, match=r"events\.jsonl: No space left") as caught:
        out.deliver(cry(2))
    assert not caught.value.permanent
    assert read(path) == [cry(1)]
    monkeypatch.undo()
    out.deliver(cry(2))
    assert read(path) == [cry(1), cry(2)]


def test_full_disk_is_counted_and_passes(path, caplog):
    """It does not exit, nothing is lost, and the log has one line."""
    out = sink(path)
    out.backoff = Backoff(0.01, 0.02)
    with Dispatcher([out]) as dispatcher:
        dispatcher.send(cry(0))
        wait_for(lambda: dispatcher.statistics()["jsonl.delivered"] == 1)
        with full_disk():
            for n in (1, 2, 3):
                dispatcher.send(cry(n))
            wait_for(lambda: dispatcher.statistics()["jsonl.retries"] > 3)
            assert dispatcher.statistics()["jsonl.waiting"] == 3
        wait_for(lambda: dispatcher.statistics()["jsonl.delivered"] == 4)
    assert read(path) == [cry(n) for n in range(4)]
    assert len([r for r in caplog.records if "File too large" in r.getMessage()]) == 1


def test_directory_that_goes_and_comes_back(tmp_path):
    (tmp_path / "usb").mkdir()
    out = sink(tmp_path / "usb" / "events.jsonl")
    shutil.rmtree(tmp_path / "usb")
    with pytest.raises(SinkError, match="No such file"):
        out.deliver(cry(1))
    (tmp_path / "usb").mkdir()
    out.deliver(cry(1))
    assert read(tmp_path / "usb" / "events.jsonl") == [cry(1)]


def test_no_descriptor_is_left(path):
    before = open_files()
    out = sink(path, max_bytes=1000, keep=2)
    for n in range(20):
        out.deliver(cry(n))
    out.close()
    out.close()
    assert open_files() == before


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"path": ""}, "name a file"),
        ({"path": "x", "max_bytes": -1}, "max_bytes"),
        ({"path": "x", "keep": -1}, "keep: -1 is out of range; allowed are 0 to 1000"),
        ({"path": "x", "keep": 10**18}, "keep: 1000000000000000000 is out of range"),
    ],
)
def test_settings(settings, found):
    with pytest.raises(EdgecryError, match=found):
        JsonlSettings(**settings)


def test_where_no_file_can_be(tmp_path):
    with pytest.raises(EdgecryError, match="is a directory"):
        sink(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EdgecryError, match="not a file"):
        sink(tmp_path / "pipe")
    with pytest.raises(EdgecryError, match="does not exist; make it"):
        sink(tmp_path / "no" / "file")


def test_a_dash_is_standard_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = io.StringIO()
    out = JsonlSink.make(JsonlSettings("-"), stream)
    out.deliver(cry(1))
    out.close()
    assert json.loads(stream.getvalue()) == cry(1).to_dict()
    assert list(tmp_path.iterdir()) == []
    stream.close()
    with pytest.raises(SinkError) as caught:
        out.deliver(cry(2))
    assert caught.value.permanent


def test_a_new_file_is_its_owner_s(tmp_path):
    out = JsonlSink(JsonlSettings(tmp_path / "events.jsonl"))
    out.deliver(cry(1))
    out.close()
    assert (tmp_path / "events.jsonl").stat().st_mode & 0o777 == 0o600
