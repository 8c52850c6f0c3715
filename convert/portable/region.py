"""Whether real feature vectors lie where the model was fitted.

A classifier that was fitted behind a scaler, and lies in its file without it, cuts every feature
within +-3, where mfcc_0 of a real recording is -300. It converts without a difference, and answers
nonsense. So real vectors are held against what the model itself tells of its training data: the
thresholds of its trees, its training points, means and variances.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .converters.nodes import unwrap
from .vectors import parts_of, training_points, trees_of
from .widths import is_passthrough, width_of

#: How many spreads beyond all of the training a typical real value is, to count as outside.
_FAR = 4.0
#: Share of the features that are outside, over which the model is said not to fit.
_SHARE = 0.05
#: The same where each feature has a spread of its own, which silence or a narrow microphone makes small.
_SHARE_OF_SCALER = 0.3
#: Probability that counts as certain, and how many vectors are so where a model tells no region.
_CERTAIN, _ALL_CERTAIN = 0.9999, 0.95


class Outside(NamedTuple):
    """Where real vectors lie outside of what a model was fitted on.

    ``far`` of ``known`` features lie outside, ``features`` are (position, typical value, lowest and
    highest of the training) of the worst; ``whole`` tells whether positions are those of
    the model's own input, not of a later step.
    """

    estimator: str
    far: int
    known: int
    features: list[tuple[int, float, float, float]]
    whole: bool


def find_outside(estimator: Any, real: Any) -> Outside | None:
    """Hold real vectors against what an estimator tells of its training data.

    Parameters
    ----------
    estimator : fitted classifier
    real : array of float32, shape (n, n_features)

    Returns
    -------
    Outside or None
        None where they lie inside, or where nothing can be told.
    """
    if len(real) == 0:
        return None
    return _find(unwrap(estimator), np.asarray(real, dtype=np.float64), True)


def _find(estimator: Any, real: Any, whole: bool) -> Outside | None:
    steps = getattr(estimator, "steps", None)
    if steps:
        for _, step in steps[:-1]:
            if is_passthrough(step):
                continue
            region = _of_scaler(step, real.shape[1])
            if region is not None:  # it knows the training data better than what comes after it
                return _judge(step, region, real, _SHARE_OF_SCALER, whole)
            made = step.transform(real)
            real = np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)
            whole = False
        return _find(unwrap(steps[-1][1]), real, whole)
    region = _of_trees(estimator, real.shape[1]) or _of_points(estimator) or _of_classes(estimator)
    if region:
        return _judge(estimator, region, real, _SHARE, whole)
    parts = [part for part in parts_of(estimator) if width_of(part) == real.shape[1]]
    for part in parts[:5]:
        found = _find(unwrap(part), real, whole)
        if found:
            return found
    return None if parts or not whole else _saturated(estimator, real)


Region = Any
"""Lowest, highest and spread of each feature; NaN where it is not known."""


def _judge(estimator: Any, region: Region, real: Any, share: float, whole: bool) -> Outside | None:
    if region is None:
        return None
    low, high, spread = region
    known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    if not len(known):
        return None
    typical = np.median(real[:, known], axis=0)
    beyond = np.maximum(low[known] - typical, typical - high[known])
    far = beyond / np.maximum(spread[known], np.finfo(float).tiny)
    worst = np.argsort(-far, kind="stable")
    count = int((far > _FAR).sum())
    if count <= max(share * len(known), min(1, len(known) - 1)):
        return None
    features = [
        (int(known[i]), float(typical[i]), float(low[known[i]]), float(high[known[i]])) for i in worst[:3]
    ]
    return Outside(type(estimator).__name__, count, len(known), features, whole)


def _saturated(estimator: Any, real: Any) -> Outside | None:
    """Tell that every real vector gets one label for certain: all that a linear model shows."""
    try:
        p = np.asarray(estimator.predict_proba(real), dtype=np.float64)
    except Exception:  # the proof tells that it fails, and why
        return None
    best = p.argmax(axis=1)
    certain = (p.max(axis=1) >= _CERTAIN) & (best == np.bincount(best).argmax())
    if certain.mean() < _ALL_CERTAIN:
        return None
    return Outside(type(estimator).__name__, int(certain.sum()), len(real), [], True)


def _of_scaler(step: Any, n: int) -> Region:
    for centre, width in (("mean_", "scale_"), ("center_", "scale_")):
        middle, spread = _array(step, centre), _array(step, width)
        if np.shape(middle) == np.shape(spread) == (n,):
            return middle - 4 * spread, middle + 4 * spread, spread
    low, high = _array(step, "data_min_"), _array(step, "data_max_")
    if np.shape(low) == np.shape(high) == (n,):
        return low, high, np.maximum(high - low, np.finfo(float).tiny)
    return None


def _of_trees(estimator: Any, n: int) -> Region:
    """Range of every feature's thresholds. The spread is that of all of them: scaled features share it."""
    trees = trees_of(estimator)
    if not trees:
        return None
    feature = np.concatenate([tree["feature"][tree["inner"]] for tree in trees])
    threshold = np.concatenate([tree["threshold"][tree["inner"]] for tree in trees]).astype(float)
    feature, threshold = feature[np.isfinite(threshold)], threshold[np.isfinite(threshold)]
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, feature, threshold)
    np.maximum.at(high, feature, threshold)
    # A few thresholds lie closer together than the data: their range and their size stand for its spread.
    if len(threshold) < 2:
        return None
    spread = max(threshold.std(), np.ptp(threshold) / 4, np.abs(threshold).max() / 2)
    return low, high, np.full(n, spread)


def _of_points(estimator: Any) -> Region:
    points = training_points(estimator)
    if points is None:
        return None
    spread = float(np.sqrt(np.mean(points.var(axis=0))))
    return points.min(axis=0), points.max(axis=0), np.full(points.shape[1], spread)


def _of_classes(estimator: Any) -> Region:
    """Means and variances of GaussianNB, two-dimensional: a row a class."""
    mean = _array(estimator, "theta_")
    variance = _array(estimator, "var_" if hasattr(estimator, "var_") else "sigma_")
    if np.ndim(mean) != 2 or np.shape(mean) != np.shape(variance):
        return None
    deviation = np.sqrt(np.asarray(variance))
    spread = np.full(np.shape(mean)[1], float(np.sqrt(np.mean(variance))))
    return (mean - 3 * deviation).min(axis=0), (mean + 3 * deviation).max(axis=0), spread


def _array(estimator: Any, name: str) -> Any:
    """What an estimator has of that name; an array of no dimension if nothing."""
    found = getattr(estimator, name, None)
    return np.array(np.nan) if found is None else np.asarray(found)
