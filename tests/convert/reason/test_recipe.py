"""The recipe of reasons: temper, choose, calibrate; by closed forms and equivalences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.errors import ConversionError
from convert.evaluation.figures import log_loss
from convert.reason import recipe
from convert.reason.recipe import TEMPERATURES, Recipe, choose_temperature, inner_folds, nameable, temper
from edgecry.decision import EVIDENCE_DIGITS, evidence

EVEN = np.full(3, 1 / 3)


def clouds(n_classes: int = 3, *, spread: float = 1.0, seed: int = 0):
    """Thirty groups of two rows, a cloud a class, as far apart as its number."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(30) % n_classes, 2)
    X = rng.normal(size=(60, 4))
    X[:, 0] += spread * y
    return X, y, [f"baby {i // 2}" for i in range(60)]


def alone(y) -> list[str]:
    """Each row a group of its own."""
    return [str(i) for i in range(len(y))]


@given(st.floats(0.05, 1), st.integers(0, 999))
def test_temper_in_closed_form(T, seed):
    """T = 1 takes Q at its word where the prior is even; the prior is what no evidence leaves."""
    rng = np.random.default_rng(seed)
    Q, prior = rng.dirichlet(np.ones(3), 5), rng.dirichlet(np.ones(3))
    assert np.allclose(temper(Q, EVEN, 1.0), Q)
    assert np.allclose(temper(np.tile(EVEN, (5, 1)), prior, T), prior)
    assert np.allclose(temper(Q, prior, 0.0), prior)
    odds = temper(Q, prior, T)
    assert np.allclose(odds[:, 0] / odds[:, 1], prior[0] / prior[1] * (Q[:, 0] / Q[:, 1]) ** T)


def test_temper_survives_a_class_that_was_not_fitted_on():
    """A probability of 0 becomes a small one, and nothing is NaN."""
    P = temper(np.array([[0.0, 1.0]]), np.array([0.5, 0.5]), 0.05)
    assert 0 < P[0, 0] < 0.5
    assert P.sum() == pytest.approx(1)


def test_the_temperature_suits_the_evidence():
    """Q that is right and sure is taken at its word, Q that is sure and wrong as little as can be."""
    y = np.tile([0, 1, 2], 20)
    right = np.full((60, 3), 0.05)
    right[np.arange(60), y] = 0.9
    wrong = np.roll(right, 1, axis=1)
    assert choose_temperature(y, right, EVEN, alone(y)) == TEMPERATURES[-1]
    assert choose_temperature(y, wrong, EVEN, alone(y)) == TEMPERATURES[0]
    losses = [log_loss(y, temper(right, EVEN, T)) for T in TEMPERATURES]
    assert losses == sorted(losses, reverse=True)
    assert choose_temperature(y[:0], right[:0], EVEN, []) == TEMPERATURES[0]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_pipeline_is_the_tempered_posterior(n_classes):
    """Coefficients that hold T and the prior answer as prior x q^T does, of two classes and of several."""
    X, y, groups = clouds(n_classes)
    fitted = Recipe().fit(X, y, groups, 0)
    q = recipe._logistic(X, y).predict_proba(X)
    expected = temper(q, fitted.prior, fitted.temperature)
    np.testing.assert_allclose(fitted.predict_proba(X), expected, rtol=0, atol=1e-12)
    assert fitted.prior.sum() == pytest.approx(1)


def test_shares_are_never_none():
    """Half a recording more of each, of those there are."""
    np.testing.assert_allclose(recipe.shares(np.array([0, 0, 0, 1]), 3), [3.5 / 5.5, 1.5 / 5.5, 0.5 / 5.5])


def test_scores_are_evidence_out_of_fold():
    """Each row's score is the evidence that a regression gave which never saw its group."""
    X, y, groups = clouds(spread=0.3)
    fitted = Recipe().fit(X, y, groups, 7)
    expected = [[], [], []]
    for train, test in inner_folds(y, groups, 7):
        assert not {groups[i] for i in train} & {groups[i] for i in test}
        q = recipe._logistic(X[train], y[train]).predict_proba(X[test])
        P = temper(q, fitted.prior, fitted.temperature)
        for row, truth in zip(P, y[test], strict=True):
            found = evidence(dict(enumerate(row)), dict(enumerate(fitted.prior)))
            expected[truth].append(round(found[truth], EVIDENCE_DIGITS))
    for scores, wanted in zip(fitted.scores, expected, strict=True):
        np.testing.assert_allclose(scores, sorted(wanted), rtol=0, atol=1.01 * 10**-EVIDENCE_DIGITS)
        assert np.all(np.diff(scores) >= 0)
    assert sum(map(len, fitted.scores)) == len(y)


def test_rows_of_the_same_group_do_not_calibrate_each_other():
    """Where only the group can be recognised, scores are no better than chance."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(40) % 2, 4)
    X = np.repeat(rng.normal(size=(40, 60)), 4, axis=0)
    groups = [f"baby {i // 4}" for i in range(160)]
    grouped, alone = (Recipe().fit(X, y, g, 0) for g in (groups, [str(i) for i in range(160)]))
    assert grouped.temperature < alone.temperature


def test_a_class_of_one_group_is_learned_and_never_ruled_out():
    """It has no scores, so that its credibility is 1; the group's other rows never train its test."""
    X, y, groups = clouds(2)
    y[:2], groups[:3] = 2, ["lonely"] * 3
    fitted = Recipe().fit(X, y, groups, 0)
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert [len(scores) > 0 for scores in fitted.scores] == [True, True, False]
    folds = list(inner_folds(y, groups, 0))
    assert sorted(row for _, test in folds for row in test) == list(range(2, 60))
    for train, test in folds:
        assert not {groups[i] for i in train} & {groups[i] for i in test}


def test_too_little_to_choose_by():
    """One group a class: fitted all the same, as near to the shares as can be. One class: refused."""
    X, y = np.eye(4), np.array([0, 0, 1, 1])
    fitted = Recipe().fit(X, y, ["a", "a", "b", "b"], 0)
    assert fitted.temperature == TEMPERATURES[0]
    assert [len(scores) for scores in fitted.scores] == [0, 0]
    with pytest.raises(ConversionError, match="labels: only 0 in a part"):
        Recipe().fit(X, np.zeros(4, dtype=int), ["a", "a", "b", "b"], 0)


def test_the_same_again():
    """Same rows and seed, same model and scores; names of classes make no difference."""
    X, y, groups = clouds()
    one, two = Recipe().fit(X, y, groups, 3), Recipe().fit(X, np.array(["x", "y", "z"])[y], groups, 3)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert two.rule(["x", "y", "z"], ["x"]).scores["z"] == tuple(one.scores[2].tolist())


def test_nameable_takes_recordings_and_groups():
    """Twenty recordings of ten babies; either alone is not enough."""
    y = np.repeat([0, 1, 2], [20, 20, 19])
    groups = [*(f"a{i % 10}" for i in range(20)), *(f"b{i % 9}" for i in range(20)), *map(str, range(19))]
    assert nameable(y, groups, ["many", "few babies", "few recordings"]) == ("many",)


def test_within_a_standard_error_the_least_temperature_is_chosen():
    """Evidence of little avail for few babies is not followed; the same of many is."""
    y = np.arange(8) % 3
    said = np.where(np.arange(8) < 3, y, (y + 1) % 3)  # right thrice of eight times, which is a little
    Q = np.full((8, 3), 0.3)
    Q[np.arange(8), said] = 0.4
    assert choose_temperature(y, Q, EVEN, alone(y)) == TEMPERATURES[0]
    many = np.tile(y, 200), np.tile(Q, (200, 1))
    assert choose_temperature(*many, EVEN, alone(many[0])) > TEMPERATURES[0]
    one_baby = ["a"] * 1600
    assert choose_temperature(*many, EVEN, one_baby) == TEMPERATURES[0]


def test_a_better_microphone_is_no_evidence():
    """What lies beyond the range that was learned, or above a telephone's band, changes nothing."""
    rng = np.random.default_rng(0)
    n = recipe.SPEC.n_features
    X, y = rng.normal(size=(60, n)), np.arange(60) % 3
    fitted = Recipe().fit(X, y, [f"baby {i // 2}" for i in range(60)], 0)
    treble = X.copy()
    treble[:, ~recipe.heard()] += 100
    np.testing.assert_array_equal(fitted.predict_proba(treble), fitted.predict_proba(X))
    highest, beyond = np.full((1, n), X.max()), np.full((1, n), 1e6)
    np.testing.assert_allclose(fitted.predict_proba(beyond), fitted.predict_proba(highest), atol=1e-12)
    assert (~recipe.heard()).sum() == 2
