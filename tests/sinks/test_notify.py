"""notify: what a phone is told, by a server that takes messages as ntfy does."""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
import soundfile

pytest.importorskip("apprise", reason="NOTIFICATIONS ARE NOT TESTED: the extra notify is not installed")

from edgecry.errors import EdgecryError, SinkError
from edgecry.features.picture import picture
from edgecry.sinks import notify
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.message import SourceMessage
from edgecry.sinks.notify import LARGEST, STALE, NotifySettings, NotifySink
from edgecry.sinks.outbox import Outbox, OutboxSettings
from tests.conftest import tone
from tests.sinks.messages import cry, wait_for

#: When the messages of the tests were made.
AT = 1_763_936_350.25


@dataclass
class Phone:
    """What has come: the topic, title and text, and what was attached."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def url(self, topic: str = "cot") -> str:
        return f"ntfy://127.0.0.1:{self.port}/{topic}"

    @property
    def titles(self) -> list[str]:
        return [title for _, title, _, _ in self.heard]


@contextmanager
def ntfy():
    phone = Phone()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            parts = urlsplit(self.path)
            said, attached = dict(parse_qsl(parts.query)), body
            if not parts.path.strip("/"):
                said, attached = json.loads(body), b""
            status = phone.answers.pop(0) if phone.answers else 200
            if status == 200:
                topic = said.get("topic") or parts.path.strip("/")
                phone.heard.append((topic, said.get("title", ""), said.get("message", ""), attached))
                phone.headers.append(dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    phone.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield phone
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def phone(monkeypatch):
    from apprise import NotifyBase
    from apprise.plugins.ntfy import NotifyNtfy

    for kind in (NotifyBase, NotifyNtfy):  # seconds between two notifications, of a service on the net
        monkeypatch.setattr(kind, "request_rate_per_sec", 0)
    with ntfy() as found:
        yield found


@pytest.fixture
def make(tmp_path):
    def sink(*urls: str, **settings) -> NotifySink:
        (tmp_path / "urls").write_text(" ".join(urls) + "\n")
        (tmp_path / "urls").chmod(0o600)
        settings = {"device": "cot", "first_wait": 0.01, "longest_wait": 0.02, **settings}
        return NotifySink(NotifySettings(tmp_path / "urls", **settings), clock=lambda: AT + 5)

    return sink


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "cry.flac"
    soundfile.write(path, tone(0, seconds=1.0), 8000)
    return path


def lost(kind: str = "source_lost", **changes) -> SourceMessage:
    values = {"id": f"cot-1-{kind}", "kind": kind, "at": cry().at, "state": "no_sound", "since": cry().at}
    return SourceMessage(
        **{**values, "reason": "no sound for 12 s", "duration": 0.0, "source": "camera", **changes}
    )


def test_a_cry_is_told_with_its_recording_at_the_end(phone, make, clip):
    sink = make(phone.url())
    for kind in ("start", "update", "end"):
        sink.deliver(cry(1, kind))
    sink.deliver(cry(1, "recorded", clip=str(clip)))
    assert phone.titles == ["cot: crying", "cot: crying ended", "cot: recording", ""]
    assert "1 min 12 s" in phone.heard[1][2]
    # A phone shows the picture with the words, and the sound below it.
    assert [attached for *_, attached in phone.heard] == [b"", b"", picture(clip), clip.read_bytes()]


def test_a_recording_without_a_picture_is_sent_alone(phone, make, tmp_path, caplog):
    clip = tmp_path / "cry.flac"
    clip.write_bytes(b"fLaC and no more")
    make(phone.url()).deliver(cry(1, "recorded", clip=str(clip)))
    assert [(title, attached) for _, title, _, attached in phone.heard] == [
        ("cot: recording", b"fLaC and no more")
    ]
    assert "is sent without a picture" in caplog.text


def test_of_a_recording_that_is_too_large_the_picture_is_sent(phone, make, clip, monkeypatch):
    monkeypatch.setattr(notify, "LARGEST", 10)
    make(phone.url()).deliver(cry(1, "recorded", clip=str(clip)))
    assert [attached for *_, attached in phone.heard] == [picture(clip)]


def test_nothing_is_left_behind(phone, make, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    make(phone.url()).deliver(cry(1, "recorded", clip=str(clip)))
    phone.answers = [500]
    with pytest.raises(SinkError):
        make(phone.url()).deliver(cry(2, "recorded", clip=str(clip)))
    assert len(phone.heard) == 2
    assert not list((tmp_path / "tmp").iterdir())


def test_without_a_place_for_the_picture_the_sound_is_sent(phone, make, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    make(phone.url()).deliver(cry(1, "recorded", clip=str(clip)))
    assert [attached for *_, attached in phone.heard] == [clip.read_bytes()]


def test_a_source_that_is_lost_is_told(phone, make):
    sink = make(phone.url())
    sink.deliver(lost())
    sink.deliver(lost("source_back", reason="", state="hearing", duration=75.0))
    assert [(title, text) for _, title, text, _ in phone.heard] == [
        ("cot: nothing is heard", "no sound for 12 s"),
        ("cot: heard again", "after 1 min 15 s"),
    ]


def test_nothing_is_loaded_from_elsewhere_for_it(phone, make):
    make(phone.url()).deliver(cry(1, "start"))
    assert not [value for value in phone.headers[0].values() if "://" in value]


def test_a_recording_stays_at_home_if_that_is_wished(phone, make, clip):
    make(phone.url(), attach=False).deliver(cry(1, "recorded", clip=str(clip)))
    assert phone.heard == []


def test_a_recording_that_is_gone_or_too_large_is_left_out(phone, make, clip, tmp_path):
    sink = make(phone.url())
    with clip.open("wb") as file:
        file.truncate(LARGEST + 1)
    for path in (clip, tmp_path / "gone.flac"):
        sink.deliver(cry(1, "recorded", clip=str(path)))
    assert phone.heard == []


def test_the_beginning_of_a_cry_that_is_long_over_rings_no_more(phone, make):
    sink = make(phone.url())
    sink._clock = lambda: AT + STALE + 1
    sink.deliver(cry(1, "start"))
    sink.deliver(cry(1, "end"))
    assert phone.titles == ["cot: crying ended"]


def test_a_clock_that_is_set_meanwhile_makes_nothing_old(phone, make):
    """A board learns the time with its network, right before it can tell of a cry that has just begun."""
    sink, steady = make(phone.url()), [100.0]
    sink._steady = lambda: steady[0]
    sink._clock = lambda: AT + 3e7
    sink.show(cry(1, "start"))
    steady[0] += STALE
    sink.deliver(cry(1, "start"))
    assert phone.titles == ["cot: crying"]
    sink.show(cry(2, "start"))
    steady[0] += STALE + 1
    sink.deliver(cry(2, "start"))
    assert phone.titles == ["cot: crying"]


def test_a_service_that_has_it_is_not_told_twice(phone, make):
    sink = make(phone.url("one"), phone.url("two"))
    phone.answers = [200, 500]
    with pytest.raises(SinkError, match="ntfy did not take it") as error:
        sink.deliver(cry(1, "start"))
    assert not error.value.permanent
    sink.deliver(cry(1, "start"))
    assert [topic for topic, *_ in phone.heard] == ["one", "two"]
    sink.deliver(cry(2, "start"))
    assert len(phone.heard) == 4


def test_what_waits_survives_a_restart(phone, make, tmp_path):
    """As with the webhook: the outbox keeps events until the service takes them."""
    phone.answers = [500] * 10_000
    box = OutboxSettings(tmp_path / "outbox.db")
    with Dispatcher([make(phone.url())], Outbox(box)) as dispatcher:
        dispatcher.send(cry(1, "start"))
        dispatcher.send(cry(1, "end"))
        wait_for(lambda: dispatcher.statistics()["notify.retries"] > 1, "a retry")
    assert phone.heard == []
    phone.answers = []
    with Dispatcher([make(phone.url())], Outbox(box)):
        wait_for(lambda: len(phone.heard) == 2, "both")
    assert phone.titles == ["cot: crying", "cot: crying ended"]


@pytest.mark.parametrize("urls", [["nothing"], ["tgram://"], ["secret://token@host", "x"]])
def test_odd_addresses_are_refused_without_being_shown(make, urls):
    with pytest.raises(EdgecryError, match=r"address 1 of \d is unknown to Apprise") as error:
        make(*urls)
    assert "token" not in str(error.value)


def test_addresses_are_needed(tmp_path):
    with pytest.raises(EdgecryError, match="urls_file: is missing"):
        NotifySettings()
    (tmp_path / "urls").write_text("\n")
    with pytest.raises(EdgecryError, match="first line is empty"):
        NotifySink(NotifySettings(tmp_path / "urls"))


def test_a_failure_shows_no_secret(phone, make, caplog, capsys):
    phone.answers = [401]
    with pytest.raises(SinkError) as error:
        make(f"ntfy://user:password@127.0.0.1:{phone.port}/topic-that-is-secret").deliver(cry(1, "start"))
    said = str(error.value) + caplog.text + "".join(capsys.readouterr())
    assert not [word for word in ("password", "topic-that-is-secret") if word in said]
