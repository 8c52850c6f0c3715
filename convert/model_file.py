"""A model file as it is, on labelled recordings: no cross-validation, and no test on what it learned."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from convert.cache import cache_folder
from convert.clip.report import describe, features_at, gain_of
from convert.commands.options import one_folder
from convert.dataset import Dataset, read_dataset
from convert.errors import ConversionError
from convert.evaluation.figures import Labels, Probabilities
from convert.evaluation.gain import DECIBELS
from convert.evaluation.procedures import BASELINES
from convert.evaluation.protocol import LEAKY, spread
from convert.evaluation.report import Report, Section, compare, gain_section
from convert.seen import seen
from convert.training import extract_features
from edgecry.models.model import CryModel

UNGROUPED = f"{LEAKY}: nothing tells which recordings are of one baby, so the intervals are too narrow"


def report(args: argparse.Namespace, tell: Callable[[str], None]) -> Report:
    """Run a model file as the arguments of ``python -m convert evaluate --model`` say."""
    model = CryModel.load(args.model)
    folder = one_folder(args.folders)
    dataset = read_dataset(folder, label_column=args.label_column, group_by=args.group_by)
    _check_labels(model, dataset)
    features = extract_features(dataset, model.spec, tell, cache_folder(args))
    y = np.array([model.labels.index(r.label) for r in features.recordings], dtype=np.intp)
    groups = [recording.group for recording in features.recordings]
    contenders = {model.name: [_probabilities(model, features.X)], **_baselines(y, len(model.labels))}
    leak, note = _leak(model, dataset, [recording.path for recording in features.recordings])
    notes = ["The baselines know the shares of these very recordings.", note]
    sections: list[Section] = [
        compare(
            "On the recordings given",
            y,
            contenders,
            model.labels,
            groups,
            positive=args.positive,
            draws=args.draws,
            notes=notes,
        )
    ]
    if args.gain:
        P = {0.0: contenders[model.name][0]}
        for gain, X in features_at(features, model.spec, DECIBELS, tell, cache_folder(args)).items():
            P[gain] = _probabilities(model, X)
        sections.append(gain_section(gain_of(P, model.labels, groups, args.draws)))
    protocol = (
        f"the model file as it is, its most probable label, on {len(y)} recordings "
        f"({len(set(groups))} groups); no cross-validation, so it must not have been trained on them"
    )
    return Report(
        title=f"{model.name} ({model.path.name}) on {folder.resolve().name}",
        protocol=protocol,
        data=describe(features, dataset, model.labels, y),
        sections=tuple(sections),
        leak=leak,
    )


def _check_labels(model: CryModel, dataset: Dataset) -> None:
    strange = sorted(set(dataset.labels) - set(model.labels))
    if strange:
        raise ConversionError(
            f"{model.path}: does not know the label {strange[0]!r}; it knows {', '.join(model.labels)}. "
            "Rename it in the manifest, or name another column with --label-column"
        )


def _probabilities(model: CryModel, X: Probabilities) -> Probabilities:
    return model.predict_proba(X).astype(np.float64)


def _baselines(y: Labels, n_labels: int) -> dict[str, list[Probabilities]]:
    """What the shares of the recordings themselves achieve, as there is no training part to take."""
    X = np.zeros((len(y), 1))
    return {name: [spread(baseline.fit(X, y, [], 0), X, n_labels)] for name, baseline in BASELINES.items()}


def _leak(model: CryModel, dataset: Dataset, recordings: Sequence[Path]) -> tuple[str, str]:
    """What is said over every table, and what is noted, of the model having learned these."""
    known, data = seen(model.metadata, recordings), model.metadata.data["name"]
    if known:
        return (
            f"{LEAKY}: training data; {len(known)} of {len(recordings)} recordings are among those the "
            "model was trained on, so these figures say how well it remembers",
            f"The model file lists what it was trained on: {data}.",
        )
    if known is None:
        return (
            f"{LEAKY}, unless you know better: the model file does not say which recordings it was trained "
            "on; if it was these, the figures say how well it remembers",
            f"Of its training data the file says: {data}.",
        )
    leak = UNGROUPED if dataset.is_leaky else ""
    return leak, "None of these recordings is among those the model file says it was trained on."
