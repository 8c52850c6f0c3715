"""What a graph reads: changing any other feature must not change a single bit of its answer."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convert.export import convert
from edgecry.features.spec import FeatureSpec

SPEC = FeatureSpec(families=("mfcc", "chroma", "contrast"), n_mfcc=10)
N = SPEC.n_features
LABELS = ("a", "b", "c")
#: Those that the classes below are made of.
TELLING = (3, 11, 25)


def data(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((300, N)).astype(np.float32).astype(np.float64)
    y = np.argmax(X[:, list(TELLING)], axis=1)
    return X, y


def sparse_linear():
    return make_pipeline(
        StandardScaler(), LogisticRegression(l1_ratio=1.0, solver="saga", C=0.05, max_iter=2000)
    )


ESTIMATORS = {
    "forest": lambda: RandomForestClassifier(5, max_depth=2, random_state=0),
    "selected": lambda: make_pipeline(StandardScaler(), SelectKBest(k=3), LogisticRegression()),
    "selected neighbours": lambda: make_pipeline(SelectKBest(k=3), KNeighborsClassifier(3)),
    "sparse": sparse_linear,
    "vote": lambda: VotingClassifier(
        [("f", RandomForestClassifier(3, max_depth=2, random_state=1)), ("l", sparse_linear())], voting="soft"
    ),
    "column transformer": lambda: make_pipeline(
        ColumnTransformer([("some", StandardScaler(), [2, 3, 5])]), LogisticRegression()
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_other_features_change_nothing(name):
    X, y = data()
    converted = convert(ESTIMATORS[name]().fit(X, y), labels=LABELS, spec=SPEC, name="m")
    reads = set(converted.metadata.reads)
    assert 0 < len(reads) < N, "this estimator leaves some out, or the test says nothing"
    before = converted.predict_proba(X)
    changed = X.copy()
    others = [i for i in range(N) if i not in reads]
    changed[:, others] = np.random.default_rng(1).normal(0, 100, (len(X), len(others)))
    assert np.array_equal(converted.predict_proba(changed), before)


@pytest.mark.parametrize("name", ["forest", "selected"])
def test_each_feature_read_can_matter(name):
    """Not merely a superset: every feature that is read changes some answer."""
    X, y = data()
    converted = convert(ESTIMATORS[name]().fit(X, y), labels=LABELS, spec=SPEC, name="m")
    before = converted.predict_proba(X)
    for i in converted.metadata.reads:
        changed = X.copy()
        changed[:, i] = np.where(X[:, i] > 0, -5, 5)
        assert not np.array_equal(converted.predict_proba(changed), before), i


def test_an_operator_that_mixes_reads_everything():
    X, y = data()
    converted = convert(KNeighborsClassifier(3).fit(X, y), labels=LABELS, spec=SPEC, name="m")
    assert converted.metadata.reads == tuple(range(N))
    assert converted.metadata.families_read == SPEC.families


def test_families_read():
    X, y = data()
    transformer = ColumnTransformer([("some", StandardScaler(), [0, 9])])
    model = make_pipeline(transformer, LogisticRegression()).fit(X, y)
    converted = convert(model, labels=LABELS, spec=SPEC, name="m")
    assert converted.metadata.reads == (0, 9)
    assert converted.metadata.families_read == ("mfcc",)
