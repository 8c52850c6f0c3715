"""Clients that dawdle, that never read, that come by the hundred: the page is bounded, nothing else waits."""

import contextlib
import resource
import socket
import threading
import time

import pytest

from edgecry.sinks.dispatcher import Dispatcher
from edgecry.web import live
from edgecry.web.connections import MOST, PatientProtocol
from tests.sinks.messages import ListSink, cry, wait_for
from tests.web.standing import raw

STREAM = b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def impatient(monkeypatch):
    """Time limits as short as a test."""
    monkeypatch.setattr(PatientProtocol, "patience", 0.5)


@pytest.fixture
def clients():
    with contextlib.ExitStack() as stack:
        yield lambda port: stack.enter_context(contextlib.closing(raw(port)))


def is_over(client: socket.socket) -> bool:
    """Whether the server has ended a connection."""
    client.settimeout(20)
    try:
        while client.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def connections(page) -> int:
    return len(page.page.server._server.server_state.connections)


@pytest.mark.parametrize("begin", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_request_that_does_not_end_is_ended(page, impatient, clients, begin):
    client = clients(page.port)
    client.sendall(begin)
    assert is_over(client)


def test_a_body_that_does_not_come_is_ended(page, impatient, clients):
    client = clients(page.port)
    head = "POST /api/mute HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
    client.sendall(head.encode() + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    assert is_over(client)
    assert page.controls.muted_until is None


def test_bytes_now_and_then_do_not_keep_a_request_alive(page, impatient, clients):
    client = clients(page.port)
    began = time.monotonic()
    with contextlib.suppress(OSError):
        for byte in b"GET / HTTP/1.1\r\nX-Slow: " + b"a" * 500:
            client.sendall(bytes([byte]))
            time.sleep(0.05)
    assert time.monotonic() - began < 20  # 500 bytes would take longer
    assert is_over(client)


def test_a_second_request_of_a_connection_has_to_end_too(page, impatient, clients):
    client = clients(page.port)
    client.sendall(b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.recv(100).startswith(b"HTTP/1.1 200")
    client.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
    assert is_over(client)


def test_whoever_does_not_read_is_ended(page, impatient, clients):
    """A recording of some megabytes, asked for again and again, and nothing is read."""
    page.tell()
    next(page.clips.iterdir()).write_bytes(bytes(8_000_000))
    path = page.ask("/api/cries").json()[0]["clip"]
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", page.port))
    with contextlib.closing(client):
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 3)
        wait_for(lambda: connections(page) == 1, "the connection")
        wait_for(lambda: connections(page) == 0, "its end")


def test_more_readers_than_there_is_room_for_are_told_so(page, clients, monkeypatch):
    monkeypatch.setattr(live, "MOST", 3)
    readers = [clients(page.port) for _ in range(5)]
    answers = []
    for reader in readers:
        reader.sendall(STREAM)
        answers.append(reader.recv(12))
    assert answers == [b"HTTP/1.1 200"] * 3 + [b"HTTP/1.1 503"] * 2
    readers[0].close()
    wait_for(lambda: page.page.server._site.live.readers == 2, "room")
    again = clients(page.port)
    again.sendall(STREAM)
    assert again.recv(12) == b"HTTP/1.1 200"


def test_five_hundred_readers_that_never_read(page, clients):
    """Memory is bounded, others are still answered, and no event waits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    other = ListSink()
    try:
        with Dispatcher([page.page.sink, other]) as dispatcher:
            for _ in range(500):
                with contextlib.suppress(OSError):
                    clients(page.port).sendall(STREAM)
            for number in range(1, 51):
                dispatcher.send(cry(number))
            wait_for(lambda: len(other.delivered) == 50, "events")
            wait_for(lambda: page.page.history.count() == 50, "the history")
            assert page.ask("/api/state").status == 200
            wait_for(lambda: connections(page) <= MOST, "bounded connections")
            assert page.page.server._site.live.readers <= live.MOST
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_page_that_nobody_reads_does_not_stop_an_end(page, clients):
    for _ in range(5):
        clients(page.port).sendall(STREAM)
    wait_for(lambda: page.page.server._site.live.readers == 5, "readers")
    page.page.server.close()
    assert not page.page.server._thread.is_alive()


def test_many_threads_that_ask_leave_one_thread_that_writes_alone(page):
    """Asking and writing at once: nothing fails, nothing is lost."""
    ended, failures = threading.Event(), []

    def ask():
        while not ended.is_set():
            paths = ("/api/cries", "/api/nights", "/", "/metrics")
            failures.extend(path for path in paths if page.ask(path).status != 200)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for number in range(1, 101):
        page.tell(number, clip=False, when=1.7e9 + number)
    ended.set()
    for asker in askers:
        asker.join()
    assert not failures
    assert page.page.history.count() == 100


def test_garbage_is_refused(page, clients):
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0" * 50 + b"\r\n\r\n",
    ):
        client = clients(page.port)
        client.sendall(garbage)
        assert is_over(client)
    client = clients(page.port)
    with contextlib.suppress(OSError):
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000)
    assert is_over(client)
    assert page.ask("/api/state").status == 200
