"""controls: what a person may change while it listens."""

import math

import pytest

from edgecry.errors import EdgecryError
from edgecry.sinks.controls import Controls
from tests.sources.fakes import Clock


def test_alerts_are_off_until_a_time():
    clock = Clock()
    controls = Controls(0.8, clock, clock)
    assert not controls.is_muted
    controls.mute(60)
    clock.now += 59
    assert controls.is_muted
    clock.now += 1
    assert not controls.is_muted


@pytest.mark.parametrize("jump", [-86_400 * 365 * 50, -3600, 3600, 86_400 * 365 * 50])
def test_a_mute_is_as_long_as_was_asked_for_whatever_the_clock_does(jump):
    clock, ticks = Clock(), Clock()
    controls = Controls(0.8, clock, ticks)
    controls.mute(60)
    clock.now += jump
    assert controls.muted_until == clock.now + 60
    clock.now, ticks.now = clock.now + 59, ticks.now + 59
    assert controls.is_muted
    clock.now, ticks.now = clock.now + 1, ticks.now + 1
    assert (controls.is_muted, controls.muted_until) == (False, None)


def test_the_end_that_is_told_is_steady():
    """It is news when it changes, so what two clocks differ by is none."""
    clock, ticks = Clock(), Clock()
    controls = Controls(0.8, clock, ticks)
    controls.mute(60)
    until = controls.muted_until
    for drift in (0.001, -0.002, 1.5):
        ticks.now += 0.5
        clock.now += 0.5 + drift
        assert controls.muted_until == until


def test_changes_are_told():
    controls, told = Controls(0.8), []
    controls.changed = lambda: told.append((controls.is_muted, controls.asked))
    controls.mute(60)
    controls.mute(0)
    assert told == [(True, 60), (False, 0)]


def test_alerts_are_off_without_end_and_on_again():
    clock = Clock()
    controls = Controls(0.8, clock, clock)
    controls.mute()
    clock.now += 1e9
    assert controls.is_muted
    controls.mute(0)
    assert controls.muted_until is None


@pytest.mark.parametrize("seconds", [-1, math.nan, -math.inf, "60", None, True])
def test_a_time_that_is_none(seconds):
    with pytest.raises(EdgecryError, match="mute"):
        Controls(0.8).mute(seconds)


def test_orders():
    controls = Controls(0.8)
    controls.obey("alerts", "OFF")
    assert controls.muted_until == math.inf
    controls.obey("alerts", "ON")
    assert not controls.is_muted
    controls.obey("threshold", "0.65")
    assert controls.threshold == 0.65


@pytest.mark.parametrize(
    ("what", "order"),
    [("alerts", "on"), ("alerts", ""), ("alerts", "1"), ("threshold", "0"), ("threshold", "1.01")]
    + [("threshold", text) for text in ("", "nan", "inf", "-0.5", "0,5", "ON", "1e400")],
)
def test_orders_that_are_refused_change_nothing(what, order):
    controls = Controls(0.8)
    with pytest.raises(EdgecryError, match=what):
        controls.obey(what, order)
    assert (controls.threshold, controls.muted_until) == (0.8, None)
