"""Out of fold: each part of the recordings is judged by a network that is trained without it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.cry import recipe
from convert.cry.detector import FittedDetector
from convert.cry.kinds import kind
from convert.cry.material import Material
from convert.evaluation.figures import Labels, Probabilities, threshold_at_fpr
from edgecry.arrays import Float32, Float64


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """The networks of all folds, calibrated together.

    Parameters
    ----------
    material : Material
    folds : sequence of (rows, FittedDetector)
        The tested rows, and the network that has not learned from their groups.
    scale, shift : float
        The calibrated logit is ``scale * logit + shift``: a logistic regression on the logits out of fold,
        with as much weight on cries as on other sounds (Platt 1999).
    P : float [shape=(n, 2)]
        Probabilities of all rows, out of fold.
    threshold : float
        The threshold at which the share ``recipe.MAX_FPR`` of other sounds is taken for cries.
    """

    material: Material
    folds: Sequence[tuple[Labels, FittedDetector]]
    scale: float
    shift: float
    P: Probabilities
    threshold: float

    def judge(self, features: Mapping[int, Float32]) -> dict[int, float]:
        """Give the probability of recordings, by row, from the features of their windows."""
        found: dict[int, float] = {}
        for test, detector in self.folds:
            rows = [row for row in test.tolist() if row in features]
            if rows:
                raw = detector.judge([features[row] for row in rows])[:, 1]
                found |= dict(zip(rows, calibrated(raw, self.scale, self.shift).tolist(), strict=True))
        return found

    def fold_of(self) -> dict[int, int]:
        """Give the fold of each row."""
        return {row: number for number, (test, _) in enumerate(self.folds) for row in test.tolist()}


def out_of_fold(material: Material, seed: int = recipe.SEED) -> OutOfFold:
    """Train a network for every fold, and ask it about that fold."""
    folds, raw = [], np.zeros(len(material.y))
    for number, (train, test) in enumerate(split(material, seed), start=1):
        material.procedure.tell(f"fold {number} of {recipe.FOLDS}")
        fitted = material.procedure.fit(train, material.y[train], [material.groups[i] for i in train], seed)
        raw[test] = fitted.predict_proba(test)[:, 1]
        folds.append((test, fitted))
    scale, shift = calibration(material.y, raw)
    p = calibrated(raw, scale, shift)
    threshold = round(float(threshold_at_fpr(material.y == 1, p, recipe.MAX_FPR)), 3)
    return OutOfFold(material, folds, scale, shift, np.column_stack([1 - p, p]), threshold)


def split(material: Material, seed: int) -> list[tuple[Labels, Labels]]:
    """Give the rows (train, test) of every fold. Groups stay whole; kinds and corpora are spread."""
    from sklearn.model_selection import StratifiedGroupKFold

    sounds = [example.sound for example in material.examples]
    kinds = np.array([kind(sound) + (sound.corpus if sound.is_cry else "") for sound in sounds])
    folds = StratifiedGroupKFold(recipe.FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A kind with fewer recordings than folds cannot be in all of them.
        warnings.filterwarnings("ignore", "The least populated class", module="sklearn")
        return list(folds.split(kinds, kinds, material.groups))


def calibration(y: Labels, p: Float64) -> tuple[float, float]:
    """Fit scale and shift of the logits of ``p`` to the truth."""
    from sklearn.linear_model import LogisticRegression

    sounding = p > 0  # a silent recording has no logit
    model = LogisticRegression(C=1e3, class_weight="balanced").fit(_logit(p[sounding])[:, None], y[sounding])
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def calibrated(p: Float64, scale: float, shift: float) -> Float64:
    """Apply a calibration to probabilities. The 0 of silence stays 0."""
    out: Float64 = np.where(p > 0, 1 / (1 + np.exp(-(scale * _logit(p) + shift))), 0.0)
    return out


def _logit(p: Float64) -> Float64:
    p = np.clip(np.asarray(p, np.float64), 1e-7, 1 - 1e-7)
    out: Float64 = np.log(p / (1 - p))
    return out
