"""HistGradientBoosting with categories: from a pickle to the same answers, for every category and none."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.validation import check_array

import convert
from convert.errors import ConversionError
from convert.pickles import PickleFile
from convert.portable import Refused
from convert.portable.structure import check_structure
from convert.portable.unpickle import unpickle
from convert.portable.vectors import vectors
from tests.convert.gadgets import Call
from tests.convert.spec import SPEC
from tests.convert.zoo import LABELS, N_FEATURES

COLUMNS = (5, 3)
RNG = np.random.default_rng(0)


def training() -> tuple[Any, Any]:
    """Two columns of categories, which are no codes, and with gaps; the classes hang on them."""
    X = RNG.standard_normal((300, N_FEATURES))
    X[:, 3], X[:, 5] = RNG.integers(0, 7, 300) + 10, RNG.integers(0, 40, 300) * 3 - 5
    return X, (X[:, 3] % 3 == 0).astype(int) + (X[:, 5] % 2 == 0) + (X[:, 0] > 0)


X, Y = training()


def fit(n_classes: int = 4, **settings: Any) -> Any:
    model = HistGradientBoostingClassifier(
        max_iter=12, categorical_features=COLUMNS, random_state=0, **settings
    )
    return model.fit(X, np.minimum(Y, n_classes - 1))


@pytest.mark.parametrize("n_classes", [2, 4])
def test_every_category_and_none(n_classes: int) -> None:
    model = fit(n_classes)
    made = convert.convert(model, labels=LABELS[:n_classes], spec=SPEC, vectors=X)
    new = X.copy()
    new[:, 3], new[:, 5] = RNG.integers(8, 20, 300), RNG.integers(-9, 130, 300) + RNG.choice([0, 0.5], 300)
    expected = model.predict_proba(new.astype(np.float32).astype(np.float64))
    np.testing.assert_allclose(made.predict_proba(new), expected, rtol=0, atol=1e-6)
    assert np.ptp(expected, axis=0).max() > 0.1


def test_the_proof_asks_about_categories_and_about_other_values() -> None:
    asked = set(vectors(fit())[:, 3].tolist())
    assert set(range(10, 17)) < asked
    assert {9.0, 10.5, 17.0} < asked


def test_from_a_pickle() -> None:
    """It names a function to check its input by, which is never loaded."""
    model = fit()
    file = PickleFile.of(pickle.dumps(model), "model.pkl")
    assert file.scan.refused == ()
    loaded = unpickle(file.stream.data, "model.pkl")
    (_, numerical, _) = loaded._preprocessor.transformers_[1]
    assert numerical.func.__class__.__module__ == "convert.portable.unpickle"
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("function", [print, functools.partial(check_array), pickle.loads])
def test_partial_is_of_check_array_alone(function: Callable[..., Any]) -> None:
    """Where the name is called with anything else, it is what can run any program."""
    file = PickleFile.of(pickle.dumps(Call(functools.partial, function)), "bad.pkl")
    assert "functools.partial" in file.scan.refused
    with pytest.raises(ConversionError, match="can run any program"):
        file.require_allowed()


def test_partial_that_is_only_named() -> None:
    """Nothing is imported for it, and what stands in for it takes nothing but check_array."""
    stood_in = unpickle(pickle.dumps(functools.partial), "x")
    with pytest.raises(Refused, match="only that of check_array"):
        stood_in(print)


def test_a_split_by_categories_that_are_not_there() -> None:
    model = fit()
    nodes = model._predictors[0][0].nodes
    nodes["feature_idx"][np.flatnonzero(nodes["is_categorical"])[0]] = 9
    with pytest.raises(Refused, match="splits by categories of a feature that has none"):
        check_structure(model)


def test_more_categories_than_a_set_has_bits() -> None:
    model = fit()
    model._preprocessor.named_transformers_["encoder"].categories_[0] = np.arange(1000.0)
    with pytest.raises(Refused, match="1000 categories; there are at most 256"):
        check_structure(model)


def test_older_ones_are_refused_by_name() -> None:
    """scikit-learn before 1.4 keeps no encoder."""
    model = fit()
    del model._preprocessor
    with pytest.raises(Refused, match=r"before 1\.4 cannot be converted"):
        check_structure(model)
