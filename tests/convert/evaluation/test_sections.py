"""Sections have the baselines by the same folds, whoever makes them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from convert.errors import ConversionError
from convert.evaluation import (
    BASELINES,
    Detections,
    Estimator,
    Splits,
    cross_validate,
    detect,
    figures,
    leave_one_out,
)
from convert.evaluation.sections import corpus_to_corpus, cross_validated, detections

LABELS = ("other", "cry")
MODEL = Estimator(LogisticRegression())


@pytest.fixture
def data():
    """Two corpora that share a rule, 60 groups of two."""
    rng = np.random.default_rng(0)
    y = np.repeat(rng.permutation(60) % 2, 2)
    X = (2 * y + rng.standard_normal(120))[:, None]
    return X, y, [f"g{i // 2}" for i in range(120)], ["home"] * 60 + ["web"] * 60


def test_cross_validated(data):
    """The model and both baselines, each as the protocol gives it."""
    X, y, groups, _ = data
    splits = Splits.by("baby", groups, seeds=(0, 1))
    found = cross_validated("model", MODEL, X, y, splits, LABELS, "cry", draws=20)
    assert list(found.figures) == ["model", "majority", "prior"]
    for name, procedure in {"model": MODEL, **BASELINES}.items():
        expected = [figures(y, P, LABELS).log_loss for P in cross_validate(procedure, X, y, splits)]
        assert found.figures[name]["log_loss"].value == pytest.approx(np.mean(expected))
    assert found.positive == "cry"


def test_corpus_to_corpus(data):
    """A section for each corpus, on its recordings alone, with baselines of the other's shares."""
    X, y, groups, corpora = data
    home, web = corpus_to_corpus("model", MODEL, X, y, groups, corpora, LABELS, "cry", seeds=(0,), draws=20)
    assert [home.title, web.title] == ["On home, trained on the others", "On web, trained on the others"]
    assert home.notes == ("Trained on all but home, 1 seed; tested on its 60 recordings.",)
    rows, (P,) = leave_one_out(MODEL, X, y, groups, corpora, seeds=(0,))["web"]
    np.testing.assert_array_equal(rows, np.arange(60, 120))
    assert web.figures["model"]["roc_auc"].value == pytest.approx(figures(y[rows], P, LABELS).roc_auc)
    prior = np.tile([1 - y[:60].mean(), y[:60].mean()], (60, 1))
    assert web.figures["prior"]["log_loss"].value == pytest.approx(figures(y[60:], prior, LABELS).log_loss)
    assert sum(web.support) == 60


def test_detections(data):
    """Recall and false positives of what was detected, the mean over seeds, and the thresholds' range."""
    X, y, groups, _ = data
    found = detect(MODEL, X, y, Splits.by("baby", groups, seeds=(0, 1)), max_fpr=0.05)
    (row,) = detections(found, y, groups, max_fpr=0.05, draws=20).rows.values()
    assert row["recall"].value == pytest.approx(np.mean([one.detected[y == 1].mean() for one in found]))
    assert row["false positives"].value == pytest.approx(np.mean([d.detected[y == 0].mean() for d in found]))
    assert row["lowest threshold"] == min(min(one.thresholds) for one in found)
    all_found = Detections(np.zeros((120, 2)), np.ones(120, bool), (0.0,))
    (row,) = detections([all_found], y, groups, max_fpr=0.01, draws=5).rows.values()
    assert (row["recall"].low, row["false positives"].high) == (1, 1)
    with pytest.raises(ConversionError, match="detections: none"):
        detections([], y, groups, max_fpr=0.01)
