"""Fitting: a correction that is drawn back to the base."""

from pathlib import Path

import numpy as np
import pytest

from convert.adapt.clips import Clip
from convert.adapt.fit import (
    CAUTIOUS,
    STRENGTHS,
    choose,
    clip_weights,
    correct,
    leave_one_day_out,
    log_losses,
)
from convert.adapt.heard import Heard
from convert.adapt.layer import LastLayer

BASE = LastLayer(np.array([1.0, 0.0, 0.0, 0.5]), -0.5)


def clips(n: int = 24, days: int = 4, tells: float = 3.0, seed: int = 0, windows: int = 3) -> Heard:
    """Every other clip is a cry, which the second value tells apart; the base looks at the first."""
    rng = np.random.default_rng(seed)
    is_cry = np.arange(n) % 2 == 0
    found = tuple(
        Clip(Path(f"{i}.wav"), bool(c), f"day {i // 2 % days}", "table") for i, c in enumerate(is_cry)
    )
    owner = np.repeat(np.arange(n), windows)
    E = rng.standard_normal((len(owner), 4))
    E[:, 1] += tells * is_cry[owner]
    return Heard(found, E, E.astype(np.float32), owner, np.zeros(n, np.intp), "max")


def everything(heard: Heard) -> np.ndarray:
    return np.ones(len(heard.clips), dtype=bool)


def moved(layer: LastLayer) -> float:
    return float(np.linalg.norm(layer.weight - BASE.weight) + abs(layer.bias - BASE.bias))


def test_correction_vanishes_with_its_strength():
    """The limit of a narrow prior is the base, and a wider one never fits worse."""
    heard = clips()
    layers = [correct(heard, BASE, everything(heard), s) for s in (1e-4, 0.01, *STRENGTHS[1:])]
    assert moved(layers[0]) < 1e-5
    steps = [moved(layer) for layer in layers]
    assert steps == sorted(steps)
    loss = [log_losses(heard.is_cry, heard.probabilities(layer)).mean() for layer in layers]
    assert loss[-1] < loss[0] / 2


def test_sounds_that_are_as_usual_stay_where_they_are():
    """There is no constant: at the mean of the clips, each kind half, adapted and base agree."""
    heard = clips(windows=1)
    layer = correct(heard, BASE, everything(heard), 1.0)
    mean = heard.E.mean(axis=0, keepdims=True)
    np.testing.assert_allclose(layer.logits(mean), BASE.logits(mean))


def test_is_the_least_of_its_loss():
    """Against scikit-learn, which draws to 0: for a base of 0 both are one problem."""
    from sklearn.linear_model import LogisticRegression

    heard = clips(windows=1)
    none = LastLayer(np.zeros(4), 0.0)
    E = heard.E - heard.E.mean(axis=0)
    X = E / np.sqrt((E**2).sum(axis=1).mean())
    theirs = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10).fit(X, heard.is_cry)
    ours = correct(heard, none, everything(heard), 1.0)
    np.testing.assert_allclose(ours.logits(heard.E), theirs.decision_function(X), atol=1e-3)


def test_what_clips_do_not_tell_stays_the_bases():
    heard = clips()
    heard.E[:, 3] = 0.0
    layer = correct(heard, BASE, everything(heard), 2.0)
    assert layer.weight[3] == BASE.weight[3]
    assert layer.weight[1] > 0.5


def test_one_kind_alone_moves_nothing():
    heard = clips()
    assert correct(heard, BASE, heard.is_cry, 2.0) is BASE


def test_kinds_weigh_the_same():
    is_cry = np.array([True] * 2 + [False] * 6)
    counted = np.array([True] * 6 + [False] * 2)
    weight = clip_weights(is_cry, counted)
    assert weight[:2].sum() == weight[2:].sum() == pytest.approx(3)
    assert weight[6:].tolist() == [0, 0]


def test_strength_is_chosen_by_what_holds_on_other_days():
    heard = clips()
    assert choose(heard, BASE, everything(heard)) >= 1.0
    noise = clips(tells=0.0, n=40)
    sure = LastLayer(np.zeros(4), 0.0)  # which says what is true of noise: nothing
    assert choose(noise, sure, everything(noise)) == 0.0
    assert choose(heard, BASE, heard.days == "day 0") == CAUTIOUS


def test_no_clip_is_judged_by_its_own_day():
    """A day whose verdicts are all wrong changes what is said of the others, never of itself."""
    heard = clips()
    before = leave_one_day_out(heard, BASE)
    wrong = tuple(Clip(c.path, c.is_cry != (c.day == "day 1"), c.day, c.dated) for c in heard.clips)
    after = leave_one_day_out(
        Heard(wrong, heard.E, heard.vectors, heard.owner, heard.silent, heard.how), BASE
    )
    own = heard.days == "day 1"
    np.testing.assert_array_equal(after[own], before[own])
    assert np.abs(after[~own] - before[~own]).max() > 0.01


def test_silent_windows_count_as_the_device_counts_them():
    heard = clips(n=4)
    half = Heard(heard.clips, heard.E, heard.vectors, heard.owner, np.full(4, 3), "mean")
    whole = Heard(heard.clips, heard.E, heard.vectors, heard.owner, np.zeros(4, np.intp), "mean")
    np.testing.assert_allclose(half.probabilities(BASE), whole.probabilities(BASE) / 2)
