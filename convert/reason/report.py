"""Report of the task "reason": beside the seed's recipe and guessing, with sets, answers, gain and skill."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from convert.clip.report import describe, features_at, splits_of
from convert.errors import ConversionError
from convert.evaluation.bootstrap import Interval
from convert.evaluation.effort import Effort
from convert.evaluation.figures import Labels, Probabilities
from convert.evaluation.gain import DECIBELS, gain_test
from convert.evaluation.procedures import BASELINES, Estimator
from convert.evaluation.protocol import Splits, cross_validate
from convert.evaluation.report import (
    RANDOM_SPLIT,
    Measurements,
    Report,
    Section,
    Value,
    compare,
    gain_section,
)
from convert.evaluation.sections import POOLED
from convert.reason import embedding
from convert.reason.answers import Repeat, out_of_fold, said_figures, set_figures
from convert.reason.data import Material, read_material
from convert.reason.recipe import (
    COVERAGE,
    NAMEABLE_GROUPS,
    NAMEABLE_RECORDINGS,
    nameable,
)
from convert.reason.skill import permutations
from convert.tell import Tell
from convert.training import extract_features, forest
from edgecry.decision import credibility
from edgecry.features.spec import FeatureSpec

MODEL: Final = "reason"
SEED_RECIPE: Final = "seed's recipe"
#: Enough for a p of 0.01.
PERMUTATIONS: Final = 99
#: Coverages that are tried besides the recipe's.
COVERAGES: Final = (0.8, 0.7, 0.6, 0.5)
#: Attributes of :class:`Answers`, the title of their section, and notes.
GAIN_TESTS: Final = {
    "said": ("Gain test, answers", ("Answers that are all 'uncertain' cannot change; the sets show more.",)),
    "likeliest": ("Gain test, most probable reason", ()),
    "left": ("Gain test, sets", ("The label is here the whole set.",)),
}


def report(args: argparse.Namespace, tell: Tell) -> Report:
    """Measure the recipe as the arguments of ``python -m convert evaluate`` say."""
    if args.positive is not None:
        raise ConversionError(
            f"--positive: {args.positive} cannot be detected by the task reason, which tells several apart; "
            "leave it out, or take --task clip"
        )
    return measure(read_material(args, tell), Effort.of(args, PERMUTATIONS), tell)


def measure(material: Material, effort: Effort, tell: Tell) -> Report:
    """Measure the recipe on recordings of babies that it was not fitted on."""
    X, y, labels = material.features.X, material.y, material.labels
    splits = splits_of(material.features, material.dataset, effort.repeats)
    named = nameable(y, material.groups, labels)
    X_at = {0.0: X}
    if effort.gain:
        X_at |= features_at(material.features, material.spec, DECIBELS, tell, material.cache)
    tell(f"evaluating on {len(y)} recordings")
    repeats = list(out_of_fold(X_at, y, splits, labels, named, COVERAGES, tell))
    contenders = {MODEL: [one.at[0.0].P for one in repeats], **_rivals(material, splits, tell)}
    tell("intervals")
    sections: list[Section] = [
        compare(
            "Out of fold",
            y,
            contenders,
            labels,
            splits.groups,
            draws=effort.draws,
            notes=[_chosen(repeats), POOLED],
        ),
        _sets(repeats, y, labels, splits, effort.draws),
        _said(repeats, y, labels, splits, effort.draws, named),
        _coverages(repeats, y, labels, splits, effort.draws),
    ]
    if effort.gain:
        sections += _gain(repeats, splits, effort.draws)
    if effort.permutations:
        sections.append(permutations(X, y, labels, splits, effort.permutations, tell))
    sections += embedding.sections(material, splits, effort, tell)
    return Report(
        title=f"reason on {material.name}",
        protocol=str(splits),
        data=describe(material.features, material.dataset, labels, y),
        sections=tuple(sections),
        leak=RANDOM_SPLIT if splits.is_leaky else "",
    )


def _rivals(material: Material, splits: Splits, tell: Tell) -> dict[str, list[Probabilities]]:
    """The seed's recipe and the baselines, by the same folds."""
    y, n_labels = material.y, len(material.labels)
    here = replace(material.dataset, recordings=material.features.recordings)
    seed = extract_features(here, FeatureSpec(), tell, material.cache)
    found = {}
    if seed.recordings == material.features.recordings:
        procedure = Estimator(forest())
        found[SEED_RECIPE] = cross_validate(procedure, seed.X, y, splits, n_classes=n_labels)
    else:
        tell(f"{SEED_RECIPE}: cannot read all of the recordings, so it is left out of the comparison")
    for name, guess in BASELINES.items():
        found[name] = cross_validate(guess, material.features.X, y, splits, n_classes=n_labels)
    return found


def _chosen(repeats: Sequence[Repeat]) -> str:
    counts = Counter(T for one in repeats for T in one.temperatures)
    folds = sum(counts.values())
    chosen = ", ".join(f"{T:g} in {n} of {folds} folds" for T, n in sorted(counts.items()))
    return f"Exponent of the balanced probabilities (0 would be the prior alone, 1 all they say): {chosen}."


def _sets(
    repeats: Sequence[Repeat], y: Labels, labels: Sequence[str], splits: Splits, draws: int
) -> Measurements:
    found = set_figures([one.at[0.0] for one in repeats], y, labels, splits.groups, draws)
    note = (
        f"Class-conditional sets, each reason to be in those of {COVERAGE:.0%} of its recordings; "
        "calibrated inside the fold, on inner folds by the same groups."
    )
    return Measurements("Sets of reasons", "figure", _column(found), (note,))


def _said(
    repeats: Sequence[Repeat],
    y: Labels,
    labels: Sequence[str],
    splits: Splits,
    draws: int,
    named: Sequence[str],
) -> Measurements:
    found = said_figures([one.at[0.0] for one in repeats], y, labels, splits.groups, draws)
    note = (
        f"What is said of a cry. May be named: {', '.join(named) or 'none'} (at least {NAMEABLE_RECORDINGS} "
        f"recordings of {NAMEABLE_GROUPS} groups in all the data)."
    )
    return Measurements("Answers", "figure", _column(found), (note, *_never_ruled_out(y, labels)))


def _never_ruled_out(y: Labels, labels: Sequence[str]) -> Iterator[str]:
    """Name labels with so few recordings that even the least evidence leaves them credible."""
    counts = np.bincount(y, minlength=len(labels)).tolist()
    few = [
        label
        for label, n in zip(labels, counts, strict=True)
        if credibility(0, [1] * n) > 1 - COVERAGE + 1e-9  # as reason_set compares
    ]
    if few:
        yield (
            f"Too few recordings to be ruled out at {COVERAGE:.0%}, whatever is heard: {', '.join(few)}. "
            "So no other reason is ever left alone; a lower coverage, or more recordings, would change that."
        )


def _coverages(
    repeats: Sequence[Repeat], y: Labels, labels: Sequence[str], splits: Splits, draws: int
) -> Measurements:
    """What a caller's own coverage would give, which may be set without training again."""
    rows: dict[str, Mapping[str, Value]] = {}
    for coverage in COVERAGES:
        answers = [one.covering[coverage] for one in repeats]
        said = dict(said_figures(answers, y, labels, splits.groups, draws))
        del said["share of 'uncertain'"]
        sets = set_figures(answers, y, labels, splits.groups, draws)
        rows[f"{coverage:.0%}"] = {**said, "mean size of sets": sets["mean size"]}
    return Measurements("Answers at other coverages", "coverage", rows)


def _column(found: Mapping[str, Interval]) -> dict[str, Mapping[str, Value]]:
    return {name: {"value": interval} for name, interval in found.items()}


def _gain(repeats: Sequence[Repeat], splits: Splits, draws: int) -> Iterator[Section]:
    """Each recording is asked, at any level, of the model that was fitted without its group."""
    clips = [(one, i) for one in repeats for i in range(len(splits.groups))]
    groups = list(splits.groups) * len(repeats)
    decibels = [gain for gain in repeats[0].at if gain]
    for what, (title, notes) in GAIN_TESTS.items():

        def answer(clip: tuple[Repeat, int], gain: float, what: str = what) -> tuple[str, Probabilities]:
            one, i = clip
            return getattr(one.at[gain], what)[i], one.at[gain].P[i]

        found = gain_test(answer, clips, groups, decibels=decibels, draws=draws)
        yield gain_section(found, title, notes)
