"""Expected results, computed by librosa on a workstation and read where there is no librosa.

``vectors.npz`` is written by ``python -m tests.arm64.make_vectors`` and committed. It says what it was
made by and of; a file that no longer fits is refused, and so is a missing one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgecry.features.spec import FeatureSpec
from edgecry.models.bundled import BUNDLED_MODEL

PATH = Path(__file__).with_name("vectors.npz")
#: The release that edgecry's features equal.
LIBROSA = "0.11."

_ROOT = Path(__file__).parents[2]
#: What decides the file's content: the generator, the reference, its tolerances, and the clips.
_SOURCES = (
    "tests/arm64/make_vectors.py",
    "tests/parity/reference.py",
    "tests/parity/comparison.py",
    "convert/synth.py",
)
_REMEDY = "make it with 'python -m tests.arm64.make_vectors' and commit it"


class StaleVectorsError(Exception):
    """The file is missing, or was made by or of something else."""


@dataclass(frozen=True)
class Clip:
    """A signal at the spec's rate, and what it must give.

    ``features`` are librosa's, float64 of shape (n_features,), and ``allowed`` how far each may be
    missed; ``tunings`` are librosa's estimates for the chroma and the tonnetz, in parts of a note.
    ``probabilities`` are the bundled model's for ``features``.
    """

    y: np.ndarray
    features: np.ndarray
    allowed: np.ndarray
    tunings: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Recording:
    """The content of an audio file, and what it must give.

    ``samples`` are librosa.load's at 16 kHz, ``probabilities`` those of the bundled model's answer.
    """

    content: bytes
    rate: int
    samples: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Vectors:
    """All of the file."""

    about: dict[str, Any]
    clips: dict[str, Clip]
    recordings: dict[str, Recording]


def provenance() -> dict[str, str]:
    """Return the versions and inputs of a file that is made now, without librosa and NumPy."""
    sources = hashlib.sha256(b"".join((_ROOT / path).read_bytes() for path in _SOURCES))
    return {
        "generator": sources.hexdigest(),
        "spec": FeatureSpec().hash,
        "model": hashlib.sha256(BUNDLED_MODEL.read_bytes()).hexdigest(),
    }


def check(about: dict[str, Any]) -> None:
    """Compare what the file says of itself with what is here.

    Raises
    ------
    StaleVectorsError
        Something differs; the message says what.
    """
    different = [what for what, value in provenance().items() if about.get(what) != value]
    if different:
        raise StaleVectorsError(f"{PATH.name} is stale: its {' and '.join(different)} changed; {_REMEDY}")
    if not str(about.get("librosa")).startswith(LIBROSA):
        raise StaleVectorsError(
            f"{PATH.name} was made by librosa {about.get('librosa')}, expected {LIBROSA}*; {_REMEDY}"
        )


def read(path: Path = PATH) -> Vectors:
    """Read the file and check it.

    Raises
    ------
    StaleVectorsError
        There is none, or it is stale.
    """
    if not path.exists():
        raise StaleVectorsError(f"{path.name} is missing; {_REMEDY}")
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
        check(about)
        return Vectors(
            about,
            {
                name: Clip(as_float(arrays[f"y/{name}"]), *(arrays[key][i] for key in _CLIP_TABLES))
                for i, name in enumerate(about["clips"])
            },
            {
                name: Recording(
                    arrays[f"content/{name}"].tobytes(),
                    rate,
                    as_float(arrays[f"samples/{name}"]),
                    arrays["answers"][i],
                )
                for i, (name, rate) in enumerate(about["recordings"].items())
            },
        )


_CLIP_TABLES = ("features", "allowed", "tunings", "probabilities")


def write(vectors: Vectors, path: Path = PATH) -> None:
    """Write the file, a table of rows for what all clips have alike."""
    clips, recordings = vectors.clips, vectors.recordings
    about = {
        **vectors.about,
        "clips": list(clips),
        "recordings": {name: recording.rate for name, recording in recordings.items()},
    }
    np.savez_compressed(
        path,
        about=np.array(json.dumps(about)),
        answers=np.array([recording.probabilities for recording in recordings.values()]),
        **{key: np.array([getattr(clip, key) for clip in clips.values()]) for key in _CLIP_TABLES},
        **{f"y/{name}": as_stored(clip.y) for name, clip in clips.items()},
        **{f"content/{name}": np.frombuffer(r.content, np.uint8) for name, r in recordings.items()},
        **{f"samples/{name}": as_stored(r.samples) for name, r in recordings.items()},
    )


def as_stored(y: np.ndarray) -> np.ndarray:
    """Return 16-bit samples, which are half the size, if nothing is lost by it."""
    whole = y * np.float32(32768)
    fits = np.abs(whole).max(initial=0) < 32768 and np.array_equal(whole, np.rint(whole))
    return whole.astype(np.int16) if fits else y


def as_float(stored: np.ndarray) -> np.ndarray:
    """Undo :func:`as_stored`."""
    return stored / np.float32(32768) if stored.dtype == np.int16 else stored
