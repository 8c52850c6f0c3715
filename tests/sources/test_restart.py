"""restart: sources that come back."""

import threading

import numpy as np
import pytest

from edgecry.errors import AudioError
from edgecry.sources.base import Gap
from edgecry.sources.restart import Restarting, RestartSettings
from tests.sources.fakes import Clock, Script, ones

SETTINGS = RestartSettings(stall=5, first=1, longest=8, healthy=30)


class Runs:
    """A source for each run, in turn; after the last, ones that cannot be opened."""

    def __init__(self, *runs: Script, clock: Clock) -> None:
        self.left, self.made, self.clock = list(runs), [], clock

    def __call__(self) -> Script:
        if self.left:
            run = self.left.pop(0)
        else:
            run = Script()
            run.fail_open = "it is gone"
        run.clock = self.clock
        self.made.append(run)
        return run


def restarting(*runs: Script, settings: RestartSettings = SETTINGS) -> tuple[Restarting, Clock, Runs]:
    clock = Clock()
    made = Runs(*runs, clock=clock)
    source = Restarting(made, settings, clock)
    source.open()
    return source, clock, made


def is_nothing(block: object) -> bool:
    return isinstance(block, np.ndarray) and len(block) == 0


def test_a_run_that_goes_well_is_passed_through():
    source, _, _ = restarting(Script(ones(3), Gap(7), ones(2)))
    assert [len(source.read(0)), source.read(0), len(source.read(0))] == [3, Gap(7), 2]


def test_the_time_away_is_a_gap():
    source, clock, _ = restarting(Script(ones(100), "died"), Script(ones(400)))
    assert len(source.read(0)) == 100
    assert is_nothing(source.read(0))
    assert is_nothing(source.read(0))  # not yet
    clock.now += 3
    # 3 s of 1000 samples each, of which the last 400 came.
    assert source.read(0) == Gap(2600)
    assert len(source.read(0)) == 400
    assert (source.restarts, source.last_error) == (1, "died")


def test_a_gap_is_never_negative():
    source, clock, _ = restarting(Script(ones(100), "died"), Script(ones(5000)))
    source.read(0), source.read(0)
    clock.now += 1
    assert source.read(0) == Gap(0)


def test_no_gap_before_the_first_samples_ever():
    source, clock, _ = restarting(Script("died"), Script(ones(5)))
    source.read(0)
    clock.now += 1
    assert len(source.read(0)) == 5


def test_back_off_doubles_up_to_the_longest():
    source, clock, runs = restarting(Script("died"))
    delays, since = [], clock.now
    source.read(0)
    while len(runs.made) < 8:
        before = len(runs.made)
        source.read(0)
        if len(runs.made) > before:
            delays.append(clock.now - since)
            since = clock.now
        clock.now += 0.5
    assert delays[:6] == pytest.approx([1, 2, 4, 8, 8, 8], abs=0.5)
    assert source.last_error == "it is gone"
    assert source.restarts == 7
    assert all(run.closed for run in runs.made)


def test_back_off_begins_anew_after_a_healthy_run():
    died = [Script("died") for _ in range(2)]
    well = Script(ones(1), 31.0, ones(1), "died")
    patient = RestartSettings(stall=60, first=1, longest=8, healthy=30)
    source, clock, runs = restarting(*died, well, Script(ones(1)), settings=patient)
    source.read(0)
    for delay in (1, 2):
        clock.now += delay
        source.read(0)
    while well.steps:
        source.read(0)
    clock.now += 1  # not the 4 that would be next
    assert isinstance(source.read(0), Gap)
    assert len(runs.made) == 4


def test_silence_for_too_long_is_death():
    source, clock, runs = restarting(Script(ones(1), 3.0, ones(1), 3.0, 2.0), Script(ones(1)))
    lengths = [len(source.read(0)) for _ in range(5)]
    assert lengths == [1, 0, 1, 0, 0]
    assert runs.made[0].closed
    assert source.last_error == "script: sent nothing for 5 s"
    clock.now += 1
    assert source.read(0) == Gap(5999)  # silence counts as away


def test_time_in_which_nobody_read_is_no_silence():
    source, clock, runs = restarting(Script(0.1, 0.1, ones(1)))
    for _ in range(2):
        source.read(0)
        clock.now += 100
    assert len(source.read(0)) == 1
    assert len(runs.made) == 1


def test_errors_while_reading_are_deaths():
    source, clock, _ = restarting(Script(AudioError("broken")), Script(ones(1)))
    assert is_nothing(source.read(0))
    assert source.last_error == "broken"
    clock.now += 1
    assert len(source.read(0)) == 1


def test_the_first_start_has_to_succeed():
    run = Script()
    run.fail_open = "no such program"
    with pytest.raises(AudioError, match=r"no such program"):
        Restarting(lambda: run, SETTINGS).open()


@pytest.mark.parametrize(
    ("policy", "ending", "starts"),
    [
        ("always", None, 2),
        ("always", "died", 2),
        ("on-failure", None, 1),
        ("on-failure", "died", 2),
        ("never", None, 1),
        ("never", "died", 1),
    ],
)
def test_policy(policy, ending, starts):
    settings = RestartSettings(policy=policy)
    source, clock, runs = restarting(Script(ones(1), ending), Script(ones(1)), settings=settings)
    source.read(0)
    over = source.read(0)
    clock.now += 10
    if starts == 1:
        assert over is None
        assert source.read(0) is None
        assert source.complaint == ending
    else:
        assert is_nothing(over)
        assert isinstance(source.read(0), Gap)
    assert len(runs.made) == starts


def test_another_rate_after_a_restart_is_refused():
    source, clock, _ = restarting(Script("died"), Script(ones(1), sr=8000))
    source.read(0)
    clock.now += 1
    assert is_nothing(source.read(0))
    assert source.last_error == "script: came back with 8000 Hz instead of 1000 Hz"


def test_close_wakes_who_waits_for_the_next_start():
    source = Restarting(lambda: Script("died"), RestartSettings(first=1000, longest=1000))
    source.open()
    source.read(0)
    thread = threading.Thread(target=source.read, args=(1000,))
    thread.start()
    source.close()
    thread.join(10)
    assert not thread.is_alive()
    assert source.read(0) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policy": "sometimes"}, "policy: 'sometimes' is unknown; allowed are always, on-failure, never"),
        ({"stall": 0}, "stall: 0 s is out of range; allowed are numbers above 0 s"),
        ({"first": 0}, "first: 0 s is out of range; .* above 0 s and at most 60 s"),
        ({"first": 2, "longest": 1}, "first: 2 s is out of range"),
        ({"longest": float("nan")}, "longest: nan s is out of range"),
        ({"healthy": -1}, "healthy: -1 s is out of range"),
    ],
)
def test_settings_out_of_range(change, message):
    with pytest.raises(AudioError, match=message):
        RestartSettings(**change)


def test_delay_of_many_failures_is_a_number():
    assert RestartSettings().delay(10**6) == 60
