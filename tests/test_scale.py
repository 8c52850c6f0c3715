"""scale: simulated runs of which everything is known."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.scale import Machines, Plan, hours_of_shards, simulate

EVEN = Machines(rate=800.0, spread=0.0, slow=0.0, lifetime=1e12, overhead=0.0)
PLAN = Plan("nights", 4000.0, 10.0, 1)


def rng():
    return np.random.default_rng(0)


def test_one_worker_takes_all_the_hours():
    run = simulate(PLAN, EVEN, rng())
    assert run.spent == run.wall == pytest.approx(4000 / 800)
    assert (run.tail, run.lost, run.deaths) == (0, 0, 0)


@pytest.mark.parametrize("workers", [2, 7, 50])
def test_workers_share_the_hours(workers):
    run = simulate(replace(PLAN, workers=workers), EVEN, rng())
    assert run.spent == pytest.approx(4000 / 800)
    # No list of tasks leaves a worker idle for longer than its longest one takes.
    assert 0 <= run.tail <= run.largest / 800
    assert 5 / workers <= run.wall <= 5 / workers + run.largest / 800


def test_what_dies_is_done_again():
    run = simulate(PLAN, replace(EVEN, lifetime=0.5, restart=36.0), rng())
    assert run.deaths > 2
    assert run.spent == pytest.approx(4000 / 800 + run.lost)
    assert run.wall == pytest.approx(run.spent + 0.01 * run.deaths)


def test_a_slow_worker_makes_a_tail():
    some = replace(PLAN, workers=10)
    assert simulate(some, replace(EVEN, slow=0.3), rng()).tail > simulate(some, EVEN, rng()).tail


@pytest.mark.parametrize("length", [10.0, 1 / 60])
def test_shards_hold_all_hours(length):
    found = list(hours_of_shards(Plan("", 500.0, length, 1), rng()))
    assert sum(found) == pytest.approx(500)
    assert 10 <= np.mean(found) < 20
