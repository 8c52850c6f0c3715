"""Parity where arithmetic is delicate: nothing, next to nothing, too much, and sudden changes."""

from __future__ import annotations

from collections.abc import Callable

import librosa
import numpy as np
import pytest
import soundfile

from convert.synth import synthetic_cry
from edgecry.audio.load import load_audio
from edgecry.features.kernels import ENGINES
from edgecry.features.spec import FeatureSpec
from tests.parity import reference
from tests.parity.comparison import assert_same, compare, vector

SR = 16000
LSB = 1 / 32768


def cry(seconds: float = 1.0, seed: int = 3) -> np.ndarray:
    return synthetic_cry(sr=SR, seconds=seconds, seed=seed)


def noise(peak: float, samples: int = SR) -> np.ndarray:
    return (peak * np.random.default_rng(0).uniform(-1, 1, samples)).astype(np.float32)


def tone(*frequencies: float, samples: int = SR) -> np.ndarray:
    t = np.arange(samples) / SR
    return sum(0.3 * np.sin(2 * np.pi * f * t) for f in frequencies).astype(np.float32)


def pulse(height: float, at: int, samples: int = SR) -> np.ndarray:
    y = np.zeros(samples, np.float32)
    y[at] = height
    return y


def zeros(samples: int) -> np.ndarray:
    return np.zeros(samples, np.float32)


SIGNALS: dict[str, Callable[[], np.ndarray]] = {
    "silence": lambda: zeros(SR),
    "DC": lambda: np.full(SR, 0.5, np.float32),
    "DC of one LSB": lambda: np.full(SR, LSB, np.float32),
    "full-scale square": lambda: np.sign(tone(250.0)),
    "unit impulse": lambda: pulse(1.0, SR // 2),
    "unit impulse first": lambda: pulse(1.0, 0),
    "unit impulse last": lambda: pulse(1.0, SR - 1),
    "one LSB": lambda: pulse(LSB, SR // 3),
    "LSB up and down": lambda: np.where(np.arange(SR) % 2, LSB, -LSB).astype(np.float32),
    "clipped cry": lambda: np.clip(40 * cry(), -1, 1 - LSB),
    "tone at A4": lambda: tone(440.0),
    "tone on a bin": lambda: tone(1000.0),
    "tone between notes": lambda: tone(452.9),
    "tone above all notes": lambda: tone(6000.0),
    "tone below the tracker": lambda: tone(60.0),
    "two tones": lambda: tone(440.0, 457.3),
    "white noise": lambda: noise(0.5),
    "noise at -90 dB": lambda: noise(10 ** (-90 / 20)),
    "denormals": lambda: noise(1e-40),
    "square underflows": lambda: noise(1e-21),
    "very loud": lambda: noise(1e6),
    "0 samples": lambda: zeros(0),
    "1 sample": lambda: noise(0.5, 1),
    "63 samples": lambda: cry()[:63],
    "64 samples": lambda: cry()[:64],
    "1023 samples": lambda: cry()[4000:5023],
    "0.05 s": lambda: cry(0.05),
    "0.2 s": lambda: cry(0.2),
    "0.5 s": lambda: cry(0.5),
    "odd length": lambda: cry()[:15999],
    "one past a hop": lambda: cry(2.0)[: 40 * 512 + 1],
    "one short of a hop": lambda: cry(2.0)[: 40 * 512 - 1],
    "silence before": lambda: np.concatenate((zeros(SR + 7), cry())),
    "silence after": lambda: np.concatenate((cry(), zeros(SR + 7))),
    "silence around": lambda: np.concatenate((zeros(5000), cry(0.5), zeros(5000))),
    "loud frame beside silence": lambda: np.concatenate((zeros(8192), noise(1.0, 2048), zeros(8192))),
    "loud tone beside silence": lambda: np.concatenate((tone(440.0, samples=6000), zeros(10000))),
    "loud then one LSB": lambda: np.concatenate((noise(1.0, 4096), pulse(LSB, 6000, 12000))),
    "cry under rumble": lambda: tone(3.0) + 1e-3 * cry(),
    "gaps": lambda: cry(2.0) * (np.arange(2 * SR) // 2500 % 2),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_signal(name):
    y = np.asarray(SIGNALS[name](), np.float32)
    assert_same(compare(name, y))


def test_tonnetz_of_a_tone_near_nyquist(monkeypatch):
    """No wavelet answers to it, and librosa's complex64 wavelets leave their rounding, here 2e-6.

    So librosa is run in double precision, by float64 samples and wavelets; its other families,
    which that does not concern, as ever.
    """
    y, wavelet = tone(7900.0), librosa.filters.wavelet
    assert_same(compare("tone near Nyquist", y, FeatureSpec(families=("mfcc", "chroma", "mel", "contrast"))))
    spec = FeatureSpec(families=("tonnetz",))
    monkeypatch.setattr(librosa.filters, "wavelet", lambda **k: wavelet(**k, dtype=np.complex128))
    theirs = reference.vector(y.astype(np.float64), spec)
    for engine in ENGINES:
        assert np.allclose(vector(y, spec, engine), theirs, rtol=0, atol=1e-7), engine


@pytest.mark.parametrize("name", ["silence", "1 sample", "0.05 s", "silence after"])
def test_statistics_of_odd_clips_are_finite_and_equal(name):
    """Rows that do not vary, and too few frames for a slope of nine."""
    stats = ("mean", "std", "min", "max", "p50", "delta_mean", "delta_std")
    spec = FeatureSpec(families=("mfcc", "mel", "contrast"), stats=stats)
    y = SIGNALS[name]()
    compared = compare(name, y, spec)
    assert np.isfinite(compared.ours).all()
    mfcc, contrast = spec.slices["mfcc"], spec.slices["contrast"]
    # A single frame of librosa's float32 cepstra is good to about 1e-7 of the -1131 dB of silence.
    assert np.allclose(compared.ours[:, mfcc], compared.theirs[mfcc], rtol=0, atol=1e-3)
    assert np.allclose(compared.ours[:, contrast], compared.theirs[contrast], rtol=0, atol=1e-5)
    mel = spec.slices["mel"]
    assert np.allclose(
        compared.ours[:, mel], compared.theirs[mel], rtol=0, atol=2e-6 * compared.theirs[mel].max()
    )


def test_skew_of_silence_is_zero():
    """Ours alone: what librosa leaves in float32 differs from frame to frame in the last bit."""
    spec = FeatureSpec(stats=("skew", "delta_skew"))
    assert not compare("silence", zeros(SR), spec).ours.any()


def test_441_khz_stereo_through_load_audio(tmp_path):
    """The same samples as librosa.load to the last bit, and the same features of them."""
    path, rate = tmp_path / "stereo.wav", 44100
    left = synthetic_cry(sr=rate, seconds=1.3, seed=1)
    right = 0.2 * synthetic_cry(sr=rate, seconds=1.3, seed=2)
    soundfile.write(path, np.stack((left, right), axis=1), rate, subtype="PCM_16")
    ours, (theirs, _) = load_audio(path, sr=SR).samples, librosa.load(path, sr=SR)
    assert ours.dtype == theirs.dtype == np.float32
    assert np.array_equal(ours, theirs)
    assert_same(compare("44.1 kHz stereo", ours))
