"""The model files and the sample recording that come with the package, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: Names of the bundled models.
BUNDLED: Final = ("cry", "reason", "seed")
FOLDER: Final = Path(__file__).parent
#: The model with which measurements are made, so that they can be compared from release to release.
BUNDLED_MODEL: Final = FOLDER / "seed.onnx"
#: A synthetic cry, and the vector that the self-test expects of it.
SAMPLE: Final = FOLDER / "sample.flac"
STORED: Final = FOLDER / "selftest.json"


def bundled(name: str) -> Path:
    """Return the path of the bundled model of that name."""
    return FOLDER / f"{name}.onnx"
