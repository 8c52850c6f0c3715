"""Labelled recordings to a model file: edgecry's own features, a scikit-learn model, honest figures."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.cache import FeatureCache, cache_folder
from convert.commands.options import one_folder, read_spec, stated_data
from convert.dataset import Dataset, Recording, read_dataset
from convert.errors import ConversionError
from convert.evaluation import (
    FOLDS,
    Figures,
    figures,
    grouped_folds,
    out_of_fold,
    table,
)
from edgecry.audio import load_audio
from edgecry.errors import AudioError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec

if TYPE_CHECKING:
    from convert.export import Converted


def forest() -> Any:
    """A random forest; its depth bounds the file to some 5 kB a tree."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(100, max_depth=10, class_weight="balanced", random_state=0)


def knn() -> Any:
    """The four nearest neighbours, every value scaled to the same spread."""
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), KNeighborsClassifier(4))


def logistic() -> Any:
    """Logistic regression, strongly regularised, as there are about as many values as recordings."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = LogisticRegression(C=0.01, class_weight="balanced", max_iter=5000)
    return make_pipeline(StandardScaler(), classifier)


ESTIMATORS: Final[Mapping[str, Callable[[], Any]]] = {"forest": forest, "knn": knn, "logistic": logistic}
DEFAULT: Final = "forest"


@dataclass(frozen=True)
class Features:
    """Vectors of the recordings that could be read.

    Parameters
    ----------
    X : float64 [shape=(n, n_features)]
        Rounded to float32, which is what a model file is given.
    recordings : tuple of Recording
        Of each row.
    skipped : tuple of str
        Why each of the others could not be read.
    """

    X: NDArray[np.float64]
    recordings: tuple[Recording, ...]
    skipped: tuple[str, ...]


def extract_features(
    dataset: Dataset, spec: FeatureSpec, tell: Callable[[str], None], cache: Path | None = None
) -> Features:
    """Compute the vector of each recording.

    Parameters
    ----------
    dataset : Dataset
    spec : FeatureSpec
    tell : callable
        Called with a line on each recording that is left out, and on progress now and then.
    cache : Path, optional
        Folder of features that were computed before, see :class:`convert.cache.FeatureCache`.

    Raises
    ------
    ConversionError
        None of them can be read.
    """
    extractor, found = FeatureExtractor(spec), FeatureCache(cache, spec.hash)

    def compute(path: Path) -> NDArray[np.float64]:
        return extractor.extract(load_audio(path, spec.sr).samples)

    vectors, kept, skipped = [], [], []
    total = len(dataset.recordings)
    for number, recording in enumerate(dataset.recordings, start=1):
        try:
            vectors.append(found.fetch(recording.path, partial(compute, recording.path)))
            kept.append(recording)
        except AudioError as error:
            reason = str(error)
            skipped.append(reason if str(recording.path) in reason else f"{recording.path}: {reason}")
            tell(f"skipped: {skipped[-1]}")
        if number % 50 == 0 or number == total:
            tell(f"{number} of {total} recordings{f', {found}' if found.found else ''}")
    if not kept:
        raise ConversionError(f"none of the {total} recordings can be read; the first: {skipped[0]}")
    if skipped:
        tell(f"{len(skipped)} of {total} recordings skipped")
    X = np.array(vectors).astype(np.float32).astype(np.float64)
    return Features(X, tuple(kept), tuple(skipped))


@dataclass(frozen=True)
class Evaluation:
    """Out-of-fold figures of an estimator, and of the majority class, under a stated protocol."""

    protocol: str
    model: Figures
    majority: Figures

    def to_dict(self) -> dict[str, Any]:
        """What is stored in the model file."""
        return {
            "protocol": self.protocol,
            "figures": self.model.to_dict(),
            "majority": self.majority.to_dict(),
        }

    def __str__(self) -> str:
        return table(self.protocol, self.model, self.majority)


def evaluate(estimator: Any, features: Features, dataset: Dataset) -> Evaluation:
    """Measure an estimator on groups it has not seen.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Cloned for each fold; not fitted itself.
    features : Features
    dataset : Dataset
        They are of; without groups the figures are leaky, and the protocol says so.
    """
    from sklearn.dummy import DummyClassifier

    names = [recording.label for recording in features.recordings]
    groups = [recording.group for recording in features.recordings]
    labels, y = np.unique(names, return_inverse=True)
    folds = grouped_folds(names, groups)
    always = DummyClassifier(strategy="most_frequent")
    P, majority = (out_of_fold(one, features.X, y, folds) for one in (estimator, always))
    split = f"StratifiedGroupKFold({FOLDS}) by {dataset.grouping} ({len(set(groups))} groups)"
    protocol = f"out of fold, {split}, {len(y)} recordings"
    if dataset.is_leaky:
        protocol = (
            f"LEAKY: out of fold, StratifiedKFold({FOLDS}), {len(y)} recordings; one baby may be on both "
            "sides, so these figures say nothing of another baby"
        )
    return Evaluation(protocol, figures(y, P, labels.tolist()), figures(y, majority, labels.tolist()))


def make_model(
    dataset: Dataset,
    spec: FeatureSpec,
    estimator: Any,
    *,
    name: str,
    task: str = "reason",
    data: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    cache: Path | None = None,
) -> tuple[Converted, Evaluation]:
    """Evaluate an estimator on a dataset, fit it to all of it, and convert it.

    The same recordings and settings give the same model file, byte for byte.

    Parameters
    ----------
    dataset : Dataset
    spec : FeatureSpec
    estimator : scikit-learn classifier, not fitted
    name, task, data
        Records of the model file, see :func:`convert.convert`.
    tell : callable
        Called with a line on progress now and then.
    cache : Path, optional
        Folder of features that were computed before.

    Raises
    ------
    ConversionError
        No recording can be read, the groups cannot be split, or the conversion fails.
    """
    from convert.evaluation.seen import mark
    from convert.export import convert

    features = extract_features(dataset, spec, tell, cache)
    tell(f"evaluating on {len(features.recordings)} recordings")
    evaluation = evaluate(estimator, features, dataset)
    estimator.fit(features.X, [recording.label for recording in features.recordings])
    tell("converting")
    converted = convert(
        estimator,
        spec=spec,
        name=name,
        task=task,
        vectors=features.X,
        data=data,
        evaluation=evaluation.to_dict(),
    )
    marked = mark(converted.onnx, [recording.path for recording in features.recordings])
    return replace(converted, onnx=marked), evaluation


def train(args: argparse.Namespace, tell: Callable[[str], None]) -> tuple[Converted, str]:
    """Recipe "clip": any of the estimators, as the arguments of ``python -m convert train`` say.

    Returns
    -------
    Converted, str
        The model file, and its figures for people.
    """
    folder = one_folder(args.folders)
    dataset = read_dataset(folder, label_column=args.label_column, group_by=args.group_by)
    converted, evaluation = make_model(
        dataset,
        read_spec(args.spec),
        ESTIMATORS[args.estimator or DEFAULT](),
        name=args.name or args.output.stem,
        task=args.tells or "reason",
        data=stated_data(args),
        tell=tell,
        cache=cache_folder(args),
    )
    return converted, str(evaluation)
