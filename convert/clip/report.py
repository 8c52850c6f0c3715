"""Recipe "clip": any classifier that training knows, on one vector a recording, leak-free."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.cache import FeatureCache, cache_folder
from convert.commands.options import one_folder, read_spec
from convert.dataset import Dataset, read_dataset
from convert.errors import ConversionError
from convert.evaluation.effort import Effort
from convert.evaluation.figures import Labels, Probabilities, decide, figures
from convert.evaluation.gain import DECIBELS, GainFigures, gain_test, scaled
from convert.evaluation.permutation import permutation_test
from convert.evaluation.procedures import Estimator, Procedure
from convert.evaluation.protocol import Splits, cross_validate, spread
from convert.evaluation.report import (
    RANDOM_SPLIT,
    Report,
    Section,
    gain_section,
    permutation_section,
)
from convert.evaluation.sections import cross_validated
from convert.tell import Tell
from convert.training import DEFAULT, ESTIMATORS, Features, extract_features
from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec

Vectors = NDArray[np.float64]


def report(args: argparse.Namespace, tell: Tell) -> Report:
    """Cross-validate an estimator as the arguments of ``python -m convert evaluate`` say."""
    folder = one_folder(args.folders)
    dataset = read_dataset(folder, label_column=args.label_column, group_by=args.group_by)
    name, spec, cache = args.estimator or DEFAULT, read_spec(args.spec), cache_folder(args)
    return measure(
        f"{name} on {folder.resolve().name}",
        name,
        Estimator(ESTIMATORS[name]()),
        extract_features(dataset, spec, tell, cache),
        dataset,
        spec,
        Effort.of(args),
        positive=args.positive,
        cache=cache,
        tell=tell,
    )


def measure(
    title: str,
    name: str,
    procedure: Procedure,
    features: Features,
    dataset: Dataset,
    spec: FeatureSpec,
    effort: Effort,
    *,
    positive: str | None = None,
    cache: Path | None = None,
    tell: Tell = lambda _: None,
) -> Report:
    """Measure a procedure on recordings of groups that it was not fitted on.

    Parameters
    ----------
    title, name : str
        Of the report, and of the procedure in its tables.
    procedure : Procedure
    features : Features
        Of the recordings of ``dataset`` that can be read, by ``spec``.
    dataset : Dataset
        Without groups the figures are leaky, and the report says so.
    spec : FeatureSpec
    effort : Effort
    positive : str, optional
        The label that is to be detected.
    cache : Path, optional
        Where features are kept.
    tell : callable
        Called with a line on progress now and then.
    """
    labels, y = classes([recording.label for recording in features.recordings], positive)
    splits = splits_of(features, dataset, effort.repeats)
    tell(f"evaluating on {len(y)} recordings")
    sections: list[Section] = [
        cross_validated(
            name, procedure, features.X, y, splits, labels, positive, draws=effort.draws, tell=tell
        )
    ]
    if effort.permutations:
        sections.append(_permutations(procedure, features.X, y, splits, labels, effort.permutations, tell))
    if effort.gain:
        quieter = features_at(features, spec, DECIBELS, tell, cache)
        found = _gain(procedure, features.X, quieter, y, splits, labels, effort.draws)
        sections.append(gain_section(found))
    return Report(
        title=title,
        protocol=str(splits),
        data=describe(features, dataset, labels, y),
        sections=tuple(sections),
        leak=RANDOM_SPLIT if splits.is_leaky else "",
    )


def classes(names: Sequence[str], positive: str | None) -> tuple[tuple[str, ...], Labels]:
    """Labels in order, and the index of each recording's; with a positive one, the others are "other".

    Raises
    ------
    ConversionError
        No recording is labelled as the positive, or there is one label only.
    """
    if positive is not None:
        if positive not in names:
            raise ConversionError(
                f"--positive: no recording is labelled {positive!r}; the labels are "
                f"{', '.join(sorted(set(names)))}"
            )
        rest = "other" if positive != "other" else "not other"
        return (rest, positive), np.array([int(name == positive) for name in names], dtype=np.intp)
    labels, y = np.unique(names, return_inverse=True)
    if len(labels) < 2:
        raise ConversionError(f"labels: only {labels[0]}; telling recordings apart needs two")
    return tuple(labels.tolist()), y.astype(np.intp)


def splits_of(features: Features, dataset: Dataset, repeats: int) -> Splits:
    """The dataset's groups, or a leaky split where it was asked for by name."""
    seeds = range(repeats)
    if dataset.is_leaky:
        return Splits.leaky(len(features.recordings), list(seeds))
    return Splits.by(dataset.grouping, [recording.group for recording in features.recordings], list(seeds))


def describe(features: Features, dataset: Dataset, labels: Sequence[str], y: Labels) -> str:
    """What was evaluated on, in a sentence."""
    counts = np.bincount(y, minlength=len(labels))
    shares = ", ".join(f"{label} {n}" for label, n in zip(labels, counts, strict=True))
    skipped = f"; {len(features.skipped)} could not be read" if features.skipped else ""
    return f"{len(y)} of {len(dataset.recordings)} recordings: {shares}{skipped}"


def features_at(
    features: Features, spec: FeatureSpec, decibels: Sequence[float], tell: Tell, folder: Path | None
) -> dict[float, Vectors]:
    """Vectors of the same recordings, with gains applied to the samples before anything else."""
    extractor, found = FeatureExtractor(spec), {}
    for gain in decibels:
        cache = FeatureCache(folder, f"{spec.hash}, {gain:g} dB")

        def compute(path: Path, gain: float = gain) -> Vectors:
            return extractor.extract(scaled(load_audio(path, spec.sr).samples, gain))

        rows = [cache.fetch(r.path, partial(compute, r.path)) for r in features.recordings]
        found[gain] = np.array(rows).astype(np.float32).astype(np.float64)
        tell(f"{gain:+g} dB: {len(rows)} recordings, {cache}")
    return found


def _permutations(
    procedure: Procedure,
    X: Vectors,
    y: Labels,
    splits: Splits,
    labels: Sequence[str],
    draws: int,
    tell: Tell,
) -> Section:
    """Repeat the first seed's cross-validation on labels moved between groups."""
    once = Splits(splits.groups, splits.grouping, splits.seeds[:1], splits.n_splits, splits.is_leaky)
    tell(f"{draws} permutations")

    done = count(1)

    def score(moved: Labels) -> float:
        if (number := next(done)) % 10 == 0:
            tell(f"{number} of {draws + 1} runs")
        (P,) = cross_validate(procedure, X, moved, once, n_classes=len(labels))
        return figures(moved, P, labels).balanced_accuracy

    found = {"balanced accuracy": permutation_test(score, y, splits.groups, draws=draws)}
    note = f"Labels move between groups of like size; one repeat, split by {splits.grouping}."
    return permutation_section(found, notes=[note])


def _gain(
    procedure: Procedure,
    X: Vectors,
    quieter: dict[float, Vectors],
    y: Labels,
    splits: Splits,
    labels: Sequence[str],
    draws: int,
) -> list[GainFigures]:
    """Out of fold as well: each recording is asked of the model that has not heard it, at any level."""
    at = {0.0: X, **quieter}
    P = {gain: np.zeros((len(y), len(labels))) for gain in at}
    for train, test in splits.folds(y, splits.seeds[0]):
        groups = [splits.groups[i] for i in train]
        fitted = procedure.fit(X[train], y[train], groups, splits.seeds[0])
        for gain, vectors in at.items():
            P[gain][test] = spread(fitted, vectors[test], len(labels))
    return gain_of(P, labels, splits.groups, draws)


def gain_of(
    P: dict[float, Probabilities], labels: Sequence[str], groups: Sequence[str], draws: int
) -> list[GainFigures]:
    """Gain test of probabilities that were computed at each gain before, 0 dB among them."""
    said = {gain: decide(found) for gain, found in P.items()}
    return gain_test(
        lambda i, gain: (labels[said[gain][i]], P[gain][i]),
        range(len(groups)),
        groups,
        decibels=[gain for gain in P if gain],
        draws=draws,
    )
