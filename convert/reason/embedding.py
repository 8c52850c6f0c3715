"""Whether the detector's network hears reasons: the same recipe and folds, on its embedding.

The network learns from far more sounds than there are recordings with a reason, so its embedding may hold
what the recipe's own features do not. Only a permutation test can tell that from luck.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from convert.cache import FeatureCache, content_digest
from convert.evaluation.effort import Effort
from convert.evaluation.procedures import BASELINES
from convert.evaluation.protocol import Splits, cross_validate
from convert.evaluation.report import Section, compare
from convert.reason.data import Material
from convert.reason.recipe import Recipe
from convert.reason.skill import permutations
from convert.tell import Tell
from edgecry.arrays import Float64
from edgecry.audio.load import load_audio
from edgecry.detector import Detector
from edgecry.errors import AudioError, ModelError
from edgecry.models.model import CryModel

#: The bundled detector.
DETECTOR: Final = "cry"
TITLE: Final = "The embedding of the detector"


def sections(
    material: Material, splits: Splits, effort: Effort, tell: Tell, model: str = DETECTOR
) -> Iterator[Section]:
    """Measure the recipe on the embedding, beside guessing; nothing if the detector has no embedding.

    Parameters
    ----------
    material : Material
    splits : Splits
        Those of the recipe's own features.
    effort : Effort
    tell : callable
    model : str
        A model file, or the name of a bundled model.
    """
    try:
        opened = CryModel.load(model)
        opened.require_embedding()
        detector = Detector(opened)
    except ModelError as error:
        tell(f"the detector's embedding is left out: {error}")
        return
    tell("the detector's embedding")
    X = embeddings(material, detector)
    contenders = {
        name: cross_validate(procedure, X, material.y, splits, n_classes=len(material.labels))
        for name, procedure in {"embedding": Recipe(), **BASELINES}.items()
    }
    yield compare(
        TITLE,
        material.y,
        contenders,
        material.labels,
        splits.groups,
        draws=effort.draws,
        notes=[
            f"Mean and maximum, over the windows of a recording, of the {opened.embedding_size} values that "
            f"the last layer of {opened.name} reads. Recipe, folds and seeds are the same as above.",
            f"Of recordings that {opened.name} was trained on, it was told that they are cries, never why.",
        ],
    )
    if effort.permutations:
        yield permutations(
            X, material.y, material.labels, splits, effort.permutations, tell, f"Permutation test: {TITLE}"
        )


def embeddings(material: Material, detector: Detector) -> Float64:
    """Give mean and maximum over its windows of the embedding of each recording.

    Silent windows do not count. A recording without any other has zeros.

    Returns
    -------
    float64 [shape=(n, 2 * embedding_size)]
    """
    cache = FeatureCache(material.cache, f"embedding of {content_digest(detector.model.path)}")
    paths = [recording.path for recording in material.features.recordings]
    return np.array([cache.fetch(path, partial(_embedding, path, detector)) for path in paths])


def _embedding(path: Path, detector: Detector) -> Float64:
    size = detector.model.embedding_size
    try:
        _, found = detector.embed(load_audio(path, detector.spec.sr).samples)
    except AudioError:  # the recipe could read it, so it is only unfit for the detector
        return np.zeros(2 * size)
    heard = found[np.isfinite(found).all(axis=1)].astype(np.float64)
    if not len(heard):
        return np.zeros(2 * size)
    return np.concatenate([heard.mean(axis=0), heard.max(axis=0)])
