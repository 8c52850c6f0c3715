"""Recipe "cry": everything that is said of the detector, measured on groups it has not learned from."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np

from convert.cache import cache_folder
from convert.cry import recipe
from convert.cry.detector import ESTIMATORS, CryDetector, FittedDetector
from convert.cry.examples import SR, Vectors, changed, distractor_vectors, under_noise
from convert.cry.material import Material, Tell, read_material
from convert.cry.transfer import corpus_to_corpus, left_out
from convert.errors import ConversionError
from convert.evaluation.figures import Labels, Probabilities, threshold_at_fpr
from convert.evaluation.gain import DECIBELS, gain_test, scaled
from convert.evaluation.procedures import BASELINES
from convert.evaluation.protocol import Splits, cross_validate, detect
from convert.evaluation.report import Comparison, Measurements, Report, Value, compare, gain_section
from convert.evaluation.sections import POOLED, detections, hit_rates

#: False positives for which a threshold is stated.
RATES: Final = (0.001, 0.005, 0.01, 0.02, 0.05)
#: Noise that recordings are mixed with: slope of its spectrum, ratio of the powers in dB, and its top in Hz.
NOISES: Final[Mapping[str, tuple[float, float, float | None]]] = {
    "white noise, 20 dB": (0, 20, None),
    "white noise, 10 dB": (0, 10, None),
    "white noise, 0 dB": (0, 0, None),
    "white noise to 4 kHz, 0 dB": (0, 0, 4000),
    "pink noise, 0 dB": (1, 0, None),
}
#: Arguments of other tasks, and what they are where nobody gave them.
CHOICES: Final[Mapping[str, object]] = {
    "spec": None,
    "label_column": None,
    "group_by": None,
    "positive": None,
    "permutations": None,
    "gain": True,
}
#: Edges of the strength of the voice by which cries are told apart.
VOICED: Final = (0.0, 0.2, 0.3, 0.4, 1.0)
#: Distractors of each kind that are tested; of another seed than those learned.
TESTED: Final = 200
TEST_SEED: Final = 1


@dataclass(frozen=True, eq=False)
class Measured:
    """A report, and what training takes from it."""

    report: Report
    threshold: float


def report(args: argparse.Namespace, tell: Tell) -> Report:
    """Measure the detector as the arguments of ``python -m convert evaluate`` say."""
    refuse_choices(args)
    material = read_material(args.folders, cache_folder(args), tell)
    return measure(material, repeats=args.repeats, draws=args.draws, tell=tell).report


def refuse_choices(args: argparse.Namespace) -> None:
    """Refuse arguments that other tasks take: the recipe of the detector leaves no such choice.

    Raises
    ------
    ConversionError
        One of them is given.
    """
    for name, unset in CHOICES.items():
        if getattr(args, name, unset) != unset:
            option = "no-gain" if name == "gain" else name.replace("_", "-")
            raise ConversionError(
                f"--{option}: has no place in the task cry, which always splits by source and measures "
                "everything; leave it out, or take --task clip"
            )


def measure(material: Material, *, repeats: int, draws: int, tell: Tell) -> Measured:
    """Measure everything."""
    splits = Splits.by("source", material.groups, range(repeats))
    tell("out of fold")
    P = cross_validate(material.procedure, material.rows, material.y, splits, n_classes=2, tell=tell)
    threshold = _threshold(material.y, P, recipe.MAX_FPR)
    sections: list[Comparison | Measurements] = [
        _out_of_fold(material, splits, P, draws),
        _inside(material, draws),
        *corpus_to_corpus(material, range(repeats), draws, tell),
        *left_out(material, threshold, range(repeats), draws, tell),
        *_changed(material, splits, threshold, draws, tell),
        _distractors(material, threshold),
        _categories(material, P, threshold),
        _by_voice(material, P, threshold, draws),
        _other_thresholds(material, P, draws),
    ]
    cries = int(material.y.sum())
    corpora = ", ".join(dict.fromkeys(example.sound.corpus for example in material.examples))
    made = Report(
        title="Detector of cries",
        protocol=f"{splits}. A recording counts as the device hears it: windows of {recipe.WINDOW:g} s every "
        f"{recipe.HOP:g} s, the largest probability. The threshold, {threshold:g}, is where "
        f"{recipe.MAX_FPR:.0%} of other sounds pass out of fold (mean of the repeats)",
        data=f"{len(material.y)} recordings of {corpora}: {cries} cries, {len(material.y) - cries} other "
        "sounds. Not every recording that is taken for a cry holds one: some are nearly silent",
        sections=tuple(sections),
    )
    return Measured(made, threshold)


def _out_of_fold(material: Material, splits: Splits, P: list[Probabilities], draws: int) -> Comparison:
    rows, y = material.rows, material.y
    contenders = {material.procedure.estimator: P}
    for name in ESTIMATORS:
        if name not in contenders:
            rival = CryDetector(material.examples, material.procedure.distractors, name)
            contenders[name] = cross_validate(rival, rows, y, splits, n_classes=2)
    for name, guess in BASELINES.items():
        contenders[name] = cross_validate(guess, rows, y, splits, n_classes=2)
    title = "Out of fold, by source"
    notes = ["Probabilities are of balanced classes: as many cries as other sounds.", POOLED]
    return compare(
        title, y, contenders, recipe.LABELS, splits.groups, positive=recipe.POSITIVE, draws=draws, notes=notes
    )


def _inside(material: Material, draws: int) -> Measurements:
    splits = Splits.by("source", material.groups, (0,))
    found = detect(material.procedure, material.rows, material.y, splits, max_fpr=recipe.MAX_FPR)
    return detections(found, material.y, material.groups, max_fpr=recipe.MAX_FPR, draws=draws)


# -- the same recordings, changed ------------------------------------------------------------------


def _changed(
    material: Material, splits: Splits, threshold: float, draws: int, tell: Tell
) -> list[Measurements]:
    """Gains and noise, by the models of the first repeat, none of which knows the recording."""
    fitted: list[tuple[Labels, FittedDetector]] = []
    for train, test in splits.folds(material.y, splits.seeds[0]):
        groups = [material.groups[i] for i in train]
        fitted.append((test, material.procedure.fit(train, material.y[train], groups, splits.seeds[0])))

    def judged(vectors: Sequence[Vectors]) -> Probabilities:
        P = np.zeros((len(material.y), 2))
        for test, detector in fitted:
            P[test] = detector.judge([vectors[row] for row in test])
        return P

    quieter = {0.0: judged([example.heard for example in material.examples])}
    for gain in DECIBELS:
        tell(f"{gain:+g} dB")
        vectors = changed(material.examples, f"{gain:g} dB", partial(_quieter, gain=gain), material.cache)
        quieter[gain] = judged(vectors)
    found = gain_test(
        lambda i, gain: (str(quieter[gain][i, 1] >= threshold), quieter[gain][i]),
        range(len(material.y)),
        material.groups,
        draws=draws,
    )
    heard = {"as recorded": quieter[0.0]}
    for name, (slope, snr, top) in NOISES.items():
        tell(f"under {name}")
        noisy = partial(under_noise, slope=slope, snr_db=snr, top=top)
        heard[name] = judged(changed(material.examples, name, noisy, material.cache))
    rows: dict[str, Mapping[str, Value]] = {
        name: {**hit_rates([P[:, 1] >= threshold], material.y, material.groups, draws=draws)}
        for name, P in heard.items()
    }
    note = (
        f"Noise is added at {SR} Hz, to the power of the whole recording: one that ends at 4 kHz, as of a "
        "telephone, meets half of the white noise in its own band, 3 dB less than the ratio says."
    )
    title = f"Cries under noise, and other sounds, at the threshold {threshold:g}"
    return [gain_section(found), Measurements(title, "noise", rows, (note,))]


def _quieter(y: Any, gain: float) -> Any:
    return scaled(np.asarray(y, np.float32), gain)


# -- what is taken for a cry -----------------------------------------------------------------------


def _distractors(material: Material, threshold: float) -> Measurements:
    fitted = material.procedure.fit(material.rows, material.y, material.groups, recipe.SEED)
    kinds, vectors = distractor_vectors(TESTED, TEST_SEED)
    score = fitted.judge([vector[None] for vector in vectors])[:, 1]
    rows: dict[str, dict[str, Value]] = {
        kind: {
            "windows": kinds.count(kind),
            "taken for a cry": int((score[np.array(kinds) == kind] >= threshold).sum()),
            "highest probability": float(score[np.array(kinds) == kind].max()),
        }
        for kind in dict.fromkeys(kinds)
    }
    note = "Synthetic, 0 to -80 dB of full scale; made as those that are learned, of another seed."
    return Measurements("Sounds in closed form", "kind", rows, (note,))


def _categories(material: Material, P: list[Probabilities], threshold: float) -> Measurements:
    """Other sounds that pass the threshold out of fold, most often first."""
    passed = np.mean([one[:, 1] >= threshold for one in P], axis=0)
    rows: dict[str, dict[str, Value]] = {}
    names = [example.sound.category for example in material.examples]
    for name in sorted(set(names)):
        mine = np.flatnonzero([not e.sound.is_cry and e.sound.category == name for e in material.examples])
        if len(mine) and (passed[mine].any() or name in recipe.RARE):
            sources = len({material.groups[i] for i in mine})
            share = float(passed[mine].mean())
            rows[name] = {"recordings": len(mine), "sources": sources, "taken for a cry": share}
    ordered = dict(sorted(rows.items(), key=lambda item: -float(str(item[1]["taken for a cry"]))))
    note = "Only categories of which any passed, and the rare ones; of few sources little can be said."
    return Measurements("Other sounds that pass the threshold out of fold", "category", ordered, (note,))


def _by_voice(material: Material, P: list[Probabilities], threshold: float, draws: int) -> Measurements:
    """Cries that pass the threshold out of fold, by how much voice their most voiced window has."""
    column = recipe.SPEC.names.index("voice_0")
    voice = np.array([np.nan_to_num(example.heard[:, column]).max() for example in material.examples])
    rows: dict[str, Mapping[str, Value]] = {}
    for number, (low, high) in enumerate(pairwise(VOICED)):
        mine = np.flatnonzero((material.y == 1) & (np.digitize(voice, VOICED[1:-1]) == number))
        if len(mine):
            groups = [material.groups[i] for i in mine]
            rates = hit_rates([one[mine, 1] >= threshold for one in P], material.y[mine], groups, draws=draws)
            rows[f"{low:g} to {high:g}"] = {"cries": len(mine), "recall": rates["recall"]}
    note = (
        "The strength of the voice, over the 3 s that have most of it; in noise it is near 0.1. Where there "
        "is hardly any voice there is hardly any cry, whatever the recording is called."
    )
    return Measurements("Cries by the voice in them", "voice", rows, (note,))


def _other_thresholds(material: Material, P: list[Probabilities], draws: int) -> Measurements:
    """What a threshold would give that passes another share of other sounds out of fold."""
    rows: dict[str, Mapping[str, Value]] = {}
    for rate in RATES:
        threshold = _threshold(material.y, P, rate)
        detected = [one[:, 1] >= threshold for one in P]
        rows[f"{threshold:g}"] = {**hit_rates(detected, material.y, material.groups, draws=draws)}
    return Measurements("What another threshold would give", "threshold", rows)


def _threshold(y: Labels, P: list[Probabilities], max_fpr: float) -> float:
    """The mean over repeats."""
    return round(float(np.mean([threshold_at_fpr(y == 1, one[:, 1], max_fpr) for one in P])), 3)
