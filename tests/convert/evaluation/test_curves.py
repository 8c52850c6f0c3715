"""Curves: closed forms, and no luck from the order of the rows."""

import numpy as np
import pytest

from convert.evaluation.curves import COVERAGES, curves, selective
from convert.evaluation.figures import figures


def test_of_a_perfect_model():
    """Everything on the diagonal, full recall at no false positives, right at any coverage."""
    y = np.array([0, 1, 2] * 10)
    found = curves(y, [np.eye(3)[y]], list("abc"))
    assert found.confusion == ((10, 0, 0), (0, 10, 0), (0, 0, 10))
    assert set(found.roc) == set("abc")
    assert all(set(recall) == {1.0} for recall in found.roc.values())
    assert set(found.coverage) == {1.0}
    assert found.majority == pytest.approx([1 / 3] * len(COVERAGES))


def test_repeats_are_averaged():
    """One seed right and one wrong: half of each."""
    y = np.array([0, 1] * 10)
    found = curves(y, [np.eye(2)[y], np.eye(2)[1 - y]], ["no", "cry"])
    assert found.confusion == ((5, 5), (5, 5))
    assert set(found.coverage) == {0.5}
    assert found.roc["cry"][0] == 0.5
    assert found.reliability.accuracy == (0.5,)


def test_agrees_with_the_figures():
    """The last coverage is the accuracy; the ROC at 1 % and 5 % the recalls; the error the same."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    p = np.clip(0.3 * y + 0.7 * rng.random(300), 0, 1)
    P = np.stack([1 - p, p], axis=1)
    found, expected = curves(y, [P], ["no", "cry"]), figures(y, P, ["no", "cry"], "cry")
    assert found.coverage[-1] == pytest.approx(expected.accuracy)
    assert found.roc["cry"][1] == pytest.approx(expected.recall_at_fpr_01)
    assert found.roc["cry"][5] == pytest.approx(expected.recall_at_fpr_05)
    assert found.reliability.error == pytest.approx(expected.calibration_error)


def test_the_order_of_equals_does_not_count():
    """All equally sure: the same share at each coverage, however the rows are sorted."""
    hit = np.repeat([True, False], 50)
    np.testing.assert_allclose(selective(hit, np.full(100, 0.7)), 0.5)
    np.testing.assert_allclose(selective(hit, np.linspace(1, 0, 100))[:10], 1)


def test_a_class_that_does_not_occur_has_no_roc():
    """Nor has one that is all there is; JSON is plain."""
    found = curves(np.array([0, 0]), [np.array([[0.9, 0.1]] * 2)], ["a", "b"])
    assert found.roc == {}
    assert found.to_dict()["confusion"] == [[2, 0], [0, 0]]
    assert found.to_dict()["coverage"]["100"] == {"accuracy": 1, "majority": 1}
