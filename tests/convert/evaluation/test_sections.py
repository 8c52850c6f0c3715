"""Sections have the baselines by the same folds, whoever makes them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from convert.errors import ConversionError
from convert.evaluation.figures import figures
from convert.evaluation.procedures import BASELINES, Estimator
from convert.evaluation.protocol import Detections, Splits, cross_validate, detect
from convert.evaluation.sections import cross_validated, detections, hit_rates

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


def test_hit_rates(data):
    """Counted by hand, the mean over seeds; NaN where there is nothing to count."""
    _, y, groups, _ = data
    rng = np.random.default_rng(1)
    detected = [rng.random(120) < 0.5 for _ in range(2)]
    found = hit_rates(detected, y, groups, draws=20)
    assert found["recall"].value == pytest.approx(np.mean([one[y == 1].mean() for one in detected]))
    assert found["false positives"].value == pytest.approx(np.mean([one[y == 0].mean() for one in detected]))
    cries = hit_rates([one[y == 1] for one in detected], y[y == 1], ["a"] * int(y.sum()), draws=20)
    assert cries["recall"].value == found["recall"].value
    assert np.isnan(cries["false positives"].value)


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
