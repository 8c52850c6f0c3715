"""text: what a parent reads."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgecry.errors import SinkError
from edgecry.sinks.text import TextSink, line, span
from tests.sinks.messages import cry, source


@pytest.fixture(autouse=True)
def local_time(monkeypatch):
    """Set the time zone two hours east of UTC, without summer time."""
    monkeypatch.setenv("TZ", "XXX-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_cry_from_start_to_end():
    stream = io.StringIO()
    sink = TextSink(stream)
    sink.deliver(cry(kind="start"))
    sink.deliver(cry(kind="update", duration=30.0, label=None))
    sink.deliver(cry(kind="end"))
    assert stream.getvalue().splitlines() == [
        "00:17:57 crying began (0.97)",
        "00:19:09 still crying after 30 s (peak 0.97, mean 0.90)",
        "00:19:09 crying ended after 1 min 12 s, reason uncertain: hungry or tired (peak 0.97, mean 0.90)",
    ]


def test_where_in_a_recording():
    """Its times would be those at which it is played."""
    assert line(cry(kind="start", start=2407.9, live=False)) == "40:07 crying began (0.97)"
    assert line(cry(kind="end", start=3700.0, end=3760.5, live=False)).startswith(
        "1:02:40 crying ended after"
    )


def test_a_source_that_is_lost_and_back():
    stream = io.StringIO()
    sink = TextSink(stream)
    sink.deliver(source(1))
    sink.deliver(source(2, "source_back"))
    assert stream.getvalue().splitlines() == [
        "00:21:40 nothing is heard: no sound for 10 s",
        "00:21:40 sound is heard again after 50 s",
    ]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"label": "hungry"}, ", reason hungry 0.50 (peak"),
        ({"label": "hungry", "reasons": None}, ", reason hungry (peak"),
        ({"label": None}, "1 min 12 s (peak"),
        ({"reason_set": ()}, ", reason uncertain (peak"),
        ({"kind": "recorded", "clip": "a/b.flac"}, "recorded as a/b.flac"),
        ({"kind": "recorded", "clip": "a\n\x1b[31m"}, "recorded as a\\x0a\\x1b[31m"),
        ({"ended_at": "soon"}, "soon crying ended"),
    ],
)
def test_parts(changes, part):
    assert part in line(cry(**changes))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (72, "1 min 12 s"),
        (3600, "1 h 0 min"),
        (7509, "2 h 5 min"),
    ],
)
def test_span(seconds, text):
    assert span(seconds) == text


def test_each_line_is_flushed():
    read, write = os.pipe()
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        TextSink(stream).deliver(cry(kind="start"))
        assert os.read(read, 1000) == b"00:17:57 crying began (0.97)\n"
    os.close(read)


def test_reader_has_gone():
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w", encoding="utf-8")
    with pytest.raises(SinkError) as caught:
        TextSink(stream).deliver(cry())
    assert caught.value.permanent
    with pytest.raises(OSError):
        stream.close()


def test_closed_stream():
    stream = io.StringIO()
    stream.close()
    with pytest.raises(SinkError):
        TextSink(stream).deliver(cry())


def test_stream_that_cannot_write_it():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    TextSink(stream).deliver(cry(label="müde"))
    assert b"reason m\\xfcde (peak" in raw.getvalue()


STUCK = """
import sys
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.text import TextSink
from tests.sinks.messages import cry, wait_for
dispatcher = Dispatcher([TextSink(sys.stdout)])
dispatcher.open()
for n in range(900):
    dispatcher.send(cry(n, clip="x" * 1000))
wait_for(lambda: 10 < dispatcher.statistics()["text.delivered"] < 900)
dispatcher.close(timeout=0.2)
"""


def test_reader_that_does_not_read():
    """A pager does this. The process ends regularly all the same."""
    command = [sys.executable, "-c", STUCK]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], **pipes) as process:
        error = process.stderr.read()
        assert process.wait(60) == 0, error
        assert b"text: still busy, ended" in error
