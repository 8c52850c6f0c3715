"""Intervals: whole groups, and as wide as theory says."""

import math

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.evaluation.bootstrap import Interval, bootstrap, bootstrap_mean, resamples
from convert.evaluation.figures import figures


def test_groups_come_whole():
    """Every drawn group with all its rows, as many groups as there are, never the same order twice."""
    groups = list("aabbbcd")
    rows_of = {g: [i for i, other in enumerate(groups) if other == g] for g in "abcd"}
    drawn = [rows.tolist() for rows in resamples(groups, 50)]
    for rows in drawn:
        found, blocks = list(rows), 0
        while found:
            whole = rows_of[groups[found[0]]]
            assert found[: len(whole)] == whole
            found, blocks = found[len(whole) :], blocks + 1
        assert blocks == 4
    assert len({tuple(rows) for rows in drawn}) > 25
    assert drawn == [rows.tolist() for rows in resamples(groups, 50)]
    assert drawn != [rows.tolist() for rows in resamples(groups, 50, seed=1)]


def test_singletons_are_the_plain_bootstrap():
    """Rows drawn with replacement, by the generator's own integers."""
    rng = np.random.default_rng(3)
    expected = [rng.integers(0, 9, 9) for _ in range(20)]
    found = list(resamples([f"g{i}" for i in range(9)], 20, seed=3))
    np.testing.assert_array_equal(found, expected)


def test_interval_of_a_mean():
    """Near mean +- 1.96 standard errors."""
    values = np.random.default_rng(0).standard_normal(400)
    found = bootstrap_mean(values, [str(i) for i in range(400)], draws=2000)
    error = values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_groups_widen_the_interval():
    """Ten copies of each value tell no more than one, and the interval is as wide as of one."""
    values = np.random.default_rng(0).standard_normal(60)
    one = bootstrap_mean(values, [str(i) for i in range(60)])
    copies = bootstrap_mean(np.repeat(values, 10), np.repeat([str(i) for i in range(60)], 10).tolist())
    naive = bootstrap_mean(np.repeat(values, 10), [str(i) for i in range(600)])
    assert (copies.low, copies.high) == pytest.approx((one.low, one.high))
    assert naive.high - naive.low < 0.5 * (one.high - one.low)


def test_intervals_cover_the_truth():
    """About 95 % of 60 samples of grouped data have the true mean in their interval."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        values = rng.standard_normal(50)[:, None] + 0.3 * rng.standard_normal((50, 4))
        found = bootstrap_mean(values.ravel(), np.repeat(np.arange(50).astype(str), 4).tolist(), draws=300)
        covered += found.low <= 0 <= found.high
    assert 51 <= covered <= 60


def test_repeats_are_averaged():
    """The figure is the mean over seeds, in every resample: two seeds at 0 and 1 have no spread."""
    y = np.array([0, 1] * 10)
    right, wrong = np.eye(2)[y], np.eye(2)[1 - y]
    groups = [str(i) for i in range(20)]
    found = bootstrap(lambda y, P: {"hits": (P.argmax(1) == y).mean()}, y, [right, wrong], groups, draws=50)
    assert found["hits"] == Interval(0.5, 0.5, 0.5, 0.95, 50)


def test_resamples_hold_every_class():
    """One that lacks a class is drawn again; the mean over classes is over all of them in each."""
    y = np.array([0, 0, 0, 1])
    P = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.8, 0.2]])
    seen = []

    def measure(y, P):
        seen.append(set(y))
        return figures(y, P, ["no", "cry"], "cry").flat()

    found = bootstrap(measure, y, [P], list("abcd"), draws=200)
    assert seen == [{0, 1}] * 201
    assert {interval.draws for interval in found.values()} == {200}
    assert (found["balanced_accuracy"].low, found["balanced_accuracy"].high) == (0.5, 0.5)


def test_classes_that_hardly_come_together():
    """Twelve classes of one group each: tried so often, and told how often it was in vain."""
    y = np.arange(12)
    found = bootstrap(lambda *_: {"x": 1.0}, y, [np.eye(12)], [str(i) for i in y], draws=5)
    assert found["x"].draws < 5
    assert np.isnan(found["x"].low)


def test_never_defined():
    """No interval, and None in JSON."""
    found = bootstrap(lambda *_: {"x": math.nan}, np.array([0]), [np.ones((1, 1))], ["a"], draws=5)["x"]
    assert found.draws == 0
    assert found.to_dict() == {"value": None, "low": None, "high": None, "level": 0.95, "draws": 0}
    assert str(found) == "-"


def test_to_dict_and_text():
    """Four decimals in JSON, three for people."""
    found = Interval(0.12345, 0.1, 0.2, 0.95, 1000)
    assert found.to_dict() == {"value": 0.1235, "low": 0.1, "high": 0.2, "level": 0.95, "draws": 1000}
    assert str(found) == "0.123 [0.100, 0.200]"


def test_refusals():
    """No draws, no values, and a level that is not a share are refused."""
    y, P = np.array([0]), np.ones((1, 1))
    for match, call in {
        "draws: 0": lambda: list(resamples(["a"], 0)),
        "groups: none": lambda: list(resamples([])),
        "repeats: none": lambda: bootstrap(lambda *_: {}, y, [], ["a"]),
        "level: 1": lambda: bootstrap(lambda *_: {}, y, [P], ["a"], level=1),
    }.items():
        with pytest.raises(ConversionError, match=match):
            call()
