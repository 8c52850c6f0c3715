"""What the other side of a sink may answer: a message is delivered, or waits; nothing else comes of it."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.mutation import damaged
from benchmarks.reliability.outboxes import message
from edgecry.errors import SinkError
from edgecry.sinks.base import Sink
from edgecry.sinks.webhook import WebhookSettings, WebhookSink

_STATUSES = ("200 OK", "204 No Content", "301 Moved", "429 Slow", "500 Oh", "99 x", "20000 OK", "-1 x")
_HEADERS = (
    "Content-Length: 2", "Content-Length: 99999999999", "Content-Length: -5", "Transfer-Encoding: chunked",
    "Retry-After: 1e400", "Retry-After: -1", "Retry-After: Wed, 99 Foo 2026", "X: " + "y" * 70_000,
    "Location: file:///etc/passwd", "A: b\r\n" * 300 + "C: d",
)  # fmt: skip
#: What a broker says: accepted, subscribed, received, pong, and things that are none of these.
_PACKETS = (
    b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00", b"\x40\x02\x00\x01", b"\x40\x02\x00\x02", b"\xd0\x00",
    b"\x20\x03\x00\x00\x00", b"\x30\x07\x00\x03a/bxy", b"\xe0\x00", bytes(64), b"\xff" * 64,
)  # fmt: skip


class _Answers(Campaign):
    """Deliver a message to a server that answers with damaged bytes: accepted, or a SinkError."""

    def prepare(self, _folder: Path) -> None:
        """Listen."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._answers: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            with closing(connection), suppress(OSError):
                connection.settimeout(2)
                for answer in list(self._answers):
                    connection.recv(65_536)
                    connection.sendall(answer)

    def deliver(self, sink: Sink, answers: list[bytes]) -> str:
        """Deliver, and say how it went."""
        self._answers = answers
        try:
            sink.deliver(message(1))
        except SinkError:
            return "waits"
        finally:
            sink.close()
        return "delivered"


class WebhookAnswers(_Answers):
    """A web server's."""

    name = "webhook's answers"
    faults = "bits, cuts, drops, repeats, sizes"
    quick, usual, long = 300, 3000, 100_000

    def attempt(self, random: Random) -> str:
        """Answer once."""
        status, headers = random.choice(_STATUSES), random.choice(_HEADERS)
        answer = f"HTTP/1.1 {status}\r\n{headers}\r\n\r\nok".encode()
        answer = damaged(answer, random) if random.random() < 0.7 else answer
        sink = WebhookSink(WebhookSettings(f"http://127.0.0.1:{self.port}/", timeout=5.0))
        outcome = self.deliver(sink, [answer])
        if outcome == "delivered" and not answer.lstrip().startswith(b"HTTP/"):
            raise Wrong(f"taken for accepted: {answer[:60]!r}")
        return outcome


class BrokerAnswers(_Answers):
    """An MQTT broker's: its answers to the connection, the subscription and the message."""

    name = "broker's answers"
    faults = "bits, cuts, drops, repeats, sizes"
    quick, usual, long = 30, 400, 10_000
    package, extra = "paho", "mqtt"

    def attempt(self, random: Random) -> str:
        """Answer some packets."""
        from edgecry.sinks.mqtt import MqttSettings, MqttSink

        answers = [b"\x20\x02\x00\x00"] if random.random() < 0.7 else []
        answers += [random.choice(_PACKETS) for _ in range(random.randint(1, 6))]
        answers = [damaged(answer, random) if random.random() < 0.3 else answer for answer in answers]
        settings = MqttSettings("127.0.0.1", port=self.port, device="nursery", timeout=0.3)
        return self.deliver(MqttSink(settings), answers)
