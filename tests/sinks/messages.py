"""Messages to send, and a sink that fails on demand."""

import time
from collections.abc import Callable
from pathlib import Path

from edgecry.errors import SinkError
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.ids import utc
from edgecry.sinks.message import EventMessage, Heartbeat, SourceMessage

REASONS = {"hungry": 0.5, "tired": 0.3, "discomfort": 0.2}


def cry(number: int = 1, kind: str = "end", **changes) -> EventMessage:
    """A message; the number orders and names it."""
    over = kind != "start"
    values = {
        "id": f"nursery-{number:016d}-{kind}",
        "event": f"nursery-{number:016d}",
        "kind": kind,
        "at": utc(1_763_936_350.25),
        "start": 10.0 * number,
        "end": 10.0 * number + 72 if over else None,
        "started_at": utc(1_763_936_277.0),
        "ended_at": utc(1_763_936_349.0) if over else None,
        "duration": 72.0 if over else 0.0,
        "peak": 0.97,
        "mean": 0.9,
        "label": "uncertain" if over else None,
        "reasons": dict(REASONS) if over else None,
        "reason_set": ("hungry", "tired") if over else (),
        "windows": 70 if over else 3,
        "source": "microphone",
        "model": "seed",
        "live": True,
    }
    return EventMessage(**{**values, **changes})


def source(number: int = 1, kind: str = "source_lost", **changes) -> SourceMessage:
    """A message that the source is lost, or back."""
    is_back = kind == "source_back"
    values = {
        "id": f"nursery-{number:016d}-{kind}",
        "kind": kind,
        "at": utc(1_763_936_500.0),
        "state": "hearing" if is_back else "no_sound",
        "reason": "" if is_back else "no sound for 10 s",
        "since": utc(1_763_936_450.0 if is_back else 1_763_936_500.0),
        "duration": 50.0 if is_back else 0.0,
        "source": "microphone",
    }
    return SourceMessage(**{**values, **changes})


def heartbeat(number: int = 1, **counters) -> Heartbeat:
    return Heartbeat(
        id=f"nursery-{number:016d}-heartbeat",
        at=utc(1_763_936_400.0),
        source="microphone",
        counters=counters or {"windows": 3600, "rss_mb": 80.5},
    )


def wait_for(condition: Callable[[], object], what: str = "", seconds: float = 30.0) -> None:
    """Wait until the condition holds; far longer than it takes, for a machine that is busy."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still waiting for {what or condition}"
        time.sleep(0.01)


def open_files() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class ListSink(Sink):
    """Keeps what it is given, once it is told to work."""

    backoff = Backoff(first=0.01, longest=0.02)

    def __init__(self, name: str = "list", *, durable: bool = False, error: Exception | None = None) -> None:
        self.name, self.durable, self.error = name, durable, error
        self.delivered: list[EventMessage] = []
        self.shown: list = []
        self.tries = self.closed = 0

    def deliver(self, message: EventMessage) -> None:
        self.tries += 1
        if self.error:
            raise self.error
        self.delivered.append(message)

    def show(self, message) -> None:
        self.shown.append(message)

    def close(self) -> None:
        self.closed += 1


def later(text: str = "not now") -> SinkError:
    return SinkError(text)
