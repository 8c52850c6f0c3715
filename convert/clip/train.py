"""Task "clip": labelled recordings to a model file, by any classifier on one vector a recording."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from convert.cache import cache_folder
from convert.clip.report import measure
from convert.commands.options import one_folder, read_spec, stated_data
from convert.dataset import read_dataset
from convert.evaluation.effort import Effort
from convert.evaluation.procedures import Estimator
from convert.evaluation.record import record
from convert.evaluation.report import Report
from convert.tell import Tell
from convert.training import DEFAULT, ESTIMATORS, Features, extract_features
from edgecry.features.spec import FeatureSpec

if TYPE_CHECKING:
    from convert.export import Converted


def train(args: argparse.Namespace, tell: Tell) -> tuple[Converted, str]:
    """Measure an estimator, fit it to all recordings, and convert it.

    The same recordings and settings give the same model file, byte for byte.

    Returns
    -------
    Converted, str
        The model file, and its figures for people.
    """
    folder = one_folder(args.folders)
    dataset = read_dataset(folder, label_column=args.label_column, group_by=args.group_by)
    name, spec, cache = args.estimator or DEFAULT, read_spec(args.spec), cache_folder(args)
    features = extract_features(dataset, spec, tell, cache)
    found = measure(
        f"{name} on {folder.resolve().name}",
        name,
        Estimator(ESTIMATORS[name]()),
        features,
        dataset,
        spec,
        Effort(),
        cache=cache,
        tell=tell,
    )
    converted = make_model(
        ESTIMATORS[name](),
        features,
        spec,
        found,
        name=args.name or args.output.stem,
        task=args.tells or "reason",
        data=stated_data(args),
        tell=tell,
    )
    return converted, str(found)


def make_model(
    estimator: Any,
    features: Features,
    spec: FeatureSpec,
    found: Report,
    *,
    name: str,
    task: str,
    data: dict[str, str],
    tell: Tell = lambda _: None,
) -> Converted:
    """Fit an estimator to all of the features, and put it into a model file with a report's figures."""
    from convert.export import convert

    tell(f"fitting to {len(features.recordings)} recordings, and converting")
    return convert(
        estimator.fit(features.X, [recording.label for recording in features.recordings]),
        spec=spec,
        name=name,
        task=task,
        vectors=features.X,
        data=data,
        evaluation=record(found),
        recordings=[recording.path for recording in features.recordings],
    )
