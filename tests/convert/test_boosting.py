"""XGBoost, LightGBM and CatBoost, alone and inside pipelines and votes, through the proof like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import convert
from convert.errors import ConversionError
from edgecry import CryModel
from tests.convert.spec import SPEC
from tests.convert.zoo import LABELS, data

LIBRARIES = ("xgboost", "lightgbm", "catboost")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


def booster(library: str, **settings: Any) -> Any:
    module = pytest.importorskip(library, reason=f"NOT TESTED: {library} is not installed (extra boosting)")
    if library == "xgboost":
        return module.XGBClassifier(**{"n_estimators": 12, "max_depth": 4, "n_jobs": 1, **settings})
    if library == "lightgbm":
        quiet = {"n_jobs": 1, "verbose": -1, "min_child_samples": 5}
        return module.LGBMClassifier(**{"n_estimators": 12, **quiet, **settings})
    quiet = {"verbose": 0, "thread_count": 1, "allow_writing_files": False}
    return module.CatBoostClassifier(**{"iterations": 12, "depth": 4, **quiet, **settings})


def training(n_classes: int) -> tuple[Any, Any]:
    """Vectors, and classes as numbers, which is all that XGBoost takes."""
    X, y = data(n_classes)
    return X, np.searchsorted(sorted(set(y)), y)


def prove(model: Any, X: Any, n_classes: int) -> convert.Converted:
    made = convert.convert(model, labels=LABELS[:n_classes], spec=SPEC, vectors=X)
    new = (X[::-1] + 0.3 * X.std(axis=0)).astype(np.float32)
    expected = model.predict_proba(new.astype(np.float64))
    np.testing.assert_allclose(made.predict_proba(new), expected, rtol=0, atol=1e-5)
    assert made.report.passed
    return made


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("library", LIBRARIES)
def test_alone(library: str, n_classes: int, tmp_path: Path) -> None:
    """At the thresholds, too: a value on one goes left in two of the libraries and right in the third."""
    X, y = training(n_classes)
    made = prove(booster(library).fit(X, y), X, n_classes)
    assert CryModel.load(made.save(tmp_path / "model.onnx")).predict_proba(X[:1]).shape == (1, n_classes)


@pytest.mark.parametrize("library", LIBRARIES)
def test_in_a_pipeline(library: str) -> None:
    X, y = training(2)
    prove(make_pipeline(StandardScaler(), booster(library)).fit(X, y), X, 2)


@pytest.mark.parametrize("library", LIBRARIES)
def test_in_a_vote(library: str) -> None:
    X, y = training(5)
    linear = make_pipeline(StandardScaler(), LogisticRegression())
    prove(VotingClassifier([("a", booster(library)), ("b", linear)], voting="soft").fit(X, y), X, 5)


@pytest.mark.parametrize("library", LIBRARIES)
def test_calibrated(library: str) -> None:
    X, y = training(2)
    prove(CalibratedClassifierCV(booster(library), cv=2).fit(X, y), X, 2)


def raw_scores(expected: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give gradient and second derivative of an objective that LightGBM does not know."""
    return found - expected, np.ones_like(found)


def test_only_the_best_trees_count() -> None:
    """After early stopping, trees beyond the best iteration are in the model, and are not asked."""
    X, y = training(2)
    model = booster("xgboost", n_estimators=60, early_stopping_rounds=3, eval_metric="logloss")
    model.fit(X[:80], y[:80], eval_set=[(X[80:], 1 - y[80:])], verbose=False)
    assert model.best_iteration < 59
    prove(model, X, 2)


@pytest.mark.parametrize(
    ("library", "settings", "what"),
    [
        ("xgboost", {"booster": "gblinear"}, "booster='gblinear'"),
        ("xgboost", {"booster": "dart"}, "booster='dart'"),
        ("lightgbm", {"zero_as_missing": True}, "zero_as_missing"),
        ("lightgbm", {"linear_tree": True}, "linear trees"),
        ("lightgbm", {"objective": "cross_entropy"}, "objective 'cross_entropy"),
        ("lightgbm", {"objective": raw_scores}, "an objective of its own"),
        ("catboost", {"grow_policy": "Depthwise"}, "trees that are not symmetric"),
    ],
)
def test_what_cannot_be_converted_is_named(library: str, settings: dict[str, Any], what: str) -> None:
    X, y = training(2)
    model = booster(library, **settings).fit(X, y)
    with pytest.raises(ConversionError, match=f"with {what}.* cannot be converted"):
        convert.convert(model, labels=LABELS[:2], spec=SPEC)


def test_random_forests_are_averages() -> None:
    X, y = training(2)
    prove(booster("lightgbm", boosting_type="rf", subsample=0.6, subsample_freq=1).fit(X, y), X, 2)


@pytest.mark.parametrize(
    ("library", "ending"), [("xgboost", "json"), ("xgboost", "ubj"), ("catboost", "cbm")]
)
def test_of_a_file_of_the_librarys_own(library: str, ending: str, tmp_path: Path) -> None:
    X, y = training(5)
    path = tmp_path / f"model.{ending}"
    booster(library).fit(X, y).save_model(str(path))
    model = booster(library)
    model.load_model(str(path))
    prove(model, X, 5)
