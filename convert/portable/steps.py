"""Checks of transformers whose numbers lead compiled code astray, or fill the memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import Refused

#: Degree of a spline. People choose 3; compiled code keeps arrays of this length.
_MOST_DEGREE = 100
#: Products that PolynomialFeatures may make of a vector.
_MOST_PRODUCTS = 1_000_000


def _spline(spline: Any, where: str) -> None:
    """Check scipy.interpolate.BSpline: its code counts knots and coefficients by the degree."""
    knots, degree = np.asarray(spline.t), spline.k
    if not isinstance(degree, (int, np.integer)) or not 0 <= degree <= _MOST_DEGREE:
        raise Refused(f"{where}: a spline of degree {degree!r:.30}; allowed are 0 to {_MOST_DEGREE}")
    if knots.ndim != 1 or not np.isfinite(knots).all() or (np.diff(knots) < 0).any():
        raise Refused(f"{where}: a spline whose knots do not rise, or are not finite numbers")
    wanted, found = len(knots) - degree - 1, np.shape(spline.c)[:1]
    if wanted <= degree or not found or found[0] < wanted:
        raise Refused(f"{where}: a spline of {len(knots)} knots and {found} coefficients, of degree {degree}")


def _bins(model: Any, where: str) -> None:
    """Check that the edges of bins rise, as scikit-learn looks for a value between them."""
    edges, counts = getattr(model, "bin_edges_", None), getattr(model, "n_bins_", None)
    if edges is None or counts is None:
        return
    if len(edges) != len(counts):
        raise Refused(f"{where}: has the edges of {len(edges)} features, and the bins of {len(counts)}")
    for i, (line, count) in enumerate(zip(edges, counts)):  # noqa: B905 - Python 3.8
        line = np.asarray(line, dtype=float)
        if line.ndim != 1 or len(line) != int(count) + 1:
            raise Refused(f"{where}: feature {i} has {np.size(line)} edges for {int(count)} bins")
        if np.isnan(line).any() or not (line[:-1] <= line[1:]).all():
            raise Refused(f"{where}: the edges of feature {i} do not rise, or are not numbers")


def _polynomial(model: Any, where: str) -> None:
    """Check that the products of PolynomialFeatures have a number that fits into memory."""
    width: Any = getattr(model, "n_features_in_", getattr(model, "n_input_features_", None))
    if width is None:
        return
    least, most = model.degree if isinstance(model.degree, (tuple, list)) else (0, model.degree)
    if not all(isinstance(d, (int, np.integer)) for d in (least, most)) or not 0 <= least <= most:
        raise Refused(f"{where}: a degree of {model.degree!r:.40}; it is a whole number, or two that rise")
    if (width := int(width)) < 1:  # a sum over degrees, of which none adds anything, may take for ever
        raise Refused(f"{where}: makes products of {width} features; no fitted one does")
    products = of_one_degree = 1
    # A product names each feature once at most, or as often as it likes.
    once = bool(model.interaction_only)
    for d in range(1, min(int(most), width) + 1 if once else int(most) + 1):
        of_one_degree = of_one_degree * (width - d + 1 if once else width + d - 1) // d
        products += of_one_degree
        if products > _MOST_PRODUCTS:
            raise Refused(
                f"{where}: of degree {int(most)} makes more than {_MOST_PRODUCTS:,} products of {width} "
                "features, which no device can hold"
            )


#: By the name of the class.
STEPS: dict[str, Callable[[Any, str], None]] = {
    "BSpline": _spline,
    "KBinsDiscretizer": _bins,
    "PolynomialFeatures": _polynomial,
}
