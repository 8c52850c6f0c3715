"""Write ``vectors.npz``: ``python -m tests.arm64.make_vectors``, on a workstation with the extra ``test``.

What librosa 0.11 and the bundled model give for a handful of clips and recordings, for machines that
have no librosa. Clips are 16-bit or exact in float32, so that every machine starts from the same
samples, and short, because emulation is slow.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import librosa
import numpy as np
import soundfile

from convert.synth import synthetic_cry
from edgecry.classifier import Classifier
from edgecry.features.families import SEED_FAMILIES
from edgecry.features.spec import FeatureSpec
from edgecry.models.bundled import BUNDLED_MODEL
from edgecry.models.model import CryModel
from tests.arm64.vectors import PATH, Clip, Recording, Vectors, provenance, write
from tests.parity import reference
from tests.parity.comparison import tolerance

SR = 16000
LSB = 1 / 32768
N = SR // 2


def rounded(y: np.ndarray) -> np.ndarray:
    """Round to 16 bits, as a recording is."""
    return (np.clip(np.rint(y / LSB), -32768, 32767) * LSB).astype(np.float32)


def cry(seed: int, seconds: float = 1.0, sr: int = SR) -> np.ndarray:
    return rounded(synthetic_cry(sr=sr, seconds=seconds, seed=seed))


def noise(peak: float, samples: int = N) -> np.ndarray:
    return (peak * np.random.default_rng(0).uniform(-1, 1, samples)).astype(np.float32)


def tone(*frequencies: float, samples: int = N) -> np.ndarray:
    t = np.arange(samples) / SR
    return sum(0.3 * np.sin(2 * np.pi * f * t) for f in frequencies)


def pulse(height: float, at: int) -> np.ndarray:
    y = np.zeros(N, np.float32)
    y[at] = height
    return y


CLIPS: dict[str, Callable[[], np.ndarray]] = {
    "cry": lambda: cry(0)[:14000],
    "another cry": lambda: cry(1)[-12000:],
    "clipped cry": lambda: rounded(40 * cry(2)[:N]),
    "quiet cry": lambda: rounded(cry(3) / 300),
    "cry between silence": lambda: np.concatenate((np.zeros(5000), cry(4)[4000:9000], np.zeros(5000))),
    "silence": lambda: np.zeros(N),
    "impulse": lambda: pulse(1 - LSB, N // 2),
    "impulse first": lambda: pulse(1 - LSB, 0),
    "one LSB": lambda: pulse(LSB, N // 3),
    "DC": lambda: np.full(N, 0.5),
    "DC of one LSB": lambda: np.full(N, LSB),
    "tone at A4": lambda: rounded(tone(440.0)),
    "two tones": lambda: rounded(tone(440.0, 457.3)),
    "tone beside silence": lambda: np.concatenate((rounded(tone(440.0, samples=3000)), np.zeros(5000))),
    "white noise": lambda: rounded(noise(0.5, 4000)),
    "noise at -90 dB": lambda: rounded(noise(10 ** (-90 / 20))),
    "denormals": lambda: noise(1e-40, 2000),
    "1 sample": lambda: np.full(1, 0.25),
    "63 samples": lambda: cry(5)[8000:8063],
    "1023 samples": lambda: cry(5)[8000:9023],
    "one short of a hop": lambda: cry(6)[: 20 * 512 - 1],
}

#: Rate, channels, format and subtype. Rates other than 16 kHz are resampled.
RECORDINGS: dict[str, tuple[int, int, str, str]] = {
    "WAV 16 kHz": (16000, 1, "WAV", "PCM_16"),
    "FLAC 16 kHz": (16000, 1, "FLAC", "PCM_16"),
    "WAV 8 kHz": (8000, 1, "WAV", "PCM_16"),
    "FLAC 22.05 kHz": (22050, 1, "FLAC", "PCM_16"),
    "WAV 44.1 kHz stereo": (44100, 2, "WAV", "PCM_16"),
}


def make_clip(y: np.ndarray, model: CryModel) -> Clip:
    y, spec = np.asarray(y, np.float32), FeatureSpec()
    tuned = reference.tunings(y, spec)
    features = reference.vector(y, spec, tuned).astype(np.float64)
    allowed = np.concatenate([tolerance(family, features[spec.slices[family]]) for family in SEED_FAMILIES])
    tunings = np.array([tuned["chroma"], tuned["tonnetz"]])
    return Clip(y, features, allowed.astype(np.float32), tunings, model.predict_proba(features)[0])


def make_recording(seed: int, sr: int, channels: int, kind: str, subtype: str) -> Recording:
    sides = [cry(seed + 10 * side, 1.0, sr)[sr // 4 : sr // 4 + sr // 5] for side in range(channels)]
    file = io.BytesIO()
    soundfile.write(file, np.stack(sides, axis=1), sr, format=kind, subtype=subtype)
    content = file.getvalue()
    samples, _ = librosa.load(io.BytesIO(content), sr=SR)
    answer = Classifier("seed", decision=None).classify(content)
    return Recording(content, sr, samples, np.array(list(answer.probabilities.values())))


def make() -> Vectors:
    """Compute everything anew."""
    about = {**provenance(), "librosa": librosa.__version__, "numpy": np.__version__}
    model = CryModel.load(BUNDLED_MODEL)
    return Vectors(
        about,
        {name: make_clip(signal(), model) for name, signal in CLIPS.items()},
        {name: make_recording(20 + i, *form) for i, (name, form) in enumerate(RECORDINGS.items())},
    )


if __name__ == "__main__":
    write(make())
    print(f"{PATH}: {PATH.stat().st_size / 1000:.0f} kB")
