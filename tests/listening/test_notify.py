"""notify: what systemd is told, over a real socket."""

import logging
import os
import socket
import subprocess
import sys

import pytest

from edgecry.listening.notify import Notifier
from tests.sources.fakes import Clock


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """The service manager's socket, and the name it goes by."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@edgecry-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
        listener.settimeout(5)
        yield listener, name


def said(listener: socket.socket) -> list[str]:
    """All datagrams that have come."""
    listener.setblocking(False)
    messages = []
    try:
        while True:
            messages.append(listener.recv(4096).decode())
    except BlockingIOError:
        return messages


def test_a_life(manager):
    listener, name = manager
    with Notifier({"NOTIFY_SOCKET": name}) as notifier:
        assert notifier.is_heard
        assert notifier.interval is None
        notifier.beat()  # nobody asked for it
        notifier.ready("listening")
        notifier.status("crying\nREADY=0")
        notifier.status("crying READY=0")  # nothing new
        notifier.status("quiet")
    assert said(listener) == [
        "READY=1\nSTATUS=listening",
        "STATUS=crying READY=0",
        "STATUS=quiet",
        "STOPPING=1",
    ]


def test_watchdog_at_half_its_time(manager):
    listener, name = manager
    clock = Clock()
    environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}
    notifier = Notifier(environment, clock)
    assert notifier.interval == 5
    beats = []
    for _ in range(21):
        notifier.beat()
        beats.append(len(said(listener)))
        clock.now += 1
    notifier.close()
    assert beats == [1, 0, 0, 0, 0] * 4 + [1]


@pytest.mark.parametrize(
    "change",
    [
        {"WATCHDOG_USEC": ""},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-1"},
        {"WATCHDOG_PID": "1"},
    ],
)
def test_no_watchdog(manager, change):
    listener, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000", **change})
    assert notifier.interval is None
    notifier.beat()
    assert said(listener) == []
    notifier.close()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"WATCHDOG_USEC": "1000000"}])
def test_nobody_asked(environment, caplog):
    with Notifier(environment) as notifier:
        assert not notifier.is_heard
        assert notifier.interval is None
        notifier.ready()
        notifier.status("quiet")
        notifier.beat()
    assert caplog.messages == []


def test_a_manager_that_is_gone_is_told_of_once(tmp_path, caplog):
    caplog.set_level(logging.WARNING, "edgecry")
    with Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}) as notifier:
        notifier.ready()
        notifier.status("quiet")
    assert len(caplog.messages) == 1
    assert "the service manager is not told" in caplog.messages[0]


def test_a_name_that_is_none(caplog):
    caplog.set_level(logging.WARNING, "edgecry")
    assert not Notifier({"NOTIFY_SOCKET": "vsock:2:1"}).is_heard
    assert "neither a path nor an abstract socket" in caplog.text


def test_after_the_end_nothing_is_sent(manager):
    listener, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.close()
    notifier.close()
    notifier.status("quiet")
    assert said(listener) == []


def test_children_do_not_inherit_the_line(manager):
    _, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    script = "import os; print(len(os.listdir('/proc/self/fd')))"
    counts = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, close_fds=False)
        counts.append(int(done.stdout))
        notifier.close()
    assert counts[0] == counts[1]
