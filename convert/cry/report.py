"""Recipe "cry": everything that is said of the detector, measured on groups it has not learned from."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from convert.cache import cache_folder
from convert.cry import recipe
from convert.cry.corpora import read_sounds
from convert.cry.detector import ESTIMATORS, CryDetector, FittedDetector
from convert.cry.examples import SR, Example, Vectors, changed, distractor_vectors, read_examples, under_noise
from convert.errors import ConversionError
from convert.evaluation import (
    BASELINES,
    DECIBELS,
    Comparison,
    Measurements,
    Probabilities,
    Report,
    Splits,
    bootstrap_mean,
    compare,
    cross_validate,
    detect,
    detections,
    gain_section,
    gain_test,
    scaled,
    threshold_at_fpr,
)
from convert.evaluation.figures import Labels
from convert.evaluation.report import Value
from convert.evaluation.sections import POOLED

Tell = Callable[[str], None]

#: False positives for which a threshold is stated.
RATES: Final = (0.001, 0.005, 0.01, 0.02, 0.05)
#: Noise that cries are mixed with: slope of its spectrum, and ratio of the powers in dB.
NOISES: Final[Mapping[str, tuple[float, float]]] = {
    "white noise, 20 dB": (0, 20),
    "white noise, 10 dB": (0, 10),
    "white noise, 0 dB": (0, 0),
    "pink noise, 0 dB": (1, 0),
}
#: Arguments of other tasks, and what they are where nobody gave them.
CHOICES: Final[Mapping[str, object]] = {
    "spec": None,
    "label_column": None,
    "group_by": None,
    "positive": None,
    "permutations": 0,
    "gain": True,
}
#: Corpora with at least this many cries can stand for another world.
ENOUGH: Final = 10
#: Distractors of each kind that are tested; of another seed than those learned.
TESTED: Final = 200
TEST_SEED: Final = 1


@dataclass(frozen=True, eq=False)
class Material:
    """What is evaluated on, and what of it was computed once for all sections."""

    examples: tuple[Example, ...]
    procedure: CryDetector
    y: Labels
    groups: tuple[str, ...]
    cache: Path | None

    @property
    def rows(self) -> Labels:
        """All of them."""
        return self.procedure.rows

    def cries_of(self, corpus: str) -> Labels:
        """Rows of the cries of a corpus."""
        return self.where(lambda e: e.sound.is_cry and e.sound.corpus == corpus)

    def where(self, test: Callable[[Example], bool]) -> Labels:
        """Rows of the examples that pass."""
        return np.flatnonzero([test(example) for example in self.examples])


@dataclass(frozen=True, eq=False)
class Measured:
    """A report, and what training takes from it."""

    report: Report
    threshold: float
    operating_points: tuple[dict[str, float], ...]


def report(args: argparse.Namespace, tell: Tell) -> Report:
    """Measure the detector as the arguments of ``python -m convert evaluate`` say."""
    refuse_choices(args)
    material = read_material(args.folders, cache_folder(args), tell)
    measured = measure(material, repeats=args.repeats, draws=args.draws, tell=tell)
    return replace(measured.report, sections=(*measured.report.sections, other_thresholds(measured)))


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


def read_material(folders: Sequence[Path], cache: Path | None, tell: Tell) -> Material:
    """Read corpora and compute what is heard and taught."""
    examples = read_examples(read_sounds(folders, tell), cache, tell)
    _, taught = distractor_vectors(recipe.DISTRACTORS, recipe.SEED)
    y = np.array([int(example.sound.is_cry) for example in examples], dtype=np.intp)
    groups = tuple(example.sound.group for example in examples)
    return Material(examples, CryDetector(examples, taught), y, groups, cache)


def measure(material: Material, *, repeats: int, draws: int, tell: Tell) -> Measured:
    """Measure everything."""
    splits = Splits.by("source", material.groups, range(repeats))
    tell("out of fold")
    P = cross_validate(material.procedure, material.rows, material.y, splits, n_classes=2, tell=tell)
    thresholds = [threshold_at_fpr(material.y == 1, one[:, 1], recipe.MAX_FPR) for one in P]
    threshold = round(float(np.mean(thresholds)), 3)
    sections: list[Comparison | Measurements] = [
        _out_of_fold(material, splits, P, draws),
        _inside(material, draws),
        *_corpus_to_corpus(material, range(repeats), draws, tell),
        *_changed(material, splits, threshold, draws, tell),
        _distractors(material, threshold),
        _categories(material, P, threshold),
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
    return Measured(made, threshold, tuple(_operating_points(material.y, P)))


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


# -- from one corpus to another --------------------------------------------------------------------


def _corpus_to_corpus(material: Material, seeds: Sequence[int], draws: int, tell: Tell) -> list[Comparison]:
    """Learn the cries of all corpora but one, and be tested on that one's; both ways for two.

    Other sounds of corpora that have both kinds are halved by source: each half is tested with what
    the other half taught. Corpora with few or no cries only teach.
    """
    corpora: dict[str, int] = {}
    for example in material.examples:
        corpora[example.sound.corpus] = corpora.get(example.sound.corpus, 0) + example.sound.is_cry
    worlds = [name for name, cries in corpora.items() if cries >= ENOUGH]
    if len(worlds) < 2:
        tell(f"corpus to corpus left out: only {', '.join(worlds) or 'none'} has {ENOUGH} cries or more")
        return []
    negatives = material.where(lambda e: not e.sound.is_cry and e.sound.corpus in worlds)
    if not len(negatives):
        tell(f"corpus to corpus left out: {', '.join(worlds)} have no other sounds to test with")
        return []
    sections = []
    for world in worlds:
        tell(f"cries of {world}, taught by the others")
        tested = material.cries_of(world)
        kept = np.setdiff1d(material.rows, np.concatenate([tested, negatives]))
        rows = np.concatenate([tested, negatives])
        P = [_both_halves(material, tested, negatives, kept, seed) for seed in seeds]
        y, groups = material.y[rows], [material.groups[i] for i in rows]
        title = f"Cries of {world}, none of them learned"
        note = (
            "Taught by the cries of the other corpora and half of the other sounds, by source; tested on "
            "the other half, and the other way round."
        )
        contenders = {material.procedure.estimator: P}
        sections.append(
            compare(
                title,
                y,
                contenders,
                recipe.LABELS,
                groups,
                positive=recipe.POSITIVE,
                draws=draws,
                notes=[note],
            )
        )
    return sections


def _both_halves(
    material: Material, tested: Labels, negatives: Labels, kept: Labels, seed: int
) -> Probabilities:
    """Probabilities of ``tested``, the mean of both fits, and of ``negatives``, each by the other half's."""
    owners = sorted({material.groups[i] for i in negatives})
    first = set(np.random.default_rng(seed).permutation(owners)[: len(owners) // 2].tolist())
    inside = np.array([material.groups[i] in first for i in negatives])
    who = np.array(material.groups)
    P = np.zeros((len(tested) + len(negatives), 2))
    for taught in (inside, ~inside):
        train = np.concatenate([kept, negatives[taught]])
        # A source may have cries as well as other sounds.
        asked = np.concatenate([tested, negatives[~taught]])
        train = train[~np.isin(who[train], who[asked])]
        groups = [material.groups[i] for i in train]
        fitted = material.procedure.fit(train, material.y[train], groups, seed)
        P[: len(tested)] += fitted.predict_proba(tested) / 2
        P[len(tested) + np.flatnonzero(~taught)] = fitted.predict_proba(negatives[~taught])
    return P


# -- the same recordings, changed ------------------------------------------------------------------


def _changed(
    material: Material, splits: Splits, threshold: float, draws: int, tell: Tell
) -> list[Measurements]:
    """Gains and noise, by the models of the first repeat, none of which knows the recording."""
    fitted: list[tuple[Labels, FittedDetector]] = []
    for train, test in splits.folds(material.y, splits.seeds[0]):
        groups = [material.groups[i] for i in train]
        fitted.append((test, material.procedure.fit(train, material.y[train], groups, splits.seeds[0])))

    def judged(vectors: Sequence[Vectors], rows: Labels) -> Probabilities:
        P = np.zeros((len(material.y), 2))
        place = {row: vectors[number] for number, row in enumerate(rows.tolist())}
        for test, detector in fitted:
            asked = [row for row in test.tolist() if row in place]
            if asked:
                P[asked] = detector.judge([place[row] for row in asked])
        return P[rows]

    plain = [example.heard for example in material.examples]
    quieter = {0.0: judged(plain, material.rows)}
    for gain in DECIBELS:
        tell(f"{gain:+g} dB")
        vectors = changed(material.examples, f"{gain:g} dB", partial(_quieter, gain=gain), material.cache)
        quieter[gain] = judged(vectors, material.rows)
    found = gain_test(
        lambda i, gain: (str(quieter[gain][i, 1] >= threshold), quieter[gain][i]),
        range(len(material.y)),
        material.groups,
        draws=draws,
    )
    cries = material.where(lambda e: e.sound.is_cry)
    owners = [material.groups[i] for i in cries]
    rows: dict[str, dict[str, Value]] = {}
    for name, (slope, snr) in {"as recorded": (0.0, 0.0), **NOISES}.items():
        if name == "as recorded":
            P = quieter[0.0][cries]
        else:
            tell(f"cries under {name}")
            noisy = partial(under_noise, slope=slope, snr_db=snr)
            P = judged(changed([material.examples[i] for i in cries], name, noisy, material.cache), cries)
        hits = (P[:, 1] >= threshold).astype(float).tolist()
        rows[name] = {"recall": bootstrap_mean(hits, owners, draws=draws)}
    note = (
        f"Noise is added at {SR} Hz, to the power of the whole recording: one that ends at 4 kHz, as of a "
        "telephone, meets half of the white noise in its own band, 3 dB less than the ratio says."
    )
    noise = Measurements(f"Cries under noise, at the threshold {threshold:g}", "noise", rows, (note,))
    return [gain_section(found), noise]


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


def other_thresholds(measured: Measured) -> Measurements:
    """The operating points as a section; a model file keeps them beside the report's."""
    rows: dict[str, dict[str, Value]] = {
        f"{point['threshold']:g}": {"recall": point["recall"], "false positives": point["false_positives"]}
        for point in measured.operating_points
    }
    return Measurements("What another threshold would give", "threshold", rows)


def _operating_points(y: Labels, P: list[Probabilities]) -> list[dict[str, float]]:
    points = []
    for rate in RATES:
        found = [threshold_at_fpr(y == 1, one[:, 1], rate) for one in P]
        threshold = round(float(np.mean(found)), 3)
        recall = np.mean([(one[y == 1, 1] >= threshold).mean() for one in P])
        false = np.mean([(one[y == 0, 1] >= threshold).mean() for one in P])
        points.append(
            {
                "threshold": threshold,
                "recall": round(float(recall), 4),
                "false_positives": round(float(false), 4),
            }
        )
    return points
