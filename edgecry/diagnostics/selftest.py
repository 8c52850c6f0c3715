"""Tells whether this machine computes the right features: compares the bundled sample with a stored vector.

The vector is made by ``python -m convert selftest``, and tests compare it with librosa. So a machine that
passes agrees with librosa too. ``python -m edgecry.diagnostics.selftest ENGINE`` writes the result as JSON,
for :mod:`edgecry.diagnostics.doctor`.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from edgecry.arrays import Float64
from edgecry.audio.load import load_audio
from edgecry.errors import EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.bundled import SAMPLE, STORED

#: Greatest absolute difference of a value. librosa's cepstra are float32.
ABSOLUTE: Final = {
    "mfcc": 2e-4,
    "chroma": 3e-6,
    "contrast": 1e-5,
    "tonnetz": 1e-6,
    "voice": 1e-6,
    "logmel": 1e-4,
    "chroma_cqt": 1e-6,
    "chroma_cens": 1e-6,
    "centroid": 1e-4,
    "bandwidth": 1e-4,
    "rolloff": 1e-6,
    "flatness": 1e-6,
    "poly": 1e-6,
    "rms": 1e-6,
    "zcr": 1e-9,
    "onset": 1e-5,
}
#: Greatest difference of a mel value, as a part of the value, because mel values span many decades.
MEL_RELATIVE: Final = 2e-6


def excess(engine: str = "numpy") -> dict[str, float]:
    """Return the greatest difference in each family, in tolerances. Over 1 is a failure.

    Raises
    ------
    EdgecryError
        There is no stored vector, it is of another sample or spec, or the engine or sample cannot be used.
    """
    stored = _read()
    extractor = FeatureExtractor(engine=engine)
    if extractor.engine != engine:
        raise EdgecryError(f"engine: {engine!r} falls back to {extractor.engine!r}; run 'edgecry warmup'")
    _check("sample", stored["sample"], digest(SAMPLE))
    _check("feature spec", stored["spec"], extractor.spec.hash)
    ours = extractor.extract(load_audio(SAMPLE, sr=extractor.spec.sr).samples)
    theirs = np.array(stored["vector"])
    return {family: _worst(family, ours[part], theirs[part]) for family, part in extractor.families.items()}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _worst(family: str, ours: Float64, theirs: Float64) -> float:
    allowed = MEL_RELATIVE * np.abs(theirs) if family == "mel" else ABSOLUTE[family]
    worst = float(np.max(np.abs(ours - theirs) / allowed))
    return math.inf if math.isnan(worst) else worst


def _read() -> Mapping[str, Any]:
    try:
        stored: Mapping[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EdgecryError(f"{STORED}: cannot be read ({error}); install edgecry again") from error
    return stored


def _check(what: str, stated: str, found: str) -> None:
    if stated != found:
        raise EdgecryError(
            f"{STORED}: made of another {what} ({stated[:12]}, here {found[:12]}); install edgecry again"
        )


if __name__ == "__main__":
    try:
        json.dump(excess(*sys.argv[1:]), sys.stdout)
    except EdgecryError as error:
        sys.exit(str(error))
