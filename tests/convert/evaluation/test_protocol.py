"""Everything is fitted inside the fold, groups stay apart, and who asks for a leak is told."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from convert.errors import ConversionError
from convert.evaluation.figures import figures, threshold_at_fpr
from convert.evaluation.procedures import BASELINES, Estimator
from convert.evaluation.protocol import Splits, cross_validate, detect, leave_one_out

N, GROUPS = 160, [f"g{i // 4}" for i in range(160)]


@pytest.fixture
def babies():
    """Four recordings of each of 40 babies, who sound alike; labels by baby, at random."""
    rng = np.random.default_rng(0)
    y = np.repeat(rng.permutation(40) % 2, 4)
    X = np.repeat(rng.standard_normal((40, 6)), 4, axis=0) + 0.01 * rng.standard_normal((N, 6))
    return X, y


@dataclass
class Spy:
    """A procedure that notes what it is fitted to and what it is asked."""

    seen: list[dict[str, Any]] = field(default_factory=list)

    def fit(self, X, y, groups, seed):
        note = {"X": X, "y": y, "groups": groups, "seed": seed, "asked": []}
        self.seen.append(note)
        fitted = BASELINES["prior"].fit(X, y, groups, seed)

        class Watched:
            classes_ = fitted.classes_

            def predict_proba(self, X):
                note["asked"].append(X)
                return fitted.predict_proba(X)

        return Watched()


def test_a_procedure_sees_its_training_part_alone(babies):
    """Rows, labels and groups of the fold, with the repeat's seed; tested on all the others, once."""
    _, y = babies
    spy = Spy()
    rows = np.arange(N)
    cross_validate(spy, rows, y, Splits.by("baby", GROUPS, seeds=(3, 4)))
    assert [note["seed"] for note in spy.seen] == [3] * 5 + [4] * 5
    for note in spy.seen:
        (asked,) = note["asked"]
        assert sorted([*note["X"], *asked]) == list(range(N))
        assert not {GROUPS[i] for i in asked} & set(note["groups"])
        np.testing.assert_array_equal(note["y"], y[note["X"]])
        assert list(note["groups"]) == [GROUPS[i] for i in note["X"]]
    for repeat in (spy.seen[:5], spy.seen[5:]):
        assert sorted(i for note in repeat for i in note["asked"][0]) == list(range(N))


class SpyScaler(TransformerMixin, BaseEstimator):
    """Notes the means it is fitted to."""

    means: list[float] = []  # noqa: RUF012 - shared by clones on purpose

    def fit(self, X, y=None):
        self.means.append(float(X.mean()))
        return self

    def transform(self, X):
        return X


def test_scalers_are_fitted_inside_the_fold(babies):
    """The mean is that of each training part, never of everything."""
    X, y = babies
    SpyScaler.means.clear()
    splits = Splits.by("baby", GROUPS, seeds=(0,))
    cross_validate(Estimator(make_pipeline(SpyScaler(), LogisticRegression())), X, y, splits)
    expected = [float(X[train].mean()) for train, _ in splits.folds(y, 0)]
    assert SpyScaler.means == expected
    assert float(X.mean()) not in SpyScaler.means


def test_who_knows_babies_by_heart_shines_only_where_it_leaks(babies):
    """The nearest neighbour is the same baby: all but perfect by a random split, chance by group."""
    X, y = babies
    neighbour = Estimator(KNeighborsClassifier(1))
    accuracy = {}
    for splits in (Splits.by("baby", GROUPS), Splits.leaky(N)):
        found = cross_validate(neighbour, X, y, splits)
        accuracy[splits.is_leaky] = np.mean([figures(y, P, "ab").accuracy for P in found])
    assert accuracy[True] > 0.97
    assert 0.3 < accuracy[False] < 0.7


def test_what_splits_are_called():
    """The sentence over a table begins with LEAKY if the split does leak, and only then."""
    assert str(Splits.leaky(N)).startswith("LEAKY: ")
    assert str(Splits.by("baby", GROUPS)) == (
        "out of fold, StratifiedGroupKFold(5) by baby (40 groups), 3 repeats, 160 recordings; all that "
        "is fitted is fitted inside the fold"
    )


def test_seeds(babies):
    """Reach every random state, of steps in a pipeline too; the same give the same, others another."""
    X, y = babies
    forest = Estimator(make_pipeline(SpyScaler(), RandomForestClassifier(5)))
    splits = Splits.by("baby", GROUPS, seeds=(0, 1))
    first, second = cross_validate(forest, X, y, splits)
    again, _ = cross_validate(forest, X, y, splits)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)


def test_baselines_by_the_same_folds(babies):
    """The prior is the training part's; the majority its most frequent class, quite sure."""
    X, y = babies
    y = (np.arange(N) % 4 == 0).astype(int)
    splits = Splits.by("baby", GROUPS, seeds=(0,))
    (prior,), (majority,) = (cross_validate(BASELINES[name], X, y, splits) for name in ("prior", "majority"))
    for train, test in splits.folds(y, 0):
        np.testing.assert_allclose(prior[test, 1], y[train].mean())
    np.testing.assert_array_equal(majority, np.tile([1.0, 0.0], (N, 1)))


def test_missing_classes_have_a_column(babies):
    """Asked for more classes than there are, or fitted to fewer, the shape stays and the rest is 0."""
    X, y = babies
    (P,) = cross_validate(Estimator(LogisticRegression()), X, y, Splits.by("baby", GROUPS, (0,)), n_classes=3)
    assert P.shape == (N, 3)
    assert (P[:, 2] == 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_leave_one_corpus_out():
    """Both ways, fitted to the other alone, without the groups that both have."""
    corpora = np.array(["home"] * 8 + ["web"] * 6)
    groups = [f"h{i}" for i in range(7)] + ["shared", "shared"] + [f"w{i}" for i in range(5)]
    y = np.arange(14) % 2
    spy = Spy()
    found = leave_one_out(spy, np.arange(14), y, groups, corpora, seeds=(0, 1))
    assert list(found) == ["home", "web"]
    for name, (rows, matrices) in found.items():
        np.testing.assert_array_equal(rows, np.flatnonzero(corpora == name))
        assert [P.shape for P in matrices] == [(len(rows), 2)] * 2
    assert [sorted(note["X"]) for note in spy.seen] == [[*range(9, 14)]] * 2 + [[*range(7)]] * 2


def test_a_corpus_that_the_others_cannot_teach_is_not_tested():
    """The others have one class alone; a class that nobody has is no column either."""
    y, corpora = np.array([0, 1, 1, 1, 1]), ["both", "both", "cries", "cries", "cries"]
    found = leave_one_out(Spy(), np.arange(5), y, list("abcde"), corpora, seeds=(0,))
    assert list(found) == ["cries"]


def test_leave_one_out_learns_what_carries_over():
    """A rule both corpora share is found on each; one that turns round from one to the other is not."""
    rng = np.random.default_rng(0)
    y, corpora = np.arange(200) % 2, np.repeat(["a", "b"], 100)
    same = (y + 0.1 * rng.standard_normal(200))[:, None]
    turned = np.where(corpora == "a", y, 1 - y)[:, None] + 0.1 * rng.standard_normal((200, 1))
    for X, expected in ((same, 1.0), (turned, 0.0)):
        found = leave_one_out(Estimator(LogisticRegression()), X, y, list(map(str, range(200))), corpora)
        for rows, matrices in found.values():
            assert figures(y[rows], matrices[0], "ab").accuracy == pytest.approx(expected, abs=0.02)


def test_thresholds_are_chosen_inside_the_fold():
    """On the training part's own out-of-fold scores, so a fold's threshold does not know its tests."""
    rng = np.random.default_rng(0)
    y = np.arange(300) % 2
    X = (1.5 * y + rng.standard_normal(300))[:, None]
    groups = [str(i // 2) for i in range(300)]
    splits, procedure = Splits.by("pair", groups, seeds=(0,)), Estimator(LogisticRegression())
    (found,) = detect(procedure, X, y, splits, max_fpr=0.05)
    (P,) = cross_validate(procedure, X, y, splits)
    np.testing.assert_array_equal(found.P, P)
    assert len(found.thresholds) == 5
    for (train, test), threshold in zip(splits.folds(y, 0), found.thresholds, strict=True):
        inner = Splits.by("pair", [groups[i] for i in train], seeds=(0,))
        (scores,) = cross_validate(procedure, X[train], y[train], inner)
        assert threshold == threshold_at_fpr(y[train] == 1, scores[:, 1], 0.05)
        np.testing.assert_array_equal(found.detected[test], P[test, 1] >= threshold)
    assert 0 < found.detected[y == 0].mean() < 0.12


def test_refusals(babies):
    """Lengths that differ, no seeds, one corpus, nothing to learn."""
    X, y = babies
    prior = BASELINES["prior"]
    for match, call in {
        "found 160 rows, 160 labels and 3 groups": lambda: cross_validate(
            prior, X, y, Splits.by("baby", ["a", "b", "c"])
        ),
        "seeds: none": lambda: Splits.by("baby", GROUPS, seeds=()),
        "n_splits: 1": lambda: Splits.by("baby", GROUPS, n_splits=1),
        "only 1, and 5 folds": lambda: cross_validate(prior, X, y, Splits.by("baby", ["a"] * N)),
        "corpora: only a": lambda: leave_one_out(prior, X, y, GROUPS, ["a"] * N),
    }.items():
        with pytest.raises(ConversionError, match=match):
            call()
