"""What the device would say out of fold, and the figures of it."""

import numpy as np
import pytest

from convert.evaluation.protocol import Splits
from convert.reason.answers import Answers, answer, out_of_fold, said_figures, set_figures
from convert.reason.recipe import Recipe
from edgecry.decision import Decision, evidence, find_reasons
from tests.convert.reason.test_recipe import clouds

LABELS = ("a", "b", "c")


def made_up(sets, said):
    """Answers with nothing but what is measured."""
    return Answers(np.zeros((len(said), 3)), np.array(sets, dtype=bool), list(said), list(said))


def test_answers_are_the_devices():
    """Row by row as the device decides, on probabilities in float32's precision."""
    X, y, groups = clouds(spread=2)
    fitted = Recipe().fit(X, y, groups, 0)
    found = answer(fitted, X, LABELS, ["a", "c"])
    rule = fitted.rule(LABELS, ["a", "c"])
    for i, row in enumerate(fitted.predict_proba(X).astype(np.float32).tolist()):
        reasons = find_reasons(dict(zip(LABELS, row, strict=True)), rule, Decision())
        assert [label for label, there in zip(LABELS, found.sets[i], strict=True) if there] == [*reasons.set]
        expected = reasons.set[0] if len(reasons.set) == 1 and reasons.set != ("b",) else "uncertain"
        assert found.said[i] == expected
    assert {"a", "uncertain"} <= set(found.said)
    assert sum(evidence(dict(zip(LABELS, found.P[0], strict=True)), rule.prior).values()) == pytest.approx(1)


def test_out_of_fold_covers_what_it_promises():
    """With many babies the sets hold the true reason about as often as asked for; fewer if less is asked."""
    rng = np.random.default_rng(1)
    y = np.arange(600) % 3
    X = rng.normal(size=(600, 3))
    X[:, 0] += y
    splits = Splits.by("baby", [str(i) for i in range(600)], [0])
    (found,) = out_of_fold({0.0: X, -6.0: X, -12.0: X + 5}, y, splits, LABELS, LABELS, [0.8])
    covered = found.at[0.0].sets[np.arange(600), y]
    for k in range(3):
        assert covered[y == k].mean() == pytest.approx(0.9, abs=0.05)
    less = found.covering[0.8]
    assert np.all(less.sets <= found.at[0.0].sets)
    assert less.sets[np.arange(600), y].mean() == pytest.approx(0.8, abs=0.05)
    assert found.at[-6.0].said == found.at[0.0].said
    assert found.at[-12.0].likeliest != found.at[0.0].likeliest
    assert len(found.temperatures) == 5


def test_nothing_of_a_baby_is_known_when_it_is_asked():
    """Features that only tell babies apart give sets and probabilities no better than the shares."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(60) % 2, 4)
    X = np.repeat(rng.normal(size=(60, 80)), 4, axis=0)
    losses = {}
    for rows in (4, 1):
        splits = Splits.by("baby", [str(i // rows) for i in range(240)], [0])
        (found,) = out_of_fold({0.0: X}, y, splits, LABELS[:2], LABELS[:2])
        losses[rows] = -np.log(found.at[0.0].P[np.arange(240), y]).mean()
    assert losses[4] > 0.67  # ln 2 = 0.693 is what the shares alone have
    assert losses[1] < 0.62  # what a split that parts babies would have us believe


def test_figures_in_closed_form():
    """Four recordings, two repeats; each figure counted by hand."""
    y, groups = np.array([0, 0, 1, 2]), ["p", "q", "r", "s"]
    first = made_up([[1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 1, 1]], ["a", "uncertain", "a", "uncertain"])
    second = made_up([[1, 1, 1]] * 4, ["uncertain"] * 4)
    sets = set_figures([first, second], y, LABELS, groups, 20)
    assert sets["coverage"].value == pytest.approx(7 / 8)
    assert sets["coverage, b"].value == pytest.approx(0.5)
    assert sets["coverage, mean of reasons"].value == pytest.approx((1 + 0.5 + 1) / 3)
    assert sets["mean size"].value == pytest.approx((1 + 2 + 1 + 3 + 12) / 8)
    assert sets["share with one reason"].value == pytest.approx(2 / 8)
    said = said_figures([first, second], y, LABELS, groups, 20)
    assert said["share of 'uncertain'"].value == pytest.approx(6 / 8)
    assert said["share with a reason"].value == pytest.approx(2 / 8)
    assert said["accuracy of stated reasons"].value == pytest.approx(1 / 2)
    assert said["always 'a' on the same"].value == pytest.approx(1 / 2)


def test_where_nothing_is_stated_there_is_no_accuracy():
    """Undefined, and not 0 or 1."""
    silent = made_up([[1, 1, 1]] * 3, ["uncertain"] * 3)
    said = said_figures([silent], np.array([0, 1, 2]), LABELS, ["p", "q", "r"], 5)
    assert said["share of 'uncertain'"].value == 1
    assert np.isnan(said["accuracy of stated reasons"].value)
