"""clock: seconds of the stream to the time of day, whatever stalls or is set."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.listening.clock import MEMORY, SLACK, WallClock
from tests.sources.fakes import Clock


class Both:
    """The device's clock, which can be set, and the one that only rises."""

    def __init__(self) -> None:
        self.wall, self.steady = Clock(), Clock()
        self.steady.now = 7.0
        self.made = WallClock(self.wall, self.steady)

    def wait(self, seconds: float) -> None:
        self.wall.now += seconds
        self.steady.now += seconds


@pytest.fixture
def both():
    return Both()


def hear_for(both: Both, seconds: int, position: float = 0.0, step: float = 1.0) -> float:
    """Blocks of ``step`` seconds, one each second."""
    for _ in range(seconds):
        both.wait(1.0)
        position += step
        both.made.hear(position)
    return position


def test_live_sound_is_of_now(both):
    position = hear_for(both, 600)
    assert both.made.at(position) == pytest.approx(both.wall.now)
    assert both.made.at(position - 5) == pytest.approx(both.wall.now - 5)


def test_after_a_stall_the_backlog_tells_when_it_was_heard(both):
    """It comes at once, 20 s late; and what follows is of now again."""
    position = hear_for(both, 100)
    both.wait(20)
    for _ in range(20):
        position += 1
        both.made.hear(position)
        assert both.made.at(position) == pytest.approx(both.wall.now - (120 - position))
    position = hear_for(both, 10, position)
    assert both.made.at(position) == pytest.approx(both.wall.now)


def test_a_stall_without_a_backlog_is_followed_within_a_minute(both):
    position = hear_for(both, 100)
    both.wait(20)
    position = hear_for(both, round(MEMORY) + 1, position)
    assert both.made.at(position) == pytest.approx(both.wall.now)


@pytest.mark.parametrize("step", [0.999, 1.001])
def test_a_crystal_that_is_off_is_followed(both, step):
    position = hear_for(both, 20_000, step=step)
    assert both.made.at(position) == pytest.approx(both.wall.now, abs=SLACK + MEMORY / 1000)


@pytest.mark.parametrize("jump", [1.7e9, 3600.0, -3600.0])
def test_a_clock_that_is_set_is_followed_at_once(both, jump, caplog):
    caplog.set_level(logging.INFO, "edgecry")
    position = hear_for(both, 100)
    both.wall.now += jump
    assert both.made.at(position - 30) == pytest.approx(both.wall.now - 30)
    both.made.at(position)
    assert len(caplog.records) == 1


def test_a_recording_begins_with_its_first_block(both):
    """It comes far faster than it sounds; that it does is found out after some seconds of it."""
    began = both.wall.now
    for position in range(0, 600, 5):
        both.made.hear(float(position), live=position < 10)
        assert both.made.at(float(position)) <= both.wall.now
        both.wait(0.01)
    assert not both.made.is_live
    assert both.made.at(0.5) == pytest.approx(began + 0.5)
    assert both.made.at(300.0) == both.wall.now


@given(st.lists(st.floats(0, 30), min_size=1, max_size=25))
def test_what_comes_late_moves_nothing(delays):
    """Times of one cry stay the same to the last digit, whatever waits; and none is to come."""
    both = Both()
    both.made.hear(0.0)
    began = both.wall.now
    for second, delay in enumerate(delays, 1):
        both.wait(max(0.0, began + second + delay - both.wall.now))
        both.made.hear(float(second))
        assert both.made.at(0.0) == began
        assert both.made.at(float(second)) <= both.wall.now


def test_memory_is_bounded(both):
    hear_for(both, 5000, step=0.9)
    assert len(both.made._prompt) <= MEMORY + 1


def test_before_the_first_block_all_is_now(both):
    assert both.made.at(5.0) == both.wall.now == both.made.now()
