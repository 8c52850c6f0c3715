"""Signals: the first asks, the second ends."""

import os
import signal

import pytest

from edgecry.listening.signals import ASKING, MUTED, EndRequest, alert_signals
from edgecry.sinks.controls import Controls


@pytest.fixture
def heeded(number):
    """A signal that is not ignored, as it is in tests that were started with nohup."""
    before = signal.signal(number, signal.SIG_DFL)
    yield
    signal.signal(number, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("number", ASKING)
def test_the_first_asks_and_the_second_leaves(number):
    left = []
    before = [signal.getsignal(n) for n in ASKING]
    with EndRequest(left.append) as request:
        assert not request.made
        os.kill(os.getpid(), number)
        assert request.made
        assert left == []
        os.kill(os.getpid(), number)
        assert left == [128 + number]
    assert [signal.getsignal(n) for n in ASKING] == before


def test_what_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with EndRequest() as request:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not request.made
    finally:
        signal.signal(signal.SIGHUP, before)


def test_alerts_are_switched_off_and_on():
    controls = Controls(0.8, clock=lambda: 100.0)
    before = [signal.getsignal(n) for n in (signal.SIGUSR1, signal.SIGUSR2)]
    with alert_signals(controls):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert controls.muted_until == 100 + MUTED
        os.kill(os.getpid(), signal.SIGUSR2)
        assert not controls.is_muted
    assert [signal.getsignal(n) for n in (signal.SIGUSR1, signal.SIGUSR2)] == before
