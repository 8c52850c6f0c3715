"""The permutation test: blocks stay whole, p is uniform where there is nothing, small where there is."""

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.evaluation.permutation import permutation_test, permuted


def test_groups_of_one_size_swap_whole():
    """Every group has another's label vector, in its order, and none is lost."""
    groups = np.repeat([f"g{i}" for i in range(8)], 3).tolist()
    y = np.arange(24)
    moved = permuted(y, groups, np.random.default_rng(0)).reshape(8, 3)
    assert sorted(map(tuple, moved)) == [tuple(row) for row in y.reshape(8, 3)]
    assert not np.array_equal(moved.ravel(), y)


def test_rows_may_be_in_any_order():
    """A group is its rows, wherever they stand."""
    groups = [f"g{i}" for i in (0, 1, 2, 3, 4, 5)] * 2
    y = np.array([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15])
    moved = permuted(y, groups, np.random.default_rng(1))
    assert (moved[6:] - moved[:6] == 10).all()


def test_sizes_stay_apart_where_there_are_enough():
    """Labels of large groups stay among large ones; few of a size are pooled, and counts are kept."""
    sizes = [4] * 6 + [1] * 9
    groups = np.repeat([f"g{i}" for i in range(15)], sizes).tolist()
    y = np.repeat([0, 1], [24, 9])
    for seed in range(20):
        np.testing.assert_array_equal(permuted(y, groups, np.random.default_rng(seed)), y)
    odd = np.repeat([f"g{i}" for i in range(7)], [9, 7, 5, 3, 2, 1, 1]).tolist()
    labels = np.random.default_rng(0).integers(0, 3, 28)
    for seed in range(20):
        moved = permuted(labels, odd, np.random.default_rng(seed))
        assert sorted(moved) == sorted(labels)
        assert not np.array_equal(moved, labels)


def test_what_is_scored_can_be_split():
    """Every label stays in two groups, though a mixed pool could lay both of its rows in one."""
    groups = ["big"] * 6 + ["a", "b", "c", "d"]
    y = np.array([0] * 6 + [1, 1, 0, 0])
    where = []

    def score(moved):
        where.append({groups[i] for i in np.flatnonzero(moved == 1)})
        return 0.0

    permutation_test(score, y, groups, draws=200)
    assert min(map(len, where)) == 2
    rng = np.random.default_rng(0)
    plain = [permuted(y, groups, rng) for _ in range(200)]
    assert any({groups[i] for i in np.flatnonzero(moved == 1)} == {"big"} for moved in plain)


def _score(x):
    return lambda y: abs(x[y == 1].mean() - x[y == 0].mean())


def test_p_under_the_null_is_uniform():
    """Labels by group, features by group, nothing between them: p below 0.2 one time in five."""
    rng = np.random.default_rng(5)
    groups = np.repeat([f"g{i}" for i in range(20)], 4).tolist()
    ps = []
    for trial in range(120):
        y = np.repeat(rng.permutation(20) % 2, 4)
        x = np.repeat(rng.standard_normal(20), 4)
        ps.append(permutation_test(_score(x), y, groups, draws=19, seed=trial).p)
    assert np.mean(ps) == pytest.approx(0.5, abs=0.1)
    assert np.mean(np.array(ps) <= 0.2) == pytest.approx(0.2, abs=0.1)


def test_p_of_a_signal_is_the_least_there_is():
    """Nothing permuted scores as much, so p is 1 over draws and one."""
    groups = np.repeat([f"g{i}" for i in range(20)], 4).tolist()
    y = np.repeat(np.arange(20) % 2, 4)
    found = permutation_test(_score(y + 0.0), y, groups, draws=49)
    assert found.p == 1 / 50
    assert found.observed == 1 > found.null_p95 > found.null_mean
    assert found.to_dict() == {
        "observed": 1.0,
        "null_mean": round(found.null_mean, 4),
        "null_p95": round(found.null_p95, 4),
        "p": 0.02,
        "draws": 49,
    }


def test_a_constant_score_proves_nothing():
    """Every draw is as good: p is 1."""
    assert permutation_test(lambda _: 0.5, np.array([0, 1]), ["a", "b"], draws=9).p == 1


def test_refusals():
    """No draws, one group."""
    with pytest.raises(ConversionError, match="permutations: 0 is too few"):
        permutation_test(lambda _: 0, np.array([0, 1]), ["a", "b"], draws=0)
    with pytest.raises(ConversionError, match="only one"):
        permutation_test(lambda _: 0, np.array([0, 1]), ["a", "a"], draws=1)
