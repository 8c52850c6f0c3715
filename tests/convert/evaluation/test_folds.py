"""Splits that keep groups apart."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from convert.errors import ConversionError
from convert.evaluation import figures, grouped_folds, out_of_fold

RNG_SEED = 7


@pytest.fixture
def grouped():
    """Labels and groups of 120 recordings; features that tell the group perfectly and the label not."""
    rng = np.random.default_rng(RNG_SEED)
    groups = rng.integers(0, 30, 120)
    label_of_group = rng.choice(["a", "b", "c"], 30, p=[0.6, 0.2, 0.2])
    place_of_group = rng.standard_normal((30, 5))
    X = place_of_group[groups] + 1e-3 * rng.standard_normal((120, 5))
    return label_of_group[groups].tolist(), [f"g{g}" for g in groups], X


def test_folds(grouped):
    """Every recording is tested once, and never beside one of its group."""
    labels, groups, _ = grouped
    folds = grouped_folds(labels, groups)
    assert len(folds) == 5
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(120))
    for train, test in folds:
        assert not {groups[i] for i in train} & {groups[i] for i in test}
        assert len(train) + len(test) == 120
    again = grouped_folds(labels, groups)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(folds, again, strict=True))


def test_leak_would_show(grouped):
    """Neighbours of the same group give the label away; grouped folds take that away again."""
    labels, groups, X = grouped
    names, y = np.unique(labels, return_inverse=True)
    accuracy = {}
    for how, ids in (("grouped", groups), ("leaky", [str(i) for i in range(120)])):
        P = out_of_fold(KNeighborsClassifier(1), X, y, grouped_folds(labels, ids))
        accuracy[how] = figures(y, P, names.tolist()).accuracy
    assert accuracy["leaky"] > 0.95
    assert accuracy["grouped"] < 0.75


def test_folds_refuse_what_cannot_be_tested():
    """Too few groups, too few recordings of every label, and a label nobody else has."""
    with pytest.raises(ConversionError, match="only 3, and 5 folds"):
        grouped_folds(["a", "b", "a"], ["1", "2", "3"])
    with pytest.raises(ConversionError, match=r"label 'b': only in group '5'"):
        grouped_folds(list("aaaaabb"), list("0123455"))
    with pytest.raises(ConversionError, match="none has more than 3 recordings, and 5 folds"):
        grouped_folds(list("aaabbb"), list("012345"))


def test_out_of_fold_with_a_missing_class():
    """A class the training part lacks has probability 0 there, in its own column."""
    y = np.array([0, 1, 2, 0, 1, 1])
    X = np.array([[0.0], [1], [2], [0], [1], [1]])
    folds = [(np.array([0, 1, 3]), np.array([2, 4, 5])), (np.array([2, 4, 5]), np.array([0, 1, 3]))]
    P = out_of_fold(LogisticRegression(), X, y, folds)
    assert P.shape == (6, 3)
    assert (P[[2, 4, 5], 2] == 0).all()
    assert (P[[0, 1, 3], 0] == 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_nothing_is_fitted_outside_the_fold(grouped):
    """A fold's model is the one fitted to its training part alone; the estimator stays unfitted."""
    labels, groups, X = grouped
    y = np.unique(labels, return_inverse=True)[1]
    folds = grouped_folds(labels, groups)
    estimator = LogisticRegression()
    P = out_of_fold(estimator, X, y, folds)
    assert not hasattr(estimator, "classes_")
    for train, test in folds:
        fitted = LogisticRegression().fit(X[train], y[train])
        np.testing.assert_array_equal(P[test], fitted.predict_proba(X[test]))
