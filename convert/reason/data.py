"""Labelled recordings of reasons, as far as they are there."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from convert.cache import cache_folder
from convert.commands.options import one_folder, read_spec
from convert.dataset import MANIFEST, Dataset, read_dataset
from convert.errors import ConversionError
from convert.evaluation.figures import Labels
from convert.reason.recipe import SPEC, n_groups
from convert.tell import Tell
from convert.training import Features, extract_features
from edgecry.features.spec import FeatureSpec

#: What a folder of several corpora calls the one with reasons.
CORPUS: Final = "donateacry"


@dataclass(frozen=True, eq=False)
class Material:
    """All that the recipe is fitted to and measured on.

    Parameters
    ----------
    name : str
        Of the folder.
    dataset : Dataset
        Recordings that are there, of labels that can be tested.
    features : Features
        Of those that can be read.
    spec : FeatureSpec
    labels : tuple of str
    y : int [shape=(n,)]
        Class of each row of the features.
    cache : Path, optional
        Where features are kept.
    """

    name: str
    dataset: Dataset
    features: Features
    spec: FeatureSpec
    labels: tuple[str, ...]
    y: Labels
    cache: Path | None

    @property
    def groups(self) -> list[str]:
        """Group of each row."""
        return [recording.group for recording in self.features.recordings]


def read_material(args: argparse.Namespace, tell: Tell) -> Material:
    """Read what the arguments of ``train`` and ``evaluate`` name, and say what of it is there.

    Raises
    ------
    ConversionError
        None of it is, nothing tells its groups, or there are no two reasons left.
    """
    folder = _corpus(one_folder(args.folders))
    spec = SPEC if args.spec is None else read_spec(args.spec)
    dataset = read_dataset(folder, label_column=args.label_column, group_by=args.group_by)
    dataset = _testable(_present(dataset, tell), folder, tell)
    features = extract_features(dataset, spec, tell, cache_folder(args))
    labels, y = np.unique([recording.label for recording in features.recordings], return_inverse=True)
    return Material(
        folder.resolve().name, dataset, features, spec, tuple(labels.tolist()), y, cache_folder(args)
    )


def _corpus(folder: Path) -> Path:
    inside = folder / CORPUS
    return inside if not (folder / MANIFEST).is_file() and (inside / MANIFEST).is_file() else folder


def _present(dataset: Dataset, tell: Tell) -> Dataset:
    """Leave out what the manifest names and the folder lacks; all of that is left to be complained of."""
    there = tuple(recording for recording in dataset.recordings if recording.path.is_file())
    missing = len(dataset.recordings) - len(there)
    if missing and there:
        tell(f"{missing} of {len(dataset.recordings)} recordings are missing; going on with the others")
        return replace(dataset, recordings=there)
    return dataset


def _testable(dataset: Dataset, folder: Path, tell: Tell) -> Dataset:
    """Leave out labels of a single group, which cannot be both learned and tested."""
    labels, y = np.unique(dataset.labels, return_inverse=True)
    kept = set(labels[n_groups(y, dataset.groups) > 1].tolist())
    for label in sorted(set(labels.tolist()) - kept):
        tell(f"{label}: its recordings are of one {dataset.grouping} only, so it is left out")
    if len(kept) < 2:
        raise ConversionError(
            f"{folder}: {len(kept)} of its labels ({', '.join(labels)}) have recordings of two or more, by "
            f"{dataset.grouping}; telling reasons apart needs two such labels"
        )
    return replace(dataset, recordings=tuple(r for r in dataset.recordings if r.label in kept))
