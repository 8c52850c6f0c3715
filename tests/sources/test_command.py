"""command: raw PCM from a program."""

import logging
import os
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.command import MAX_LINE, MAX_LINES, CommandSource
from edgecry.sources.restart import Restarting, RestartSettings

PCM = PcmFormat(16000)


def python(script: str) -> str:
    return shlex.join([sys.executable, "-u", "-c", script])


def everything(source, patience: float = 30) -> np.ndarray:
    pieces, until = [], time.monotonic() + patience
    while (block := source.read(0.1)) is not None:
        assert time.monotonic() < until, "it never ends"
        if isinstance(block, np.ndarray):
            pieces.append(block)
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children() -> set[int]:
    path = f"/proc/self/task/{os.getpid()}/children"
    return {int(pid) for pid in Path(path).read_text().split()}


@pytest.fixture(autouse=True)
def no_zombies():
    before = children()
    yield
    assert children() <= before


def test_sound_and_a_regular_end():
    script = "import sys; [sys.stdout.buffer.write(bytes([0, 64])) for _ in range(50000)]"
    with CommandSource(python(script), PCM) as source:
        heard = everything(source)
    assert len(heard) == 50000
    assert (heard == 0.5).all()
    assert source.complaint is None


def test_arguments_are_split_but_no_shell_sees_them():
    # A sample for each letter: plain text would be refused, as it is not sound.
    script = "import sys; sys.stdout.buffer.write(''.join(sys.argv[1:]).encode('utf-16-le'))"
    with CommandSource(f"{python(script)} '$HOME ' \";|\"", PCM) as source:
        heard = everything(source)
    assert (heard * 32768).astype("<i2").tobytes().decode("utf-16-le") == "$HOME ;|"


def test_failures_are_told_with_the_last_words(caplog):
    caplog.set_level(logging.INFO, "edgecry")
    script = "import sys; print('no such camera', file=sys.stderr); sys.exit(3)"
    with CommandSource(python(script), PCM) as source:
        assert len(everything(source)) == 0
    assert source.complaint == f"{sys.executable}: ended with code 3: no such camera"
    assert f"{sys.executable}: no such camera" in caplog.messages


def test_killed():
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with CommandSource(python(script), PCM) as source:
        everything(source)
    assert source.complaint == f"{sys.executable}: died of SIGKILL"


def test_talk_is_bounded(caplog):
    caplog.set_level(logging.INFO, "edgecry")
    script = (
        "import sys\n"
        "sys.stderr.write('x' * 1_000_000 + '\\n')\n"
        "for i in range(1000): sys.stderr.write(f'progress {i}\\r')\n"
        "sys.stderr.write('\\x1b[31mred\\xff')"
    )
    with CommandSource(python(script), PCM) as source:
        everything(source)
    lines = [message.removeprefix(f"{sys.executable}: ") for message in caplog.messages]
    assert lines[0] == "x" * MAX_LINE
    assert lines[1:3] == ["progress 0", "progress 1"]
    assert MAX_LINES <= len(lines) <= 2 * MAX_LINES + 1  # in one minute, or over its end
    assert source._sayings.last.startswith("\N{REPLACEMENT CHARACTER}[31mred")


@pytest.mark.parametrize("stubborn", [False, True])
def test_close_ends_the_whole_family(monkeypatch, stubborn):
    """A grandchild is ended, too, and also a process that ignores signals."""
    monkeypatch.setattr("edgecry.children.GRACE", 0.2)
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" if stubborn else ""
    script = (
        f"import os, signal, struct, sys, time; {ignore}"
        "child = os.fork();"
        "os.write(1, struct.pack('<i', os.getpid()));"
        "time.sleep(1000)"
    )
    source = CommandSource(python(script), PcmFormat(16000, 1, "s32le"))
    source.open()
    until, pids = time.monotonic() + 30, []
    while len(pids) < 2 and time.monotonic() < until:
        pids += (source.read(0.1).astype(np.float64) * 2**31).astype(int).tolist()
    assert len(pids) == 2
    assert all(map(is_running, pids))
    source.close()
    until = time.monotonic() + 10
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(map(is_running, pids))
    assert source.complaint is None
    source.close()
    assert source.read(0) is None


def test_output_closed_but_not_ended(monkeypatch):
    monkeypatch.setattr("edgecry.children.GRACE", 0.2)
    with CommandSource(python("import os, time; os.close(1); time.sleep(1000)"), PCM) as source:
        assert len(everything(source)) == 0
    assert source.complaint == f"{sys.executable}: wrote no more, but did not end"


def test_a_group_of_its_own():
    """What Ctrl-C sends to the terminal's group does not reach it."""
    script = "import os, struct; os.write(1, struct.pack('<i', os.getpgid(0)))"
    with CommandSource(python(script), PcmFormat(16000, 1, "s32le")) as source:
        group = round(everything(source)[0] * 2**31)
    assert group != os.getpgid(0)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "command: is empty"),
        ("   ", "command: is empty"),
        ("arecord 'unclosed", "cannot be split .No closing quotation"),
        ("/nowhere/arecord -t raw", "/nowhere/arecord: cannot be started .No such file"),
        ("/ -t raw", "/: cannot be started .Permission denied"),
        ("a\0b", "cannot be started"),
    ],
)
def test_refusals(command, message):
    with pytest.raises(AudioError, match=message):
        CommandSource(command, PCM).open()


def test_it_comes_back(tmp_path):
    """A program that dies in the middle is started again, as often as it takes."""
    script = (
        "import os, pathlib, sys\n"
        f"runs = pathlib.Path({str(tmp_path)!r}) / 'runs'\n"
        "n = len(runs.read_text()) if runs.exists() else 0\n"
        "runs.write_text('x' * (n + 1))\n"
        "os.write(1, bytes([0, n + 1]) * 100)\n"
        "sys.exit(0 if n == 2 else 1)"
    )
    settings = RestartSettings("on-failure", first=0.01, longest=0.02)
    with Restarting(lambda: CommandSource(python(script), PCM), settings) as source:
        heard = everything(source)
    assert (heard * 128).tolist() == [1] * 100 + [2] * 100 + [3] * 100
    assert source.restarts == 2
    assert source.last_error == f"{sys.executable}: ended with code 1"


def test_a_silent_one_is_replaced():
    settings = RestartSettings(stall=0.2, first=0.01, longest=0.02)
    with Restarting(lambda: CommandSource(python("import time; time.sleep(1000)"), PCM), settings) as source:
        until = time.monotonic() + 30
        while source.restarts < 2 and time.monotonic() < until:
            source.read(0.05)
        assert source.restarts == 2
        assert "sent nothing for" in source.last_error
