"""The model files and the sample recording that come with the package, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: The models, by the names that stand for them.
BUNDLED: Final = ("cry", "reason", "seed")
FOLDER: Final = Path(__file__).parent
#: The one that what is measured and compared from release to release is measured with.
BUNDLED_MODEL: Final = FOLDER / "seed.onnx"
#: A synthetic cry, and the vector that the self-test expects of it.
SAMPLE: Final = FOLDER / "sample.flac"
STORED: Final = FOLDER / "selftest.json"


def bundled(name: str) -> Path:
    """Where the bundled model of that name lies."""
    return FOLDER / f"{name}.onnx"
