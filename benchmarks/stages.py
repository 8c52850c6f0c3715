"""The work that is measured, stage by stage: what the seed does, and what edgecry does for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks import seed_pipeline as seed
from edgecry.audio import load_audio
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FAMILIES, FeatureSpec


class Stage(NamedTuple):
    """One piece of work, done by both; ``seed`` and ``edgecry`` give equal results."""

    name: str
    seed: Callable[[], object]
    edgecry: Callable[[], object]


def feature_stages(clip: Path) -> list[Stage]:
    """From a file to its vector, and every part of that by itself.

    The parts make up more than the whole: by themselves they share no transform.
    """
    y, whole = seed.load(clip), FeatureExtractor()
    by_seed: dict[str, Callable[[], object]] = {
        "mfcc": lambda: seed.mfcc_of(y),
        "chroma": lambda: seed.chroma_of(y, seed.stft_of(y)),
        "mel": lambda: seed.mel_of(y),
        "contrast": lambda: seed.contrast_of(y, seed.stft_of(y)),
        "tonnetz": lambda: seed.tonnetz_of(y),
    }

    def extraction(family: str) -> Stage:
        alone = FeatureExtractor(FeatureSpec(families=(family,)))
        return Stage(family, by_seed[family], lambda: alone.extract(y))

    return [
        Stage("load", lambda: seed.load(clip), lambda: load_audio(clip).samples),
        *map(extraction, FAMILIES),
        Stage("extract", lambda: seed.features_of(y), lambda: whole.extract(y)),
        Stage(
            "load + extract",
            lambda: seed.extract_features(clip),
            lambda: whole.extract(load_audio(clip).samples),
        ),
    ]


def answer_stage(clip: Path, folder: Path) -> Stage:
    """From a file to a label, models at hand: a stand-in forest beside the bundled model.

    Raises
    ------
    edgecry.errors.ModelError
        There is no bundled model.
    """
    import joblib

    from edgecry.classifier import Classifier

    model, encoder = map(joblib.load, seed.write_stand_in(folder))
    classifier = Classifier()
    return Stage(
        "load + extract + predict",
        lambda: seed.predict_cry(clip, model, encoder),
        lambda: classifier.classify(clip).label,
    )
