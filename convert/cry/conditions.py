"""Recordings under other conditions: quieter, in noise, from other corpora, and in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.cry import distractors, recipe
from convert.cry.corpora import APP
from convert.cry.examples import SIZE, SR, Listener, changed
from convert.cry.folds import OutOfFold, calibrated
from convert.cry.material import Material
from convert.cry.variation import Signal, coloured_noise, mixed
from convert.evaluation.bootstrap import bootstrap
from convert.evaluation.figures import auc
from convert.evaluation.gain import DECIBELS, gain_test, scaled
from convert.evaluation.report import Measurements, Value, gain_section
from convert.evaluation.sections import hit_rates
from convert.tell import Tell

#: Noise that recordings are mixed with: slope of its spectrum, ratio of the powers in dB, and its top in Hz.
NOISES: Final[Mapping[str, tuple[float, float, float | None]]] = {
    "white noise, 10 dB": (0, 10, None),
    "white noise, 0 dB": (0, 0, None),
    "white noise to 4 kHz, 0 dB": (0, 0, 4000),
    "pink noise, 0 dB": (1, 0, None),
}
#: So many recordings are enough to say something when they are left out.
ENOUGH: Final = 10
#: Number of synthetic sounds of each kind that are tested. Their seed is not the one of those learned.
TESTED: Final = 200
_TEST_SEED: Final = 1


def changed_recordings(found: OutOfFold, draws: int, tell: Tell) -> list[Measurements]:
    """Ask about all recordings again, quieter and in noise."""
    return [
        _gain(found, draws, tell),
        _noise(found, draws, tell),
    ]


def _gain(found: OutOfFold, draws: int, tell: Tell) -> Measurements:
    material = found.material
    quieter = {0.0: found.P}
    for gain in DECIBELS:
        tell(f"{gain:+g} dB")
        quieter[gain] = _all(found, f"{gain:g} dB", partial(_quieter, gain=gain))
    tested = gain_test(
        lambda i, gain: (str(quieter[gain][i, 1] >= found.threshold), quieter[gain][i]),
        range(len(material.y)),
        material.groups,
        draws=draws,
    )
    return gain_section(tested)


def _noise(found: OutOfFold, draws: int, tell: Tell) -> Measurements:
    asked = {"as recorded": found.P}
    for name, (slope, snr, top) in NOISES.items():
        tell(f"under {name}")
        asked[name] = _all(found, name, partial(under_noise, slope=slope, snr_db=snr, top=top))
    y, groups = found.material.y, found.material.groups
    rows: dict[str, Mapping[str, Value]] = {
        name: {**hit_rates([P[:, 1] >= found.threshold], y, groups, draws=draws)} for name, P in asked.items()
    }
    note = (
        f"Noise is added at {SR} Hz, to the power of the whole recording: one that ends at 4 kHz, as of a "
        "telephone, meets half of the white noise in its own band, 3 dB less than the ratio says."
    )
    title = f"Cries under noise, and other sounds, at the threshold {found.threshold:g}"
    return Measurements(title, "noise", rows, (note,))


def _all(found: OutOfFold, name: str, change: Any) -> Any:
    material = found.material
    features = changed(material.examples, name, change, material.cache)
    judged = found.judge(dict(enumerate(features)))
    p = np.array([judged[row] for row in range(len(material.y))])
    return np.column_stack([1 - p, p])


def _quieter(y: Signal, gain: float) -> Signal:
    return scaled(np.asarray(y, np.float32), gain)


def under_noise(y: Signal, slope: float, snr_db: float, top: float | None = None) -> Signal:
    """Add noise, up to ``top`` Hz, at a ratio to the power of a signal."""
    noise = coloured_noise(len(y), SR, slope, np.random.default_rng(len(y)), top)
    return mixed(y, noise, snr_db)


# -- what it has not learned at all --------------------------------------------------------------------


def left_out(found: OutOfFold, draws: int, tell: Tell) -> list[Measurements]:
    """Leave out all recordings of one origin, and ask a network trained on the others about them."""
    rows: dict[str, Mapping[str, Value]] = {}
    for name, test in origins(found.material).items():
        tell(f"{name} left out")
        rows[name] = _as_a_user_has_it(found, test, draws)
    note = (
        "Taught without these recordings and without any other of their sources. The threshold and the "
        "calibration are the model's own. AUC: against the recordings of the other kind, those left out with "
        "them, or all of them out of fold."
    )
    title = f"Left out as a whole, at the threshold {found.threshold:g}"
    return [Measurements(title, "left out", rows, (note,))] if rows else []


def origins(material: Material) -> dict[str, NDArray[np.intp]]:
    """Give the rows of one origin. When they are left out, its recorders, codecs and rooms are new.

    Everything of the app Donate-a-cry, in whichever corpus; the cries of every other corpus that has
    enough; all of every corpus that has few.
    """
    sounds = [example.sound for example in material.examples]
    app = np.array([sound.group.startswith(APP) for sound in sounds])
    found = {"recordings of the app Donate-a-cry": app}
    for corpus in dict.fromkeys(sound.corpus for sound in sounds):
        here = np.array([sound.corpus == corpus for sound in sounds]) & ~app
        cries = here & (material.y == 1)
        if cries.sum() >= ENOUGH:
            found[f"cries of {corpus}"] = cries
        elif here.sum() >= ENOUGH:
            found[f"all of {corpus}"] = here
    kept = {}
    for name, test in found.items():
        others = material.y[~test]
        if test.sum() >= ENOUGH and 0 < others.sum() < len(others):
            kept[name] = np.flatnonzero(test)
    return kept


def _as_a_user_has_it(found: OutOfFold, test: NDArray[np.intp], draws: int) -> dict[str, Value]:
    material = found.material
    who = np.array(material.groups)
    train = np.flatnonzero(~np.isin(who, who[test]))
    own = [material.groups[i] for i in train]
    fitted = material.procedure.fit(train, material.y[train], own, recipe.SEED)
    p = calibrated(fitted.predict_proba(test)[:, 1], found.scale, found.shift)
    y, groups = material.y[test], [material.groups[i] for i in test]
    rates = hit_rates([p >= found.threshold], y, groups, draws=draws)
    has_both = 0 < y.sum() < len(y)
    against = np.empty(0, np.intp) if has_both else np.flatnonzero(material.y != y[0])
    p = np.concatenate([p, found.P[against, 1]])
    truth = np.concatenate([y, material.y[against]])
    owners = [*groups, *(material.groups[i] for i in against)]
    P = np.column_stack([1 - p, p])
    area = bootstrap(lambda y, P: {"AUC": auc(y == 1, P[:, 1])}, truth, [P], owners, draws=draws)
    return {
        "cries": int(y.sum()),
        "others": int((y == 0).sum()),
        "sources": len(set(groups)),
        "recall": rates["recall"] if y.any() else "none",
        "false positives": rates["false positives"] if not y.all() else "none",
        "AUC": area["AUC"],
    }


def closed_forms(found: OutOfFold) -> Measurements:
    """Ask the network of every fold about synthetic sounds, and count the highest answer."""
    listener, made = Listener(), list(distractors.distractors(TESTED, SIZE, SR, _TEST_SEED))
    features = [listener.window(y)[None] for _, y in made]
    judged = np.max([detector.judge(features)[:, 1] for _, detector in found.folds], axis=0)
    score = calibrated(judged, found.scale, found.shift)
    kinds = np.array([kind for kind, _ in made])
    rows: dict[str, dict[str, Value]] = {
        kind: {
            "windows": int((kinds == kind).sum()),
            "taken for a cry": int((score[kinds == kind] >= found.threshold).sum()),
            "highest probability": float(score[kinds == kind].max()),
        }
        for kind in dict.fromkeys(kinds.tolist())
    }
    note = (
        "Synthetic, 0 to -80 dB of full scale; as those that are learned, of another seed, but for bursts, "
        "of which none is learned. By any fold."
    )
    return Measurements("Sounds in closed form", "kind", rows, (note,))
