"""The work that is measured, stage by stage: what the seed does, and what edgecry does for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks import seed_pipeline as seed
from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.families import SEED_FAMILIES
from edgecry.features.kernels import ENGINES, load
from edgecry.features.spec import FeatureSpec

MEL_MFCC_ONLY = "same, mel and mfcc only"


class Stage(NamedTuple):
    """One piece of work, as the seed and as each engine of edgecry does it, with equal results."""

    name: str
    by: dict[str, Callable[[], object]]


def engines() -> tuple[str, ...]:
    """Those that are installed and do run: where numba cannot, NumPy serves, and may not pass for it."""
    installed = ENGINES if find_spec("numba") else ("numpy",)
    return tuple(engine for engine in installed if load(engine).name == engine)


def feature_stages(clip: Path) -> list[Stage]:
    """From a file to its vector, and every part of that by itself.

    The parts make up more than the whole: by themselves they share no transform.
    """
    y = seed.load(clip)
    whole = {engine: FeatureExtractor(engine=engine) for engine in engines()}
    by_seed: dict[str, Callable[[], object]] = {
        "mfcc": lambda: seed.mfcc_of(y),
        "chroma": lambda: seed.chroma_of(y, seed.stft_of(y)),
        "mel": lambda: seed.mel_of(y),
        "contrast": lambda: seed.contrast_of(y, seed.stft_of(y)),
        "tonnetz": lambda: seed.tonnetz_of(y),
    }

    def extraction(family: str) -> Stage:
        spec = FeatureSpec(families=(family,))
        alone = {e: partial(FeatureExtractor(spec, e).extract, y) for e in engines()}
        return Stage(family, {"seed": by_seed[family], **alone})

    def from_file(extractor: FeatureExtractor) -> object:
        return extractor.extract(load_audio(clip).samples)

    spectral = {e: FeatureExtractor(engine=e, only=("mfcc", "mel")) for e in engines()}

    return [
        Stage("load", {"seed": lambda: seed.load(clip), "numpy": lambda: load_audio(clip).samples}),
        *map(extraction, SEED_FAMILIES),
        Stage(
            "extract",
            {"seed": lambda: seed.features_of(y), **{e: partial(whole[e].extract, y) for e in whole}},
        ),
        Stage(
            "load + extract",
            {
                "seed": lambda: seed.extract_features(clip),
                **{e: partial(from_file, x) for e, x in whole.items()},
            },
        ),
        # For a model that reads no other family; the seed computes all of them for any model.
        Stage(
            MEL_MFCC_ONLY,
            {
                "seed": lambda: seed.extract_features(clip),
                **{e: partial(from_file, x) for e, x in spectral.items()},
            },
        ),
    ]


def detector_stage(clip: Path) -> Stage:
    """A window of the detector, from samples to a probability, beside the seed's whole clip.

    Raises
    ------
    edgecry.errors.ModelError
        There is no bundled detector.
    """
    from edgecry.detector import Detector
    from edgecry.models.model import CryModel

    model = CryModel.load("cry")
    y = load_audio(clip, model.spec.sr).samples
    by: dict[str, Callable[[], object]] = {"seed": lambda: seed.extract_features(clip)}
    for engine in engines():
        detector = Detector(model, engine)
        window = y[: round(detector.rule.window * model.spec.sr)]
        by[engine] = partial(detector.listen, window)
    return Stage("detector, one window", by)


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
    by: dict[str, Callable[[], object]] = {"seed": lambda: seed.predict_cry(clip, model, encoder)}

    def label(classifier: Classifier) -> str:
        return classifier.classify(clip).label

    for engine in engines():
        by[engine] = partial(label, Classifier("seed", engine, decision=None))
    return Stage("load + extract + predict", by)
