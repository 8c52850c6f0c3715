"""edgecry listen: what is refused, what is shown, and how it ends."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgecry.listening import assembly
from tests import graphs
from tests.sinks.messages import wait_for

SR = 8000


@pytest.fixture
def ear(tmp_path) -> Path:
    """A detector that takes what is loud for a cry, in windows of 0.2 s."""
    return graphs.save(tmp_path / "ear.onnx", graphs.detector(sr=SR, threshold=0.2, floor_dbfs=-60.0))


@pytest.fixture
def flags(ear) -> tuple[object, ...]:
    events = ("--min-length", 0.2, "--end-after", 0.5, "--refractory", 0, "--update-every", 0)
    return ("--model", ear, "--rate", SR, "--name", "cot", *events)


def noise(seconds: float) -> bytes:
    rng = np.random.default_rng(0)
    return (8000 * rng.standard_normal(round(seconds * SR))).clip(-32768, 32767).astype("<i2").tobytes()


def quiet(seconds: float) -> bytes:
    return bytes(2 * round(seconds * SR))


def start(*argv: object, **kwargs) -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm"}
    return subprocess.Popen([sys.executable, "-m", "edgecry", "listen", *map(str, argv)], env=env, **kwargs)


def test_from_stdin_to_text_and_lines(process, flags, tmp_path):
    path = tmp_path / "events.jsonl"
    done = process("listen", "-", *flags, "--jsonl", path, input=quiet(1) + noise(2) + quiet(2))
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [message["kind"] for message in told] == ["start", "end"]
    assert told[0]["start"] == pytest.approx(1.0, abs=0.2)
    assert told[1]["end"] == pytest.approx(3.0, abs=0.2)
    assert [message["source"] for message in told] == ["stdin", "stdin"]
    assert len(done.stdout.splitlines()) == 2
    assert b"crying began" in done.stdout
    assert b"\x1b" not in done.stderr  # no terminal, no live line


def test_quiet(process, flags):
    done = process("listen", "-", *flags, "--quiet", "--no-text", input=noise(1))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_the_cry_and_the_process_well(flags, tmp_path, number):
    path = tmp_path / "events.jsonl"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    restore = {"preexec_fn": lambda: signal.signal(number, signal.default_int_handler)}
    with start("-", *flags, "--jsonl", path, **pipes, **restore) as listener:
        listener.stdin.write(noise(1.5))
        listener.stdin.flush()
        wait_for(lambda: path.exists() and b'"start"' in path.read_bytes())
        listener.send_signal(number)
        assert listener.wait(60) == 0
        assert b"crying ended" in listener.stdout.read()
    assert [json.loads(line)["kind"] for line in path.read_text().splitlines()] == ["start", "end"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_end_asked_for_while_models_are_opened_is_a_good_one(run, ear, monkeypatch, number):
    """It opens no source any more."""

    def plan(settings):
        os.kill(os.getpid(), number)
        return assembly_plan(settings)

    assembly_plan = assembly.plan
    monkeypatch.setattr(assembly, "plan", plan)
    monkeypatch.setattr(assembly, "assemble", None)
    assert run("listen", "-", "--model", ear) == (0, "", "")


def test_a_program_is_gone_with_the_listener(flags, tmp_path):
    """Even a program that ignores signals is ended."""
    mark = tmp_path / "pid"
    text = (
        "import os, signal, sys, time; from pathlib import Path; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    program = f"{sys.executable} -c '{text.replace(chr(39), chr(34))}'"
    with start("--from-command", program, *flags, stderr=subprocess.DEVNULL) as listener:
        wait_for(lambda: mark.exists() and mark.read_text())
        listener.send_signal(signal.SIGTERM)
        assert listener.wait(60) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_a_terminal_has_a_line_that_lives(flags):
    ours, theirs = pty.openpty()
    with start("-", *flags, stdin=subprocess.PIPE, stdout=theirs, stderr=theirs) as listener:
        os.close(theirs)
        shown = b""
        # The line is written anew by the clock, so the crying goes on until it is seen.
        while b"\r\x1b[KCRYING for " not in shown and b"crying ended" not in shown:
            listener.stdin.write(noise(0.5))
            listener.stdin.flush()
            if select.select([ours], [], [], 0.5)[0]:
                shown += os.read(ours, 65536)
        listener.stdin.write(quiet(1))
        listener.stdin.close()
        try:
            while block := os.read(ours, 65536):
                shown += block
        except OSError:  # how Linux says that nobody writes any more
            pass
        assert listener.wait(60) == 0
    os.close(ours)
    assert b"\r\x1b[KCRYING for " in shown
    assert b"crying began" in shown
    assert shown.endswith(b"\r\x1b[K")  # and is gone at the end


def test_source_that_is_gone_for_good(process, flags):
    done = process("listen", "--from-command", "sh -c 'echo lost >&2; exit 3'", "--restart", "never", *flags)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == b"edgecry: sh: ended with code 3: lost"
    assert done.stderr.count(b"ended with code 3") == 1, "a reason is told once"
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "say where: -, --device, --from-command, or a file"),
        (("cry.wav",), "cry.wav: is no file"),
        ((__file__,), f"edgecry listen - < {__file__} (WAV, or raw PCM); or have all of it"),
        (
            ("rtsp://me:secret@cam/1",),
            "rtsp://...@cam/1: is an address; ffmpeg reads it",
        ),
        ((str(Path(__file__).parent),), "is a folder; have its recordings answered at once"),
        (("/dev/null",), "is a device; a microphone is named with --device"),
        (("-", "--exec", "jq .kind | wall"), "no shell sees this command, so | has no meaning"),
        (("--from-command", "arecord > x"), "no shell sees this command, so > has no meaning"),
        (("-", "--device", "x"), "exclude each other"),
        (
            ("-", "--threshold", "2"),
            "threshold: 2 is out of range; allowed are numbers above 0 and at most 1",
        ),
        (("-", "--gate", "2"), "gate: 2 dB is out of range; allowed are numbers below 0 dB"),
        (("-", "--onset", "0.5", "--release", "0.6"), "release: 0.6 is out of range"),
        (("-", "--k", "4"), "[events] k, n: 4 of 3 windows"),
        (("-", "--k", "x"), "--k: invalid int value: 'x'"),
        (("-", "--heartbeat", "1"), "heartbeat (0 for none): 1 s is out of range"),
        (("-", "--format", "mp3"), "encoding: 'mp3' is unknown; allowed are s16le"),
        (("-", "--rate", "1"), "sr: 1 Hz is out of range; allowed are 1000"),
        (("-", "--restart", "no"), "restart: 'no' is unknown; allowed are always"),
        (("-", "--name", "a b"), "name: 'a b'; allowed are 1 to 64 letters"),
        (("-", "--name", ""), "--name: is empty; give it a value, or leave it out"),
        (("-", "--record", ""), "--record: is empty"),
        (("-", "--state", ""), "--state: is empty"),
        (("-", "--record", "x", "--record-quota", "0.1"), "max_bytes: 100000 is out of range"),
        (("-", "--record", "x", "--record-quota", "nan"), "--record-quota: found nan; allowed are numbers"),
        (("-", "--record", "x", "--record-quota", "inf"), "--record-quota: found inf; allowed are numbers"),
        (("-", "--jsonl", "/none/x"), "the directory /none does not exist; make it"),
        (("-", "--exec", "'"), 'exec: command: "\'" cannot be split (No closing quotation)'),
        (("-", "--webhook", "ftp://x"), "webhook: url: found 'ftp://x'"),
        (("-", "--mqtt", "me:secret@x"), "holds a user, which everybody"),
        (("-", "--model", "none.onnx"), "none.onnx: no such file"),
        (("--from-command", "none -x"), "there is no program 'none'"),
        (("--from-command", "'"), "cannot be split"),
        (("--config", "none.toml"), "none.toml: no such file"),
    ],
)
def test_refusals(run, ear, argv, message):
    model = () if "--model" in argv else ("--model", ear)
    code, out, err = run("listen", *argv, *model)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert "secret" not in err


def test_a_detector_is_needed(run, ear, tmp_path):
    why = graphs.save(tmp_path / "why.onnx", graphs.reasons(sr=SR))
    code, _, err = run("listen", "-", "--model", why, "--detector", why)
    assert code == 2
    assert "why.onnx: is not a detector: its task is 'reason'" in err


def test_check_config(run, flags, ear, tmp_path):
    """Flags go before the file; nothing is opened, and nothing made."""
    pytest.importorskip("paho.mqtt.client", reason="MQTT IS NOT TESTED: paho-mqtt is missing")
    config = tmp_path / "listen.toml"
    config.write_text(
        f"model = {str(ear)!r}\nname = 'crib'\n[source]\nkind = 'command'\ncommand = 'sleep 1'\n"
        f"[outbox]\npath = '{tmp_path}/state/outbox.db'\n[sinks.mqtt]\nhost = 'x'\nport = 1884\n"
    )
    code, out, err = run("listen", "--config", config, "--check-config", "--mqtt", "broker", *flags)
    assert (code, err) == (0, "")
    shown = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith("sink"))
    assert shown["source"] == "sleep 1; s16le, 8000 Hz, 1 channel"
    assert shown["reasons"] == "none"
    assert shown["device"] == "cot"
    assert "onset 0.2, release 0.14, k 2, n 3, min_length 0.2, end_after 0.5" in shown["events"]
    assert "broker:1884, edgecry/cot" in out
    assert not (tmp_path / "state").exists()


def test_check_config_refuses(run, ear, tmp_path):
    config = tmp_path / "listen.toml"
    config.write_text("[sinks.mqtt]\nhots = 'x'\n")
    code, out, err = run("listen", "--config", config, "--check-config", "--model", ear)
    assert (code, out) == (2, "")
    assert err == f"edgecry: {config}: [sinks.mqtt] hots: is unknown; did you mean host?\n"


def test_second_signal_ends_at_once(flags):
    """Here while a command that was asked to end takes its time."""
    # It ends with whoever started it, so that it does not outlive the test.
    code = (
        "import os, time; p = os.getppid(); [time.sleep(0.1) for _ in iter(lambda: os.getppid() == p, False)]"
    )
    slow = f"{sys.executable} -c '{code}'"
    argv = ("-", *flags, "--exec", slow)
    with start(*argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as listener:
        listener.stdin.write(noise(1.5))
        listener.stdin.flush()
        assert b"began" in listener.stdout.readline()
        listener.send_signal(signal.SIGTERM)
        assert b"ended" in listener.stdout.readline()  # it is in the middle of its end
        time.sleep(0.1)
        listener.send_signal(signal.SIGTERM)
        assert listener.wait(60) == 128 + signal.SIGTERM
