"""exec: a command gets the event, and nothing of it stays."""

import errno
import json
import logging
import os
import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.execute import OUTPUT, ExecSettings, ExecSink
from tests.sinks.messages import cry, open_files, wait_for


def sink(*argv, timeout: float = 30.0) -> ExecSink:
    return ExecSink(ExecSettings(shlex.join(map(str, argv)), timeout))


def python(code: str, *argv, **settings) -> ExecSink:
    return sink(sys.executable, "-c", code, *argv, **settings)


def alive(pid: int) -> bool:
    """Return True if a process runs. A zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children() -> set[int]:
    """Return the processes that this one has started and not waited for, zombies included."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


@pytest.fixture(autouse=True)
def no_zombies():
    before = children()  # those of other tests, such as multiprocessing's own
    yield
    assert children() <= before


def test_event_is_on_stdin(tmp_path):
    sink("tee", tmp_path / "got").deliver(cry())
    assert json.loads((tmp_path / "got").read_text()) == cry().to_dict()


def test_what_is_left_running_may_write_without_end():
    """The command has ended, and a child of it fills the pipe faster than it is read."""
    read, write = os.pipe()
    with Path("/dev/zero").open("rb") as endless, os.fdopen(read), os.fdopen(write, "wb") as stdin:
        process = SimpleNamespace(stdin=stdin, stdout=endless, poll=lambda: 0)
        output = ExecSink._converse(process, b"text", time.monotonic() + 0.2)
    assert output == bytes(OUTPUT)


def test_no_shell(tmp_path):
    target = tmp_path / "x; touch bad $(touch bad)"
    sink("tee", target).deliver(cry())
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


def test_output_goes_to_the_log(caplog):
    caplog.set_level(logging.INFO)
    python("import sys; print('one'); sys.stdout.flush(); print('two', file=sys.stderr)").deliver(cry())
    assert [r.getMessage() for r in caplog.records] == ["exec: one", "exec: two"]


def test_output_is_bounded(caplog):
    caplog.set_level(logging.INFO)
    python("print('x' * 10**6)").deliver(cry())
    assert sum(len(r.getMessage()) for r in caplog.records) == OUTPUT + len("exec: ")


def test_command_that_does_not_read():
    """A message longer than a pipe holds does not stop it."""
    sink("true").deliver(cry(clip="x" * 10**6))


def test_long_message_arrives_whole(tmp_path):
    sink("tee", tmp_path / "got").deliver(cry(clip="x" * 10**6))
    assert json.loads((tmp_path / "got").read_text())["clip"] == "x" * 10**6


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (("false",), "exit code 1"),
        (("/no/such/program",), "cannot be started"),
        (("/tmp",), "cannot be started"),
    ],
)
def test_failures_are_not_repeated(argv, found):
    with pytest.raises(SinkError, match=found) as caught:
        sink(*argv).deliver(cry())
    assert caught.value.permanent


def test_a_program_that_is_not_there_is_told_before_the_first_event(caplog):
    there, gone = sink("cat"), sink("no-such-program")
    for one in (there, gone, gone):
        one.open()
    assert [record.getMessage() for record in caplog.records] == [
        "exec: there is no program 'no-such-program'; until there is, events are given up"
    ]


def test_too_many_processes_may_pass(monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    with pytest.raises(SinkError) as caught:
        sink("true").deliver(cry())
    assert not caught.value.permanent


GROUP = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
child.stdout.readline()
with open(sys.argv[1] + ".new", "w") as file:
    print(os.getpid(), child.pid, file=file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def test_time_limit_ends_the_whole_group(tmp_path):
    """Even where it does not listen to SIGTERM."""
    with pytest.raises(SinkError, match="ended after 3 s"):
        python(GROUP, tmp_path / "pids", timeout=3.0).deliver(cry())
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_close_ends_a_command(tmp_path):
    out = python(GROUP, tmp_path / "pids", timeout=600)
    dispatcher = Dispatcher([out])
    dispatcher.open()
    dispatcher.send(cry())
    wait_for((tmp_path / "pids").exists)
    dispatcher.close(timeout=0.1)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_what_it_starts_in_the_background_is_not_waited_for(tmp_path):
    """Though it holds the pipe open; it may play a lullaby."""
    code = (
        "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid, file=open(sys.argv[1], 'w'))"
    )
    began = time.monotonic()
    python(code, tmp_path / "pid", timeout=300).deliver(cry())
    assert time.monotonic() - began < 250
    pid = int((tmp_path / "pid").read_text())
    assert alive(pid)
    os.kill(pid, 9)


def test_no_descriptor_is_left():
    before = open_files()
    for argv in (("true",), ("cat",), ("false",), ("/no/such/program",)):
        with suppress(SinkError):
            sink(*argv).deliver(cry())
    assert open_files() == before


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"command": ""}, "exec: command: is empty"),
        ({"command": " "}, "exec: command: is empty"),
        ({"command": "say 'hello"}, "No closing quotation.*; quote it"),
        ({"command": "true", "timeout": 0}, "allowed are numbers above 0 s"),
        ({"command": "true", "timeout": float("nan")}, "allowed are numbers above 0 s"),
    ],
)
def test_settings(settings, found):
    with pytest.raises(EdgecryError, match=found):
        ExecSettings(**settings)
