"""What tests of the features share: noise, notes, and the vector of the five families."""

import numpy as np

from edgecry.features.extractor import FeatureExtractor
from edgecry.features.families import SEED_FAMILIES
from edgecry.features.spec import FeatureSpec

SR = 16000


def noise(seconds: float = 0.6, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(SR * seconds))).astype(np.float32)


def tone(frequency: float, seconds: float = 0.6) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(round(SR * seconds)) / SR)).astype(np.float32)


def semitones(n: float) -> float:
    """Hz of the note ``n`` semitones above A4."""
    return 440.0 * 2 ** (n / 12)


def features(y: np.ndarray, *families: str, **parameters) -> np.ndarray:
    return FeatureExtractor(FeatureSpec(families=families or SEED_FAMILIES, **parameters)).extract(y)
