"""What is learned of the teacher: its embedding in fewer values, and a calibrated probability of a cry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.cry import recipe
from convert.cry.tracks import Track
from edgecry.arrays import Float32, Float64

#: Values that the embedding is brought to.
VALUES: Final = 192
#: Frames from one window to the next, where it is fitted.
_HOP: Final = 50


def asked(track: Track, start: int, length: int) -> tuple[Float32, float]:
    """Give the teacher's embedding of a stretch (mean and maximum over it), and its highest score."""
    where = track.heard(start, length)
    e = track.embedding[where].astype(np.float32)
    return np.concatenate([e.mean(0), e.max(0)]), float(track.scores[where].max())


class Judge:
    """Fitted to the recordings that are learned from, and to no others.

    The probability is the mean, as logits, of two: a linear head on the embedding, and the teacher's own
    score, calibrated. The head alone takes every sixth baby's laugh for a cry; the score alone misses cries.

    Parameters
    ----------
    tracks : sequence of Track
        Those that are the recording as it is count.
    """

    def __init__(self, tracks: Sequence[Track]) -> None:
        from sklearn.linear_model import LogisticRegression

        X, z, y, w = _windows(tracks)
        self._mean, self._scale = X.mean(0), X.std(0) + 0.05
        Z = (X - self._mean) / self._scale
        variances, vectors = np.linalg.eigh(Z.T @ Z / len(Z))
        variances, vectors = variances[::-1][:VALUES], vectors[:, ::-1][:, :VALUES]
        self._project = (vectors / np.sqrt(variances.mean())).astype(np.float32)
        E = Z @ self._project
        head = LogisticRegression(C=0.003, max_iter=300).fit(E, y, sample_weight=w)
        platt = LogisticRegression(C=10).fit(z[:, None], y, sample_weight=w)
        self._head = head.coef_[0].astype(np.float32), float(head.intercept_[0])
        self._platt = float(platt.coef_[0, 0]), float(platt.intercept_[0])

    def __call__(self, X: Float32, scores: Float64) -> tuple[Float32, Float64]:
        """Give the embedding (n, VALUES) and the probability (n,) of what :func:`asked` gives."""
        E = ((X - self._mean) / self._scale).astype(np.float32) @ self._project
        head, platt = self._head, self._platt
        z = 0.5 * (E @ head[0] + head[1]) + 0.5 * (_logit(scores) * platt[0] + platt[1])
        return E, 1 / (1 + np.exp(-z))


def _windows(tracks: Sequence[Track]) -> tuple[Float64, Float64, NDArray[np.bool_], Float64]:
    """Embedding, logit, truth and weight of windows; cries weigh as much as other sounds."""
    X, scores, y, w = [], [], [], []
    size = recipe.SPEC.n_frames
    for track in tracks:
        if not track.is_plain:
            continue
        n = len(track.power)
        starts = range(0, max(1, n - size + _HOP // 2 + 1), _HOP)
        for start in starts:
            x, score = asked(track, start, min(size, n))
            X.append(x)
            scores.append(score)
            y.append(track.sound.is_cry)
            w.append(1 / len(starts))
    truth, weight = np.array(y), np.array(w)
    weight *= np.where(truth, 0.5 / weight[truth].sum(), 0.5 / weight[~truth].sum()) * len(truth)
    return np.array(X, np.float64), _logit(np.array(scores)), truth, weight


def _logit(p: Float64) -> Float64:
    p = np.clip(p, 1e-4, 1 - 1e-4)
    out: Float64 = np.log(p / (1 - p))
    return out
