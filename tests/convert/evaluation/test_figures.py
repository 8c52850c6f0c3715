"""Figures with known answers, and those of scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.metrics import balanced_accuracy_score, log_loss, precision_recall_fscore_support

from convert.errors import ConversionError
from convert.evaluation.figures import (
    AVERAGES,
    auc,
    brier,
    calibration_error,
    decide,
    figures,
    recall_at_fpr,
    reliability,
    threshold_at_fpr,
)

RNG_SEED = 7


def test_decide():
    """The first of equals, where what differs after six decimals is equal."""
    P = np.array([[0.2, 0.5, 0.3], [0.5 - 1e-8, 0.5 + 1e-8, 0], [0.5 - 1e-5, 0.5 + 1e-5, 0]])
    assert decide(P).tolist() == [1, 0, 1]


def test_figures_of_the_majority():
    """Always the first of shares 3:1: accuracy 3/4, recall 1 and 0, log-loss the entropy."""
    y = np.array([0, 0, 0, 1])
    found = figures(y, np.tile([0.75, 0.25], (4, 1)), ["hungry", "tired"])
    assert found.accuracy == found.precision[0] == 0.75
    assert found.recall == (1.0, 0.0)
    assert found.balanced_accuracy == 0.5
    assert found.f1 == (pytest.approx(6 / 7), 0.0)
    assert found.macro_f1 == pytest.approx(3 / 7)
    assert found.support == (3, 1)
    assert found.log_loss == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))


def test_figures_equal_scikit_learn():
    """Over random probabilities, zeros for the truth included."""
    rng = np.random.default_rng(RNG_SEED)
    y = rng.integers(0, 4, 300)
    P = rng.dirichlet(np.full(4, 0.3), 300)
    P[:5] = np.eye(4)[(y[:5] + 1) % 4]
    found = figures(y, P, list("abcd"))
    precision, recall, f1, support = precision_recall_fscore_support(y, P.argmax(axis=1))
    np.testing.assert_allclose(found.precision, precision)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.f1, f1)
    assert found.support == tuple(support)
    assert found.accuracy == pytest.approx((y == P.argmax(axis=1)).mean())
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(y, P.argmax(axis=1)))
    assert found.log_loss == pytest.approx(log_loss(y, P))


def test_averages_are_those_of_the_classification_report():
    """The seed's table ends with them."""
    y, P = np.array([0, 0, 0, 1]), np.eye(3)[[0, 0, 1, 1]]
    found = figures(y, P, ["hungry", "tired", "bored"]).flat()
    expected = metrics.classification_report(
        y, P.argmax(axis=1), labels=[0, 1], target_names=["hungry", "tired"], output_dict=True
    )
    for row in (*AVERAGES, "hungry", "tired"):
        for name, column in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert found[f"{name}/{row}"] == pytest.approx(expected[row][column]), (name, row)


@pytest.fixture(params=[2, 5])
def random(request):
    """Truth and probabilities that know a little of it."""
    rng = np.random.default_rng(RNG_SEED)
    y = rng.integers(0, request.param, 400)
    P = rng.dirichlet(np.ones(request.param), 400) + 0.3 * np.eye(request.param)[y]
    return y, np.round(P / P.sum(axis=1, keepdims=True), 2)  # rounded, so that scores tie


def test_summary_equals_scikit_learn(random):
    """Brier score, AUC of two classes and mean AUC of several."""
    y, P = random
    P = P / P.sum(axis=1, keepdims=True)
    score = P[:, 1] if P.shape[1] == 2 else P
    found = figures(y, P, [str(k) for k in range(P.shape[1])])
    assert found.roc_auc == pytest.approx(metrics.roc_auc_score(y, score, multi_class="ovr"))
    assert brier(y, P) == pytest.approx(
        metrics.brier_score_loss(y, score) if score.ndim == 1 else _multi(y, P)
    )


def _multi(y, P):
    return np.mean(((P - np.eye(P.shape[1])[y]) ** 2).sum(axis=1))


@pytest.mark.parametrize("n_labels", [2, 4])
def test_perfect_and_wrong(n_labels):
    """The truth scores 1 and 0 everywhere; the next class, said with certainty, the opposite."""
    y = np.arange(40) % n_labels
    labels = [str(k) for k in range(n_labels)]
    positive = "1" if n_labels == 2 else None
    best = figures(y, np.eye(n_labels)[y], labels, positive).summary
    worst = figures(y, np.eye(n_labels)[(y + 1) % n_labels], labels, positive).summary
    for name, value in best.items():
        is_loss = "loss" in name or "error" in name or name == "brier"
        assert value == pytest.approx(0 if is_loss else 1, abs=1e-12), name
        assert abs(worst[name] - value) > 0.5, name


def test_a_constant_knows_nothing():
    """Chance in all that compares classes, and no calibration error if the constant is the prior."""
    y = np.repeat([0, 1], [80, 20])
    found = figures(y, np.tile([0.8, 0.2], (100, 1)), ["no", "cry"], "cry")
    assert found.roc_auc == 0.5
    assert found.balanced_accuracy == 0.5
    assert found.recall_at_fpr_01 == found.recall_at_fpr_05 == 0
    assert found.calibration_error == pytest.approx(0)
    assert found.positive_calibration_error == pytest.approx(0)
    assert found.brier == pytest.approx(0.8 * 0.2)


def test_calibration_error_of_a_known_generator():
    """Confidence c that comes true with probability c is calibrated; with c - 0.2 the error is 0.2."""
    rng = np.random.default_rng(RNG_SEED)
    confidence = rng.uniform(0.7, 1, 200_000)
    P = np.stack([1 - confidence, confidence], axis=1)
    for gap in (0.0, 0.2):
        y = (rng.random(confidence.size) < confidence - gap).astype(int)
        assert calibration_error(y, P) == pytest.approx(gap, abs=0.01)


def test_bins():
    """An edge belongs to the bin below; empty bins are left out; the error weighs by count."""
    found = reliability(np.array([True, False, True, True]), np.array([0.0, 0.2, 0.4, 0.41]), bins=5)
    assert found.count == (2, 1, 1)
    assert found.confidence == (pytest.approx(0.1), 0.4, 0.41)
    assert found.accuracy == (0.5, 1, 1)
    assert found.error == pytest.approx((2 * 0.4 + 0.6 + 0.59) / 4)


scores = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=60).filter(
    lambda rows: len({truth for truth, _ in rows}) == 2
)


@given(scores, st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5, 1.0]))
def test_threshold_is_the_best_that_is_allowed(rows, max_fpr):
    """Found by trying them all: within the bound, and none within it recalls more."""
    truth = np.array([t for t, _ in rows])
    score = np.array([s / 12 for _, s in rows])
    threshold = threshold_at_fpr(truth, score, max_fpr)
    assert (score[~truth] >= threshold).mean() <= max_fpr + 1e-12
    allowed = [t for t in [*score, 2.0] if (score[~truth] >= t).mean() <= max_fpr + 1e-12]
    assert recall_at_fpr(truth, score, max_fpr) == max((score[truth] >= t).mean() for t in allowed)
    fpr, tpr, _ = metrics.roc_curve(truth, score, drop_intermediate=False)
    assert recall_at_fpr(truth, score, max_fpr) == pytest.approx(tpr[fpr <= max_fpr + 1e-12].max())
    assert auc(truth, score) == pytest.approx(metrics.roc_auc_score(truth, score))


def test_ties_are_not_broken_in_our_favour():
    """A positive as high as a negative that is not allowed is missed."""
    truth = np.array([True, True, False])
    score = np.array([0.9, 0.5, 0.5])
    assert threshold_at_fpr(truth, score, 0.01) == 0.9
    assert recall_at_fpr(truth, score, 0.01) == 0.5
    assert threshold_at_fpr(truth, np.array([0.1, 0.1, 1.0]), 0) > 1.0


def test_one_kind_has_no_threshold():
    """Refused; the recall is not defined, and nor is the AUC."""
    truth, score = np.ones(3, bool), np.ones(3)
    with pytest.raises(ConversionError, match="one kind only"):
        threshold_at_fpr(truth, score, 0.01)
    with pytest.raises(ConversionError, match="max_fpr: 2 is out of range"):
        threshold_at_fpr(np.array([True, False]), np.ones(2), 2)
    assert math.isnan(recall_at_fpr(truth, score, 0.01))
    assert math.isnan(auc(truth, score))


def test_a_class_that_does_not_occur():
    """It is in no mean and has no figure of its own, nor have those that need it."""
    found = figures(np.array([0, 0, 1]), np.eye(3)[[0, 0, 1]], list("abc"))
    assert found.balanced_accuracy == found.macro_f1 == 1
    assert math.isnan(found.flat()["recall/c"])
    assert found.flat()["recall/a"] == 1
    lone = figures(np.array([1, 1]), np.tile([0.4, 0.6], (2, 1)), ["no", "cry"], "cry").flat()
    assert math.isnan(lone["roc_auc"])
    assert math.isnan(lone["recall_at_fpr_01"])


def test_positive_must_be_one_of_two():
    """Named wrongly, or among three."""
    for labels, positive in ((["a", "b"], "c"), (["a", "b", "c"], "a")):
        with pytest.raises(ConversionError, match="expected one of two"):
            figures(np.array([0, 1]), np.eye(len(labels))[:2], labels, positive)
