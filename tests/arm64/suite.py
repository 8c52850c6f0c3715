"""The numeric suite for another processor: ``run.sh -m pytest tests/arm64/suite.py``.

Features, decoding, resampling and the bundled model against what librosa and onnxruntime gave on a
workstation. The name keeps plain ``pytest`` from collecting it, though it passes on any machine.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier
from edgecry.decision import top_label
from edgecry.errors import EdgecryWarning
from edgecry.features import kernels
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.families import SEED_FAMILIES
from edgecry.features.spec import FeatureSpec
from tests.arm64 import vectors
from tests.spectra import estimate_tuning, magnitude

STORED = vectors.read()
SPEC = FeatureSpec()
CLIPS = list(STORED.clips)
RECORDINGS = list(STORED.recordings)
#: Of full scale. Resampling multiplies and adds in another order on another processor.
RESAMPLED = 1e-6
PROBABILITY = 1e-5

ENGINES = [
    pytest.param(
        engine,
        marks=pytest.mark.skipif(
            engine == "numba" and find_spec("numba") is None, reason="numba is not installed for this Python"
        ),
    )
    for engine in kernels.ENGINES
]


@pytest.fixture(scope="module")
def classifier():
    return Classifier("seed", decision=None)


@pytest.fixture(autouse=True)
def _no_pitch():
    """Clips without a pitch are meant to be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EdgecryWarning)
        yield


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("engine", ENGINES)
def test_features(engine, name):
    """Every value is within the tolerance that is promised for it."""
    clip, extractor = STORED.clips[name], FeatureExtractor(engine=engine)
    assert extractor.engine == engine, f"{engine} cannot be used here, {extractor.engine} serves"
    excess = np.abs(extractor.extract(clip.y) - clip.features) / clip.allowed
    over = {family: float(excess[SPEC.slices[family]].max()) for family in SEED_FAMILIES}
    # Written so that NaN fails.
    assert excess.max() <= 1, f"in tolerances, {over}"


@pytest.mark.parametrize("name", CLIPS)
def test_tunings(name):
    """It is the same bin of the histogram as librosa's. Another one would show in chroma or tonnetz."""
    clip, n_fft = STORED.clips[name], SPEC.stft_n_fft
    S = magnitude(clip.y, n_fft, SPEC.stft_hop_length, n_fft)
    assert [estimate_tuning(S, SPEC.sr, n_fft, bins) for bins in (12, 36)] == clip.tunings.tolist()


@pytest.mark.parametrize("name", RECORDINGS)
def test_load_audio(name):
    """The samples are those of librosa.load: the same bits, or resampled."""
    recording = STORED.recordings[name]
    samples = load_audio(recording.content, sr=SPEC.sr).samples
    assert samples.shape == recording.samples.shape
    allowed = 0 if recording.rate == SPEC.sr else RESAMPLED
    assert np.abs(samples - recording.samples).max() <= allowed


@pytest.mark.parametrize("name", CLIPS)
def test_model(classifier, name):
    """The same vector gives the same probabilities."""
    clip = STORED.clips[name]
    (found,) = classifier.model.predict_proba(clip.features)
    assert np.abs(found - clip.probabilities).max() <= PROBABILITY


@pytest.mark.parametrize("name", RECORDINGS)
def test_classify(classifier, name):
    """The same file gives the same answer, down to the label."""
    recording = STORED.recordings[name]
    answer = classifier.classify(recording.content)
    found = np.array(list(answer.probabilities.values()))
    assert np.abs(found - recording.probabilities).max() <= PROBABILITY
    assert answer.label == top_label(recording.probabilities.tolist(), classifier.labels)
