"""The page's sink: the history has the right times, whenever the clock is set."""

import pytest

from edgecry.sinks.controls import Controls
from edgecry.sinks.ids import utc
from edgecry.web.board import Board
from edgecry.web.history import History
from edgecry.web.sink import PageSink
from tests.sinks.messages import cry

T = 1_763_936_277.0


class Clocks:
    """The device's clock, and one that nobody sets."""

    def __init__(self) -> None:
        self.wall, self.steady = 40.0, 7.0

    def pass_by(self, seconds: float, jump: float = 0.0) -> None:
        self.wall += seconds + jump
        self.steady += seconds


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def history(tmp_path):
    found = History(tmp_path / "history.db", ages=lambda: 0.0)
    yield found
    found.close()


@pytest.fixture
def sink(history, clocks):
    board = Board("cot", Controls(0.9))
    return PageSink(board, history, clock=lambda: clocks.wall, steady=lambda: clocks.steady)


def times(history) -> dict[str, tuple[str, str | None]]:
    return {row["event"]: (row["started_at"], row["ended_at"]) for row in history.cries()}


@pytest.mark.parametrize("jump", [T, -30.0])
def test_a_cry_before_the_clock_was_set(sink, history, clocks, jump):
    """It is over by then: no message of it comes any more. A cry of a run before stays as it is."""
    before = cry(1, "end", started_at=utc(T), ended_at=utc(T + 5))
    history.tell(before)
    past = cry(2, "end", started_at=utc(1000.0), ended_at=utc(1010.0))
    sink.deliver(past)
    clocks.pass_by(60, jump)
    sink.show(cry(2, "end"))
    clocks.pass_by(60)
    sink.show(cry(2, "end"))
    assert times(history) == {
        before.event: (utc(T), utc(T + 5)),
        past.event: (utc(1000.0 + jump), utc(1010.0 + jump)),
    }


def test_a_cry_in_which_the_clock_was_set(sink, history, clocks):
    """Its messages have the right time from there."""
    sink.deliver(cry(1, "start", started_at=utc(40.0)))
    clocks.pass_by(5, T)
    sink.deliver(cry(1, "end", started_at=utc(T + 40), ended_at=utc(T + 45)))
    assert list(times(history).values()) == [(utc(T + 40), utc(T + 45))]


def test_a_clock_that_is_slewed_moves_nothing(sink, history, clocks):
    sink.deliver(cry(1, "end", started_at=utc(T), ended_at=utc(T + 5)))
    for _ in range(10):
        clocks.pass_by(60, 0.1)
        sink.show(cry(1, "end"))
    assert list(times(history).values()) == [(utc(T), utc(T + 5))]
