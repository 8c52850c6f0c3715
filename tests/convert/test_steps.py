"""Transformers whose numbers would lead compiled code astray, or fill the memory, are refused by name."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, Kernel, Sum
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import KBinsDiscretizer, PolynomialFeatures, SplineTransformer

from convert.portable import Refused
from convert.portable.structure import check_structure
from tests.convert.zoo import data

X, Y = data(3)
SPLINES = SplineTransformer(n_knots=4).fit(X)
BINS = KBinsDiscretizer(5, strategy="uniform").fit(X)


def _spline(**attributes: Any) -> Any:
    model = deepcopy(SPLINES)
    for name, value in attributes.items():
        setattr(model.bsplines_[2], name, value)
    return model


def _edges(line: Any) -> Any:
    model = deepcopy(BINS)
    model.bin_edges_[3] = np.asarray(line)
    return model


def _products(degree: Any, width: int = X.shape[1], **settings: Any) -> Any:
    model = PolynomialFeatures(2, **settings).fit(X)
    model.degree, model.n_features_in_ = degree, width
    return model


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (_spline(k=10**6), "a spline of degree 1000000; allowed are 0 to 100"),
        (_spline(k=-5), "a spline of degree -5"),
        (_spline(t=SPLINES.bsplines_[2].t[:2]), r"a spline of 2 knots and \(6,\) coefficients, of degree 3"),
        (_spline(c=SPLINES.bsplines_[2].c[:1]), r"a spline of 10 knots and \(1,\) coefficients"),
        (_spline(t=SPLINES.bsplines_[2].t[::-1]), "knots do not rise"),
        (_edges([3, 2, 1, 0, 4, 5]), "the edges of feature 3 do not rise"),
        (_edges([np.nan] * 6), "the edges of feature 3 do not rise, or are not numbers"),
        (_edges([1.0]), "feature 3 has 1 edges for 5 bins"),
        (_products(10**9), "makes more than 1,000,000 products of 20 features"),
        (_products((0, 12)), "makes more than 1,000,000 products of 20 features"),
        (_products(-1), "a degree of -1"),
        (_products((3, 2)), "two that rise"),
        (_products("x"), "a degree of 'x'"),
        (_products(10**15, width=0), "makes products of 0 features"),
    ],
)
def test_refused(model: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_structure(model)


@pytest.mark.parametrize(
    "model",
    [
        SplineTransformer(extrapolation="periodic", degree=2).fit(X),
        KBinsDiscretizer(4, strategy="kmeans").fit(X),
        PolynomialFeatures((2, 3), interaction_only=True).fit(X),
        PolynomialFeatures(12, interaction_only=True).fit(X[:, :15]),
    ],
)
def test_what_was_fitted_is_whole(model: Any) -> None:
    check_structure(model)


def test_kernels_that_name_one_another() -> None:
    """Twelve levels of a sum of one kernel with itself are evaluated four thousand times."""
    kernel: Kernel = RBF(1.0)
    for _ in range(12):
        kernel = Sum(kernel, kernel)
    model = GaussianProcessClassifier(optimizer=None).fit(X[:40], Y[:40])
    model.base_estimator_.estimators_[0].kernel_ = kernel
    with pytest.raises(Refused, match=r"names the same \d+ parts 2,0\d\d times"):
        check_structure(model)


def test_a_long_way_is_shown_by_its_ends() -> None:
    model: Any = GaussianNB().fit(X, Y)
    for _ in range(30):
        model = Pipeline([("inner", model)])
    with pytest.raises(Refused, match=r"^Pipeline\.steps.*\.\.\..*nested more than 60 deep") as caught:
        check_structure(model)
    assert len(str(caught.value)) < 200
