"""What a person sees: the live line, and the log."""

import io
import logging
import math
import os
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.listening.console import (
    BAR,
    Above,
    Console,
    LogFormat,
    has_terminal,
    is_journal,
    log_to,
    view_line,
)
from edgecry.listening.writer import Writer
from tests.sources.fakes import Clock

CLEAR = "\r\x1b[K"


@given(
    st.floats(-200, 20) | st.just(-math.inf),
    st.floats(0, 1),
    st.none() | st.floats(0, 1e6),
    st.floats(0, 1e6),
)
def test_what_matters_comes_first(level, score, since, more):
    for width in (0, 20, 39, 79):
        line = view_line(level, score, since, (since or 0.0) + more, "21:04", width)
        assert line.isascii()
        assert line.isprintable() or not line
        assert len(line) <= width
        if width >= 39:
            assert line.startswith("CRYING for " if since is not None else "listening, last cry 21:04  ")
            assert re.search(r" -?\d+ dB  \d\.\d\d(?=$|  )", line), "all but the bar fits a phone"


@pytest.mark.parametrize("width", [39, 79])
def test_what_is_wrong_comes_first(width):
    """Unless a baby cries, which is heard all the same then."""
    line = view_line(-99, 0, None, 5.0, "21:04", width, "digital silence")
    assert line.startswith("DIGITAL SILENCE, last cry 21:04")
    assert len(line) <= width
    assert view_line(0, 1, 1.0, 5.0, "", width, "clipping").startswith("CRYING for 4 s")


def test_louder_is_longer():
    bars = [view_line(level, 0, None, 0).count("#") for level in (-math.inf, -90, -70, -35, 0, 6)]
    assert bars == [0, 0, 0, BAR // 2, BAR, BAR]


@pytest.fixture
def writer():
    made = Writer()
    yield made
    made.close()


def test_lines_go_above_the_live_one(writer):
    terminal, out = io.StringIO(), io.StringIO()
    clock = Clock()
    console = Console(terminal, writer, clock)
    above = Above(console, out)
    above.write("first\n")
    assert writer.drain(30)
    assert terminal.getvalue() == ""  # nothing lives yet
    console.show(-20, 0.5, None, 1.0)
    line = view_line(-20, 0.5, None, 1.0)
    console.show(-10, 0.6, None, 1.1)  # too soon
    above.write("second\n")
    console.end()
    assert writer.drain(30)
    assert out.getvalue() == "first\nsecond\n"
    assert terminal.getvalue() == CLEAR + line + CLEAR + line + CLEAR


def test_a_narrow_terminal_is_not_wrapped(monkeypatch, writer):
    monkeypatch.setenv("COLUMNS", "20")
    terminal = io.StringIO()
    Console(terminal, writer, Clock()).show(-20, 0.5, 0.5, 1.0)
    assert writer.drain(30)
    assert terminal.getvalue().removeprefix(CLEAR).startswith("CRYING for 0 s")
    assert len(terminal.getvalue().removeprefix(CLEAR)) == 19


def test_the_last_cry_is_told(monkeypatch, writer):
    monkeypatch.setattr(time, "strftime", lambda form: "21:04")
    terminal, clock = io.StringIO(), Clock()
    console = Console(terminal, writer, clock)
    for crying in (None, 1.0, None):
        clock.now += 1
        console.show(-20, 0.5, crying, 9.0)
        assert writer.drain(30)
    lines = terminal.getvalue().split(CLEAR)[1:]
    assert [line.split("  ")[0] for line in lines] == [
        "listening",
        "CRYING for 8 s",
        "listening, last cry 21:04",
    ]


def test_a_terminal_that_is_gone_stops_nothing(writer):
    terminal = io.StringIO()
    console = Console(terminal, writer, Clock())
    terminal.close()
    console.show(-20, 0.5, None, 1.0)
    out = io.StringIO()
    Above(console, out).write("still here\n")
    assert writer.drain(30)
    assert out.getvalue() == "still here\n"


def test_only_a_terminal_that_can():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert has_terminal(Terminal(), {"TERM": "xterm"})
    assert not has_terminal(Terminal(), {"TERM": "dumb"})
    assert not has_terminal(Terminal(), {})
    assert not has_terminal(io.StringIO(), {"TERM": "xterm"})


@pytest.mark.parametrize(
    ("level", "prefix"),
    [("ERROR", "<3>"), ("WARNING", "<4>"), ("INFO", "<6>"), ("DEBUG", "<7>")],
)
def test_journal_gets_priorities(level, prefix):
    record = logging.LogRecord("edgecry", getattr(logging, level), "", 0, "a %s\nb\x1b", ("c",), None)
    assert LogFormat(journal=True).format(record) == f"{prefix}a c\n{prefix}b\\x1b"
    assert LogFormat(journal=False).format(record).endswith("a c\nb\\x1b")


def test_no_traceback_unless_asked_for(monkeypatch):
    try:
        raise ValueError("odd")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 0, "broken", (), (ValueError, error, error.__traceback__)
        )
    monkeypatch.delenv("EDGECRY_DEBUG", raising=False)
    assert LogFormat(journal=True).format(record) == "<3>broken (ValueError('odd'))"
    monkeypatch.setenv("EDGECRY_DEBUG", "1")
    assert "Traceback" in LogFormat(journal=True).format(record)


@pytest.mark.parametrize(("quiet", "lines"), [(False, 2), (True, 1)])
def test_log(quiet, lines):
    stream, log = io.StringIO(), logging.getLogger("edgecry")
    before = log.level, log.propagate, list(log.handlers)
    undo = log_to(stream, quiet)
    log.info("told")
    log.warning("warned")
    undo()
    log.warning("after it")
    assert len(stream.getvalue().splitlines()) == lines
    assert (log.level, log.propagate, list(log.handlers)) == before


def test_journal_is_known_by_its_number(tmp_path):
    with (tmp_path / "log").open("w") as file:
        status = os.fstat(file.fileno())
        assert is_journal(file, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not is_journal(file, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"})
        assert not is_journal(file, {"JOURNAL_STREAM": "x"})
        assert not is_journal(file, {})
