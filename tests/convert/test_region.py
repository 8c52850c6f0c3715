"""A model that was fitted on other values than recordings have is noticed; one that was not is let be."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVC

from convert.parity import explain_outside
from convert.portable.region import find_outside
from edgecry import FeatureSpec

SPEC = FeatureSpec()


def _vectors(n: int, seed: int) -> Any:
    """Rows that are scaled as those of the public recipe are: mfcc in hundreds, chroma and mel small."""
    rng = np.random.default_rng(seed)
    centre, spread = np.zeros(194), np.full(194, 0.3)
    centre[:40], spread[:40] = np.r_[-350.0, np.linspace(60, 0, 39)], np.r_[90.0, np.linspace(40, 8, 39)]
    for part, (middle, width) in {"chroma": (0.5, 0.1), "mel": (0.5, 0.3), "contrast": (18, 4)}.items():
        centre[SPEC.slices[part]], spread[SPEC.slices[part]] = middle, width
    X = centre + spread * rng.standard_normal((n, 194))
    return X, np.array(["a", "b", "c"])[(X[:, 0] > -350) * 1 + (X[:, 1] > 60) * 1]


X, Y = _vectors(200, 0)
REAL = _vectors(20, 1)[0].astype(np.float32)

MODELS = {
    "forest": lambda: RandomForestClassifier(20, random_state=0),
    "small forest": lambda: RandomForestClassifier(5, max_depth=3, random_state=0),
    "histogram boosting": lambda: HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "svc": lambda: SVC(),
    "neighbours": lambda: KNeighborsClassifier(),
    "naive bayes": lambda: GaussianNB(),
    "voting": lambda: VotingClassifier(
        [("f", RandomForestClassifier(9, random_state=0)), ("n", GaussianNB())]
    ),
}


@pytest.mark.parametrize("scaler", [StandardScaler, MinMaxScaler, RobustScaler])
@pytest.mark.parametrize("name", MODELS)
def test_scaler_left_out(name: str, scaler: Any) -> None:
    """The same classifier: alone on raw values, behind its scaler, and without it."""
    alone = MODELS[name]().fit(X, Y)
    assert find_outside(alone, REAL) is None
    scaled = scaler().fit(X)
    behind = MODELS[name]().fit(scaled.transform(X), Y)
    assert find_outside(make_pipeline(scaled, behind), REAL) is None
    outside = find_outside(behind, REAL)
    assert outside is not None
    assert "mfcc_" in explain_outside(outside, SPEC)


@pytest.mark.parametrize(
    "model", [LogisticRegression(max_iter=300), MLPClassifier((20,), max_iter=100, random_state=0)]
)
def test_linear_models_and_networks_tell_by_their_answers(model: Any) -> None:
    """They keep no training data; but behind no scaler every recording gets one label for certain."""
    scaled = StandardScaler().fit(X)
    model.fit(scaled.transform(X), Y)
    assert find_outside(make_pipeline(scaled, model), REAL) is None
    flat = REAL[:, :] + np.float32(300)  # far out on one side
    outside = find_outside(model, flat)
    assert outside is not None
    assert "one label with a probability of more than 0.999" in explain_outside(outside, SPEC)


def test_another_recipe() -> None:
    """A scaler that knows other ranges tells as well."""
    other = StandardScaler().fit(X * 50 + 1000)
    pipeline = make_pipeline(other, LogisticRegression().fit(other.transform(X * 50 + 1000), Y))
    outside = find_outside(pipeline, REAL)
    assert outside is not None
    assert outside.estimator == "StandardScaler"


def test_nothing_is_told_of_nothing() -> None:
    assert find_outside(MODELS["forest"]().fit(X, Y), REAL[:0]) is None
