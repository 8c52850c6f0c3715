"""Does it run here? ``run.sh -m tests.arm64.smoke``: import, decode, resample, classify, compare.

For boards and Pythons that do not get the whole suite. Needs nothing but what the device has.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from contextlib import redirect_stdout
from io import StringIO

import numpy as np

from edgecry.classifier import Classifier
from edgecry.cli import main
from tests.arm64 import vectors

PROBABILITY = 1e-5


def check_recordings() -> list[str]:
    """Classify files of every kind, and say which answers differ from a workstation's."""
    classifier, wrong = Classifier("seed", decision=None), []
    for name, recording in vectors.read().recordings.items():
        found = np.array(list(classifier.classify(recording.content).probabilities.values()))
        if not np.abs(found - recording.probabilities).max() <= PROBABILITY:
            wrong.append(f"{name}: found {found.tolist()}, expected {recording.probabilities.tolist()}")
    return wrong


def sample_label() -> str:
    """Return the answer of the command itself to the sample that comes with edgecry."""
    with redirect_stdout(StringIO()) as out:
        code = main(["classify", "--sample", "--raw", "--model", "seed", "--format", "json"])
    if code:
        raise SystemExit(f"edgecry classify --sample: exit code {code}")
    (answer,) = json.loads(out.getvalue())
    return f"{answer['label']} {answer['confidence']:.3f}"


def machine() -> str:
    """Describe the machine."""
    import onnxruntime

    return (
        f"{os.environ.get('ARM64_BOARD', platform.machine())}, Python {platform.python_version()}, "
        f"numpy {np.__version__}, onnxruntime {onnxruntime.__version__}"
    )


if __name__ == "__main__":
    wrong = check_recordings()
    print(f"{machine()}: {sample_label()}")
    sys.exit("\n".join(wrong) or None)
