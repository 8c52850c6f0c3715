"""webhook: what is posted, what is tried again, and what is never told to others."""

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.outbox import Outbox, OutboxSettings
from edgecry.sinks.post import PATIENCE
from edgecry.sinks.webhook import WebhookSettings, WebhookSink
from tests.sinks import certificates
from tests.sinks.messages import cry, open_files, wait_for


@dataclass
class Server:
    """Answers as told, 200 when nothing is; keeps what it was asked."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict]] = field(default_factory=list)

    def ids(self) -> list[str]:
        return [body["id"] for _, _, body in self.asked]


@contextmanager
def serve(port: int = 0, context: ssl.SSLContext | None = None, server: Server | None = None):
    server = server or Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked.append((self.path, dict(self.headers), json.loads(body)))
            status, headers = server.answers.pop(0) if server.answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if context:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    server.url = f"http{'s' * bool(context)}://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.fixture
def server():
    with serve() as server:
        yield server


def sink(url: str, **settings) -> WebhookSink:
    return WebhookSink(WebhookSettings(url, **{"first_wait": 0.01, "longest_wait": 0.05, **settings}))


def failure(out: WebhookSink) -> SinkError:
    with pytest.raises(SinkError) as caught:
        out.deliver(cry())
    return caught.value


# -- what is posted ----------------------------------------------------------------------------------


def test_post(server, tmp_path):
    token = tmp_path / "token"
    token.write_text("secret\nand a note\n")
    token.chmod(0o600)
    sink(f"{server.url}/hook?room=nursery", token_file=token).deliver(cry())
    ((path, headers, body),) = server.asked
    assert path == "/hook?room=nursery"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == cry().id
    assert headers["Authorization"] == "Bearer secret"
    assert headers["User-Agent"].startswith("edgecry/")
    assert body == cry().to_dict()


def test_no_token(server, monkeypatch):
    sink(server.url).deliver(cry())
    assert "Authorization" not in server.asked[0][1]
    monkeypatch.setenv("HOOK", "from the environment")
    sink(server.url, token_variable="HOOK").deliver(cry())
    assert server.asked[1][:1] == ("/",)
    assert server.asked[1][1]["Authorization"] == "Bearer from the environment"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success(server, status):
    server.answers = [(status, {})]
    sink(server.url).deliver(cry())


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_refused_for_good(server, status):
    server.answers = [(status, {})]
    error = failure(sink(server.url))
    assert error.permanent
    assert f"answered {status}" in str(error)


@pytest.mark.parametrize("status", [401, 403, 404, 407])
def test_refused_until_somebody_mends_it(server, status):
    """A token, or an address that a server does not serve yet because it has just started."""
    server.answers = [(status, {})]
    error = failure(sink(server.url))
    assert (error.permanent, error.patience) == (False, PATIENCE)
    assert f"answered {status}" in str(error)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_to_be_tried_again(server, status):
    server.answers = [(status, {})]
    error = failure(sink(server.url))
    assert (error.permanent, error.retry_after) == (False, None)


NOW, LATER = "Mon, 23 Nov 2026 21:00:00 GMT", "Mon, 23 Nov 2026 21:02:00 GMT"


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999", 3600),
        (LATER, 120),
        (NOW, 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 5000, 3600),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("²", None),
    ],
)
def test_retry_after(monkeypatch, wish, seconds):
    """A date counts from the server's own clock; ours may be years off."""
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self, timestamp=None: NOW)
    with serve() as server:
        server.answers = [(503, {"Retry-After": wish})]
        assert failure(sink(server.url)).retry_after == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server, tmp_path, monkeypatch, status):
    """But the event is kept: it may be a router that answers for a line that is down."""
    monkeypatch.setenv("HOOK", "secret")
    with serve() as other:
        server.answers = [(status, {"Location": f"{other.url}/there"})]
        error = failure(sink(server.url, token_variable="HOOK"))
        assert other.asked == []
    assert not error.permanent
    assert f"{other.url}/..." in str(error)


# -- connections -------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_nobody_there():
    error = failure(sink(f"http://127.0.0.1:{free_port()}/hook"))
    assert not error.permanent
    assert "refused" in str(error)


@contextmanager
def listener(talk):
    """A server that does not speak HTTP: it does with a connection what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        end = threading.Event()

        def run():
            while not end.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    talk(connection, end)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        end.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def drip(connection: socket.socket, end: threading.Event) -> None:
    """One byte of an endless header after another: no wait for a byte is long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not end.wait(0.05):
        try:
            connection.sendall(b"x")
        except OSError:
            return


@pytest.mark.parametrize(
    "talk",
    [
        lambda connection, end: end.wait(5),
        drip,
        lambda connection, end: None,
        lambda connection, end: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
        lambda connection, end: connection.sendall(b"HTTP/1.1 2"),
    ],
    ids=["silent", "slow", "closes", "another protocol", "torn"],
)
def test_bad_servers(talk):
    with listener(talk) as url:
        before = open_files()
        error = failure(sink(url, timeout=0.5))
        assert not error.permanent
        assert open_files() <= before + 1  # the server's own end
        assert not [
            t for t in threading.enumerate() if isinstance(t, threading.Timer) and not t.finished.is_set()
        ]


def test_another_protocol_is_told_as_such():
    def talk(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        connection.recv(65_536)  # until the other side has read and gone

    with listener(talk) as url:
        assert "what answers there is no HTTP (SSH-2.0-OpenSSH_9.2)" in str(failure(sink(url)))


def test_close_ends_an_attempt():
    asked = threading.Event()
    with listener(lambda connection, end: (asked.set(), end.wait())) as url:
        dispatcher = Dispatcher([sink(url, timeout=600)])
        dispatcher.open()
        dispatcher.send(cry())
        asked.wait()
        dispatcher.close(timeout=0.1)
        assert not any(thread.name == "edgecry-webhook" for thread in threading.enumerate())


def test_tls(tmp_path):
    made = certificates.make(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    with serve(context=context) as server:
        sink(server.url, ca_file=made.ca).deliver(cry())
        assert server.ids() == [cry().id]
        for settings in ({"ca_file": made.other_ca}, {}):
            assert "certificate verify failed" in str(failure(sink(server.url, **settings)))
        assert len(server.asked) == 1


# -- over time ---------------------------------------------------------------------------------------


def test_order_through_failures(server, tmp_path):
    """Errors of every kind, and each event arrives at least once, in order."""
    server.answers = [(503, {}), (200, {}), (500, {}), (429, {"Retry-After": "0"}), (200, {}), (400, {})]
    with Dispatcher([sink(server.url)], Outbox(OutboxSettings(tmp_path / "outbox.db"))) as dispatcher:
        for n in range(5):
            dispatcher.send(cry(n))
        wait_for(lambda: dispatcher.statistics()["webhook.delivered"] == 4)
    assert server.ids() == [cry(n).id for n in (0, 0, 1, 1, 1, 2, 3, 4)]
    assert dispatcher.statistics()["webhook.failed"] == 1


def test_server_that_is_down_for_a_while(tmp_path, caplog):
    """The same through a restart of ours: what was not delivered waits on disk."""
    port, seen = free_port(), Server()
    settings = OutboxSettings(tmp_path / "outbox.db")
    url = f"http://127.0.0.1:{port}"
    with Dispatcher([sink(url)], Outbox(settings)) as dispatcher:
        for n in range(3):
            dispatcher.send(cry(n))
        wait_for(lambda: dispatcher.statistics()["webhook.retries"] > 2)
    with Dispatcher([sink(url)], Outbox(settings)) as dispatcher:
        dispatcher.send(cry(3))
        wait_for(lambda: dispatcher.statistics()["webhook.retries"] > 0)
        with serve(port, server=seen):
            wait_for(lambda: dispatcher.statistics()["webhook.delivered"] == 4)
    assert seen.ids() == [cry(n).id for n in range(4)]


def test_server_that_is_killed_does_not_spin():
    """Every failure is followed by a wait."""
    out = WebhookSink(WebhookSettings(f"http://127.0.0.1:{free_port()}", first_wait=0.2, longest_wait=0.2))
    with Dispatcher([out]) as dispatcher:
        dispatcher.send(cry())
        began = time.monotonic()
        wait_for(lambda: dispatcher.statistics()["webhook.retries"] >= 4)
        assert time.monotonic() - began >= 3 * 0.1


# -- settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "ftp://host",
        "http://",
        "http:///path",
        "http://h:99999/",
        "http://h/ä",
        "http://h/a b",
        "http://h/\n",
        "http://home..example/x",
        "http://.example/x",
        f"http://{'a' * 64}.example/x",
    ],
)
def test_url(url):
    with pytest.raises(EdgecryError, match="webhook: url: found"):
        WebhookSettings(url)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"url": "http://user:secret@host/"}, "holds a user"),
        ({"timeout": 0}, "timeout"),
        ({"first_wait": 0}, "first_wait"),
        ({"first_wait": 5, "longest_wait": 1}, "first_wait"),
    ],
)
def test_settings(settings, found):
    with pytest.raises(EdgecryError, match=found) as caught:
        WebhookSettings(**{"url": "http://host", **settings})
    assert "secret" not in str(caught.value)


def test_secrets_stay_out_of_messages(server, monkeypatch):
    monkeypatch.setenv("HOOK", "sesame")
    server.answers = [(500, {})]
    out = sink(f"{server.url}/hook?key=opensesame", token_variable="HOOK")
    assert "sesame" not in str(failure(out)) + repr(out.settings).replace("opensesame", "")


@pytest.mark.parametrize(
    ("content", "found"), [("", "first line is empty"), ("ü", "no header"), (None, "No such file")]
)
def test_bad_token(tmp_path, content, found):
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(EdgecryError, match=f"webhook: token: .*{found}"):
        sink("http://host", token_file=file)


def test_token_file_without_an_end():
    with pytest.raises(EdgecryError, match="webhook: token: /dev/zero: its first line has more than"):
        sink("http://host", token_file="/dev/zero")


def test_token_twice_or_unset(tmp_path, monkeypatch, caplog):
    with pytest.raises(EdgecryError, match="one of the two"):
        sink("http://host", token_file=tmp_path, token_variable="X")
    monkeypatch.delenv("EDGECRY_NONE", raising=False)
    with pytest.raises(EdgecryError, match="EDGECRY_NONE is not set"):
        sink("http://host", token_variable="EDGECRY_NONE")


def test_token_that_all_may_read(tmp_path, caplog):
    file = tmp_path / "token"
    file.write_text("x")
    for mode, warnings in ((0o600, 0), (0o644, 1)):
        file.chmod(mode)
        sink("http://host", token_file=file)
        assert len(caplog.records) == warnings


def test_bad_ca(tmp_path):
    file = tmp_path / "ca.pem"
    for content in (None, "no certificate"):
        if content:
            file.write_text(content)
        with pytest.raises(EdgecryError, match=r"webhook: ca_file: .*ca\.pem"):
            sink("https://host", ca_file=file)
