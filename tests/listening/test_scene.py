"""The scene of a whole night in ten minutes, from end to end: two cries are two events, whatever happens.

``edgecry listen`` runs as a process of its own, with the bundled detector.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from convert.scene import Scene, scene
from edgecry.models.bundled import bundled
from tests.sinks import mosquitto
from tests.sinks.messages import wait_for

CRY = bundled("cry")
pytestmark = pytest.mark.skipif(not CRY.exists(), reason=f"THE SCENE IS NOT TESTED: {CRY} is missing")

#: Seconds that an event's times may be off: a window.
WINDOW = 3.0
#: Seconds after which something hangs; a busy machine takes minutes for what takes seconds.
PATIENCE = 600

#: Writes a file in parts, each after a file of its own is there.
FEEDER = """\
import sys, time
from pathlib import Path
sound, *parts = sys.argv[1:]
data, out = Path(sound).read_bytes(), sys.stdout.buffer
for part in parts:
    begin, end, gate = part.split(":")
    while gate and not Path(gate).exists():
        time.sleep(0.02)
    out.write(data[int(begin):int(end)])
    out.flush()
"""
#: Writes the first part of a file and dies; started again, writes the rest and ends.
MORTAL = """\
import sys, time
from pathlib import Path
sound, cut, mark = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
data, out = Path(sound).read_bytes(), sys.stdout.buffer
if not mark.exists():
    mark.touch()
    out.write(data[:cut])
    sys.exit("unplugged")
out.write(data[cut:cut + 1600])
out.flush()
time.sleep(0.3)
out.write(data[cut + 1600:])
"""


@pytest.fixture(scope="module")
def night() -> Scene:
    return scene()


@pytest.fixture(scope="module")
def sound(night, tmp_path_factory) -> Path:
    """The scene as raw PCM."""
    path = tmp_path_factory.mktemp("scene") / "scene.raw"
    path.write_bytes(np.rint(night.samples * 32767).astype("<i2").tobytes())
    return path


def command(*argv: object) -> list[str]:
    return [sys.executable, "-m", "edgecry", "listen", "--model", "cry", *map(str, argv)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def run(*argv: object, **kwargs) -> subprocess.CompletedProcess[str]:
    """Listen to the end, which is a good one."""
    outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    done = subprocess.run(
        command(*argv), env=environment(), timeout=PATIENCE, check=False, **outputs, **kwargs
    )
    assert done.returncode == 0, done.stderr
    return done


def program(folder: Path, text: str, *argv: object) -> str:
    """A command line that runs a Python program."""
    path = folder / "program.py"
    path.write_text(text)
    return shlex.join([sys.executable, str(path), *map(str, argv)])


def messages(jsonl: Path) -> list[dict]:
    return [json.loads(line) for line in jsonl.read_text().splitlines()] if jsonl.exists() else []


def ended(told: list[dict]) -> int:
    return sum(message["kind"] == "end" for message in told)


def check(told: list[dict], night: Scene, late: float = 0.0) -> None:
    """Exactly the cries there are, in their times; the second ends ``late`` seconds late."""
    kinds = [message["kind"] for message in told if message["kind"] in ("start", "end")]
    assert kinds == ["start", "end"] * len(night.cries)
    ends = [message for message in told if message["kind"] == "end"]
    assert len({message["event"] for message in told}) == len(night.cries)
    for message, (start, end), shift in zip(ends, night.cries, (0.0, late), strict=True):
        assert abs(message["start"] - start) <= WINDOW
        assert abs(message["end"] - shift - end) <= WINDOW


def test_stdin(night, sound, tmp_path):
    """And what people are told is the same: a line a message, on stdout, and nothing else there."""
    with sound.open("rb") as file:
        done = run("-", "--jsonl", tmp_path / "events.jsonl", stdin=file)
    told = messages(tmp_path / "events.jsonl")
    check(told, night)
    lines = done.stdout.splitlines()
    assert len(lines) == len(told)
    assert [line.split(maxsplit=1)[1][:12] for line in lines if "still" not in line] == [
        *("crying began", "crying ended"),
        *("crying began", "crying ended"),
    ]


def test_command_with_recordings(night, sound, tmp_path):
    """Each event is kept from 5 s before to 5 s after it."""
    import soundfile

    cat = shlex.join(["cat", str(sound)])
    run(
        *("--from-command", cat, "--restart", "on-failure"),
        *("--jsonl", tmp_path / "events.jsonl", "--record", tmp_path / "clips", "--no-text"),
    )
    told = messages(tmp_path / "events.jsonl")
    check(told, night)
    recorded = [message for message in told if message["kind"] == "recorded"]
    assert len(recorded) == len(night.cries)
    for end in recorded:
        kept, sr = soundfile.read(end["clip"], dtype="int16")
        assert sr == night.sr
        assert abs(len(kept) / sr - (end["duration"] + 10)) <= 0.1
        first = round((end["start"] - 5) * sr)
        expected = np.rint(night.samples[first : first + len(kept)] * 32767).astype(np.int16)
        np.testing.assert_allclose(kept[: len(expected)], expected, atol=1)
    clips = sorted((tmp_path / "clips").glob("*.flac"))
    assert clips
    assert all(clip.with_suffix(".png").read_bytes().startswith(b"\x89PNG") for clip in clips)


def test_broker_killed_in_the_middle(night, sound, tmp_path):
    """Events wait for the broker to come back; each arrives, in order."""
    mosquitto.need()
    half = sound.stat().st_size // 4 * 2
    go, end = tmp_path / "go", tmp_path / "end"
    feeder = program(
        tmp_path, FEEDER, sound, f"0:{half}:", f"{half}:{2 * half}:{go}", f"{2 * half}:{2 * half}:{end}"
    )
    broker = mosquitto.Mosquitto(tmp_path)
    jsonl = tmp_path / "events.jsonl"
    argv = (
        *("--from-command", feeder, "--restart", "on-failure", "--name", "cot", "--jsonl", jsonl),
        *("--mqtt", f"127.0.0.1:{broker.port}", "--state", tmp_path / "state", "--heartbeat", "10"),
    )
    try:
        with mosquitto.Watcher(broker) as watcher, process(*argv) as listener:

            def published() -> list[dict]:
                return [json.loads(payload) for payload in watcher.payloads("edgecry/cot/event")]

            wait_for(lambda: ended(published()) == 1, "the first cry", PATIENCE)
            broker.end()
            go.touch()
            wait_for(lambda: ended(messages(jsonl)) == 2, "the second cry", PATIENCE)
            assert ended(published()) == 1
            listener.send_signal(signal.SIGSTOP)  # so that the watcher is there first
            watcher.ready.clear()
            broker.start()
            assert watcher.ready.wait(PATIENCE)
            listener.send_signal(signal.SIGCONT)
            wait_for(lambda: ended(published()) == 2, "the second cry, late", PATIENCE)
            end.touch()
            assert listener.wait(PATIENCE) == 0
            wait_for(lambda: watcher.payloads("edgecry/cot/availability")[-1:] == ["offline"], "the farewell")
            told = published()
            assert watcher.payloads("edgecry/cot/state")[-1] == "OFF"
            beat = json.loads(watcher.payloads("edgecry/cot/heartbeat")[-1])
    finally:
        broker.end()
    unique = {message["id"]: message for message in told}
    assert list(unique) == sorted(unique)
    check(list(unique.values()), night)
    assert beat["counters"]["events"] == 2
    assert (beat["counters"]["queued"], beat["counters"]["dropped"]) == (0, 0)


def test_source_that_dies_and_comes_back(night, sound, tmp_path):
    """In the middle of a cry: the second or so that is missing does not end it."""
    cut = 2 * round(sum(night.cries[1]) / 2 * night.sr)
    mortal = program(tmp_path, MORTAL, sound, cut, tmp_path / "mark")
    argv = ("--from-command", mortal, "--restart", "on-failure", "--jsonl", tmp_path / "events.jsonl")
    done = run(*argv)
    assert "ended with code 1: unplugged; starting again in 1 s" in done.stderr
    (missing,) = re.findall(r"([\d.]+) s of sound are missing", done.stderr)
    assert float(missing) > 0.5
    check(messages(tmp_path / "events.jsonl"), night, late=float(missing))


def test_disk_full(night, sound, tmp_path):
    """No recording, no outbox; all the rest goes on, and says what is wrong."""
    with small_disk(tmp_path / "disk") as disk, sound.open("rb") as file:
        done = run(
            *("-", "--jsonl", tmp_path / "events.jsonl", "--record", disk / "clips"),
            *("--webhook", "http://127.0.0.1:9/", "--state", disk / "state"),
            stdin=file,
        )
        assert list((disk / "clips").glob("*")) == []
    told = messages(tmp_path / "events.jsonl")
    check(told, night)
    assert {message["clip"] for message in told if message["kind"] == "end"} == {None}
    assert "No space left on device; events are not recorded meanwhile" in done.stderr
    assert "2 recordings failed" in done.stderr
    assert "webhook: " in done.stderr


@contextmanager
def process(*argv: object):
    """Listen, and be gone afterwards."""
    listener = subprocess.Popen(command(*argv), env=environment(), stderr=subprocess.DEVNULL)
    try:
        yield listener
    finally:
        with suppress(ProcessLookupError):
            listener.kill()
        listener.wait()


@contextmanager
def small_disk(path: Path):
    """A file system of a few kilobytes."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("A FULL DISK IS NOT TESTED: a tmpfs cannot be mounted here; run as root")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)
