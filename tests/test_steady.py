"""A clock for ages: what is set forward is not believed at once."""

import pytest

from edgecry.steady import PROBATION, SETTLING, SteadyClock

YEAR = 365 * 86_400.0


class Clocks:
    """A system whose clock can be set."""

    def __init__(self, settled: bool = True) -> None:
        self.up, self.offset = 100.0, 1.7e9
        self.steady = SteadyClock(lambda: self.up + self.offset, lambda: self.up)
        if settled:
            self.up += SETTLING
            self.steady()
            self.up = 100.0

    def passes(self, seconds: float) -> float:
        self.up += seconds
        return self.steady()


def test_it_goes_with_the_clock():
    clocks = Clocks()
    assert clocks.passes(50) == 1.7e9 + 150
    clocks.offset += 30  # a small correction
    assert clocks.passes(0) == 1.7e9 + 180


@pytest.mark.parametrize("jump", [0.0, YEAR, -YEAR])
def test_at_the_start_nothing_is_old_before_the_clock_has_settled(jump):
    """A board starts with any time, and learns the right one after a while."""
    clocks = Clocks(settled=False)
    assert clocks.passes(30) == 0.0
    clocks.offset += jump
    assert clocks.passes(30) == 0.0
    assert clocks.passes(SETTLING - 61) == 0.0
    assert clocks.passes(SETTLING) == clocks.offset + clocks.up


def test_a_clock_set_back_is_believed_at_once():
    clocks = Clocks()
    clocks.offset -= YEAR
    assert clocks.passes(0) == 1.7e9 + 100 - YEAR


def test_a_clock_set_forward_is_believed_after_a_day():
    clocks = Clocks()
    clocks.offset += 10 * YEAR
    assert clocks.passes(0) == 1.7e9 + 100
    assert clocks.passes(PROBATION - 1) == 1.7e9 + 100 + PROBATION - 1
    assert clocks.passes(1) == 1.7e9 + 100 + PROBATION + 10 * YEAR


def test_each_jump_begins_the_day_anew():
    clocks = Clocks()
    for _ in range(5):
        clocks.offset += 10 * YEAR
        clocks.passes(PROBATION / 2)
    assert clocks.steady() == 1.7e9 + clocks.up


def test_one_that_is_set_right_again_has_changed_nothing():
    clocks = Clocks()
    clocks.offset += 10 * YEAR
    clocks.passes(60)
    clocks.offset -= 10 * YEAR
    assert clocks.passes(2 * PROBATION) == 1.7e9 + clocks.up
