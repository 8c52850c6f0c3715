"""What training takes in: edgecry's own features of labelled recordings, and estimators to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.cache import FeatureCache
from convert.dataset import Dataset, Recording, refuse_copies, refuse_two_labels
from convert.errors import ConversionError
from edgecry.audio.load import load_audio
from edgecry.errors import AudioError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec


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
#: Seconds of the shortest recording that is learned from: one cry sound lasts half a second.
SHORTEST: Final = 0.1


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
        None of them can be read, or some are copies that a split by their groups would part.
    """
    refuse_two_labels(dataset.recordings)
    if not dataset.is_leaky:
        refuse_copies((recording.path, recording.group) for recording in dataset.recordings)
    extractor, found = FeatureExtractor(spec), FeatureCache(cache, spec.hash)

    def compute(path: Path) -> NDArray[np.float64]:
        samples = load_audio(path, spec.sr).samples
        if samples.size < SHORTEST * spec.sr:
            raise AudioError(
                f"{path}: {1000 * samples.size / spec.sr:.0f} ms long, which is too short to learn from; "
                f"at least {1000 * SHORTEST:.0f} ms are needed"
            )
        return extractor.extract(samples)

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
