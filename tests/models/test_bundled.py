"""The models that come with the package, by what they say of sounds that anybody can make.

With EDGECRY_DATA, the folder of the recordings that they were trained on, also by what they say of those.
"""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.bundled import FOLDER, bundled
from edgecry.models.model import CryModel
from edgecry.models.rules import NO_CRY, UNCERTAIN
from tests.conftest import needs_bundled

SR = 16000
SECONDS = 7
SAMPLE = FOLDER / "sample.flac"
#: dB of full scale.
LEVELS = (0, -20, -40, -60, -80, -100)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def label(classifier: Classifier, y: np.ndarray, sr: int = SR) -> str:
    return classifier.classify(y.astype(np.float32), sr=sr).label


# -- a cry -----------------------------------------------------------------------------------------------


@needs_bundled
def test_a_cry_is_one_with_a_reason_or_without(classifier):
    prediction = classifier.classify(SAMPLE)
    assert prediction.cry.detected
    assert prediction.label in (*classifier.labels, UNCERTAIN)
    assert prediction.label in (*prediction.reasons.set, UNCERTAIN)
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)


@needs_bundled
@pytest.mark.parametrize("gain", [-6, -12, -20])
def test_a_cry_further_away_is_the_same_cry(classifier, gain):
    waveform = load_audio(SAMPLE, SR)
    near = classifier.classify(waveform.samples, sr=SR)
    far = classifier.classify(waveform.samples * np.float32(10 ** (gain / 20)), sr=SR)
    assert far.label == near.label
    assert far.reasons.set == near.reasons.set
    assert far.cry.probability == pytest.approx(near.cry.probability, abs=0.02)
    assert far.probabilities == pytest.approx(near.probabilities, abs=0.02)


@needs_bundled
@pytest.mark.parametrize("before", [0.5, 4.0])
def test_a_cry_in_a_silent_room_is_one(classifier, before):
    y = load_audio(SAMPLE, SR).samples
    room = np.zeros(round(before * SR), np.float32)
    prediction = classifier.classify(np.concatenate([room, y, room]), sr=SR)
    assert prediction.cry.detected


@needs_bundled
@pytest.mark.parametrize("offset", [-0.2, 0.01, 0.05, 0.2])
def test_an_unbalanced_converter_changes_nothing(classifier, offset):
    """The transform's window is as long as it is, so a constant leaks into no band that is heard."""
    y = load_audio(SAMPLE, SR).samples
    plain, shifted = (classifier.classify(samples, sr=SR) for samples in (y, y + np.float32(offset)))
    assert shifted.label == plain.label
    assert shifted.cry.probability == pytest.approx(plain.cry.probability, abs=1e-3)


# -- other sounds ----------------------------------------------------------------------------------------


def noise(slope: float) -> np.ndarray:
    """Gaussian, its power falling as ``1 / f**slope``."""
    rng = np.random.default_rng(17)
    f = np.maximum(np.fft.rfftfreq(SR * SECONDS, 1 / SR), 20)
    return np.fft.irfft(np.fft.rfft(rng.standard_normal(SR * SECONDS)) / f ** (slope / 2))


def hum(mains: float) -> np.ndarray:
    t = np.arange(SR * SECONDS) / SR
    return sum(np.sin(2 * np.pi * mains * k * t + k) / k for k in range(1, 12))


def clicks() -> np.ndarray:
    rng = np.random.default_rng(18)
    y = np.zeros(SR * SECONDS)
    y[rng.integers(0, y.size, 20)] = rng.choice([-1.0, 1.0], 20)
    return y


def dc() -> np.ndarray:
    return 1 + 1e-3 * noise(0)


OTHERS = {
    "white noise": noise(0),
    "pink noise": noise(1),
    "hum of 50 Hz": hum(50),
    "hum of 60 Hz": hum(60),
    "clicks": clicks(),
    "DC": dc(),
}


@needs_bundled
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", OTHERS)
def test_no_cry_in_what_machines_hear(classifier, name, level):
    """A quiet room, a cheap microphone, a machine for white noise, at any level; in 16 bits, as recorded."""
    y = OTHERS[name]
    y = np.round(y / np.abs(y).max() * 10 ** (level / 20) * 32767) / 32768
    assert label(classifier, y) == NO_CRY


@needs_bundled
@pytest.mark.parametrize("y", [np.zeros(SR * SECONDS), np.zeros(100), np.full(SR * SECONDS, 0.5)])
@pytest.mark.parametrize("model", ["reason", "seed", "cry"])
def test_no_cry_in_silence(model, y):
    prediction = Classifier(model).classify(y.astype(np.float32), sr=SR)
    assert (prediction.label, prediction.cry.probability) == (NO_CRY, 0.0)


def bark(pitch: float) -> np.ndarray:
    """A bark a second: 0.15 s of a falling pitch with its harmonics, and as much noise."""
    rng = np.random.default_rng(round(pitch))
    n = round(0.15 * SR)
    t = np.arange(n) / SR
    phase = 2 * np.pi * np.cumsum(pitch * (1.2 - 2.5 * t)) / SR
    voice = sum(np.sin(k * phase) / k for k in range(1, 10))
    one = np.exp(-25 * t) * np.minimum(1, t / 0.005) * (voice + rng.standard_normal(n))
    y = 1e-4 * rng.standard_normal(SR * SECONDS)
    for at in range(SR // 4, y.size - n, SR):
        y[at : at + n] += 0.3 * one
    return y


@needs_bundled
@pytest.mark.parametrize("pitch", [250, 400, 600])
def test_a_bark_is_no_cry(classifier, pitch):
    assert label(classifier, bark(pitch)) == NO_CRY


# -- the seed --------------------------------------------------------------------------------------------


def test_seed_gives_the_most_probable_label_whatever_the_sound(recordings):
    """It answers as it did before there were detectors: the first of the largest probabilities."""
    model = CryModel.load("seed")
    extractor = FeatureExtractor(model.spec)
    classifier = Classifier("seed", decision=None)
    for source in (*recordings, SAMPLE, (noise(0).astype(np.float32), SR)):
        waveform = load_audio(source, model.spec.sr)
        (row,) = model.predict_proba(extractor.extract(waveform.samples)).tolist()
        prediction = (
            classifier.classify(*source) if isinstance(source, tuple) else classifier.classify(source)
        )
        assert list(prediction.probabilities.values()) == pytest.approx(row, abs=1e-6)
        assert prediction.label == model.labels[int(np.argmax(np.round(row, 6)))]
        assert prediction.cry is None


# -- recordings ------------------------------------------------------------------------------------------


def manifest(corpus: str) -> list[dict[str, str]]:
    data = os.environ.get("EDGECRY_DATA")
    if not data:
        pytest.skip(f"NOT TESTED: {corpus}: EDGECRY_DATA names no folder of recordings")
    path = Path(data, corpus, "manifest.csv")
    if not path.is_file():
        pytest.skip(f"NOT TESTED: {path} does not exist")
    with path.open(newline="", encoding="utf-8") as lines:
        rows = [{**row, "path": str(path.parent / row["file"])} for row in csv.DictReader(lines)]
    return [row for row in rows if Path(row["path"]).is_file()]


def cries(paths: list[str]) -> list[str]:
    """Recordings that the bundled detector takes for cries."""
    detector = Classifier(bundled("cry"))
    return [path for path in paths if detector.classify(path).cry.detected]


@needs_bundled
def test_barking_dogs_are_no_cries():
    """The detector learned from these very recordings: what it says of other dogs is in its card."""
    dogs = [row["path"] for row in manifest("sounds") if row["category"] == "dog"]
    assert len(dogs) >= 10
    assert len(cries(dogs)) <= 2


@needs_bundled
def test_most_cries_of_the_corpus_are_found():
    """The detector learned from these very recordings, so the bound is loose: a smoke test, no figure.

    Not all are: some are nearly silent, and hold no cry.
    """
    rows = manifest("donateacry")[::8]
    found = cries([row["path"] for row in rows])
    assert len(rows) >= 20
    assert len(found) >= 0.75 * len(rows)
