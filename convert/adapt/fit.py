"""Fitting: a small correction of the base's last layer, as large as days that are left out allow.

The correction is a logistic regression on the embedding that starts from the base's own log-odds and is
drawn back to them by a Gaussian prior, as of Chelba and Acero, "Adaptation of maximum entropy capitalizer:
little data can help a lot", Computer Speech and Language 20 (2006). Few clips so move it little, and a
direction in which they say nothing stays the base's. It has no constant: that would move the threshold for
all sounds alike, and how often a home cries cannot be told by clips that were chosen.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from convert.adapt.heard import Heard, Mask
from convert.adapt.layer import LastLayer
from edgecry.arrays import Float64

#: Standard deviations of the prior that are tried, in log-odds of a window that is as far from the mean
#: of all as is usual. 0 is the base as it is. Greater ones cost more on other recordings than they gain.
STRENGTHS: Final = (0.0, 0.25, 0.5, 1.0)
#: The one that is taken where there are no days to choose by.
CAUTIOUS: Final = 0.5
#: Parts of whole days that a strength is chosen by.
PARTS: Final = 5
#: Least probability whose logarithm counts, so that one clip does not outweigh all others.
TINY: Final = 1e-4
#: Least weight of a window beside its base's probability: where all are 0 they share.
_FLOOR: Final = 1e-6


def correct(heard: Heard, base: LastLayer, clips: Mask, strength: float) -> LastLayer:
    """Fit the last layer to some clips.

    Parameters
    ----------
    heard : Heard
    base : LastLayer
        What the correction is drawn back to.
    clips : bool [shape=(n_clips,)]
        Those that it is fitted to. Without clips of both kinds the base is given back.
    strength : float
        One of ``STRENGTHS``.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    if not strength or len(set(heard.is_cry[clips].tolist())) < 2:
        return base
    rows = clips[heard.owner]
    E, weight = heard.E[rows], _weights(heard, base, clips)[rows]
    mean = np.average(E, axis=0, weights=weight)
    scale = float(np.sqrt(np.average(((E - mean) ** 2).sum(axis=1), weights=weight))) or 1.0
    X = (E - mean) / scale
    sign = np.where(heard.is_cry[heard.owner[rows]], 1.0, -1.0)
    start = base.logits(E)

    def loss(c: Float64) -> tuple[float, Float64]:
        margin = sign * (start + X @ c)
        value = float(weight @ np.logaddexp(0, -margin) + c @ c / (2 * strength**2))
        return value, c / strength**2 - (weight * sign * expit(-margin)) @ X

    c = minimize(loss, np.zeros(X.shape[1]), jac=True, method="L-BFGS-B").x
    step = c / scale
    return LastLayer(base.weight + step, base.bias - float(mean @ step))


def choose(heard: Heard, base: LastLayer, clips: Mask) -> float:
    """Choose the strength by parts of whole days that are left out in turn.

    Return the least strength whose log-loss is within a standard error of the best one's (Breiman et al.,
    "Classification and regression trees", 1984, section 3.4.3); of paired differences, summed by day, as
    the clips of a day are alike. Cries and other sounds count the same. ``CAUTIOUS`` without two days.
    """
    days = sorted(set(heard.days[clips].tolist()))
    if len(days) < 2:
        return CAUTIOUS
    parts = [np.isin(heard.days, days[i::PARTS]) & clips for i in range(min(PARTS, len(days)))]
    count = clip_weights(heard.is_cry, clips)[clips]
    losses = []
    for strength in STRENGTHS:
        P = np.zeros(len(heard.clips))
        for part in parts:
            P[part] = heard.probabilities(correct(heard, base, clips & ~part, strength))[part]
        losses.append(count * log_losses(heard.is_cry, P)[clips])
    excess = np.array(losses) - losses[int(np.argmin(np.sum(losses, axis=1)))]
    which = np.unique(heard.days[clips], return_inverse=True)[1]
    by_day = np.array([np.bincount(which, one) for one in excess])
    error = np.sqrt((by_day**2).sum(axis=1))
    # The relative 1e-9 forgives rounding, where a single day's excess is its own error.
    return STRENGTHS[int(np.argmax(excess.sum(axis=1) <= error * (1 + 1e-9)))]


def leave_one_day_out(heard: Heard, base: LastLayer) -> Float64:
    """Give the probability of each clip by a layer that was fitted, strength and all, without its day."""
    P = np.zeros(len(heard.clips))
    for day in sorted(set(heard.days.tolist())):
        test = heard.days == day
        layer = correct(heard, base, ~test, choose(heard, base, ~test))
        P[test] = heard.probabilities(layer)[test]
    return P


def log_losses(is_cry: Mask, P: Float64) -> Float64:
    """Log-loss of each clip."""
    found: Float64 = -np.log(np.maximum(np.where(is_cry, P, 1 - P), TINY))
    return found


def clip_weights(is_cry: Mask, clips: Mask) -> Float64:
    """Weigh clips so that both kinds count the same: 1 on average, and 0 for those that are left out."""
    weight = np.zeros(len(is_cry))
    for kind in (True, False):
        of_kind = clips & (is_cry == kind)
        weight[of_kind] = clips.sum() / 2 / max(1, of_kind.sum())
    return weight


def _weights(heard: Heard, base: LastLayer, clips: Mask) -> Float64:
    """Weights of windows: each clip's is shared out by the base's probability of a cry.

    A verdict is on the clip. The windows that sound most like a cry are what made it, right or wrong; the
    others may be the pause before.
    """
    p = base.probabilities(heard.E) + _FLOOR
    share = p / np.bincount(heard.owner, p)[heard.owner]
    found: Float64 = share * clip_weights(heard.is_cry, clips)[heard.owner]
    return found
