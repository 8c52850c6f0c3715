"""Running the command, inside this process or as one of its own."""

import os
import subprocess
import sys

import pytest
import soundfile

from edgecry.classifier import Classifier
from edgecry.cli import main
from tests import graphs, streams
from tests.conftest import tone
from tests.recordings import encode


@pytest.fixture
def run(capsys):
    """Call the command here: (exit code, stdout, stderr)."""

    def call(*argv: object) -> tuple[int, str, str]:
        code = main([str(a) for a in argv])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def process():
    """Run the command as a process of its own; the result of subprocess.run, in bytes.

    It finds the package where these tests do, from any directory; ``env`` adds to its environment.
    """

    def call(
        *argv: object, env: dict[str, str] | None = None, **kwargs
    ) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "edgecry", *map(str, argv)]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        full = {**inherited, "PYTHONPATH": path, **(env or {})}
        outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.run(command, check=False, env=full, **{**outputs, **kwargs})

    return call


@pytest.fixture
def expected(model_path, recordings) -> list[dict]:
    """What Python says of the recordings."""
    return [
        {
            "file": str(path),
            **Classifier(model_path, decision=None).classify(path).to_dict(),
            "elapsed_ms": None,
        }
        for path in recordings
    ]


def timeless(records: list[dict]) -> list[dict]:
    assert all(record["elapsed_ms"] > 0 for record in records)
    return [{**record, "elapsed_ms": None} for record in records]


@pytest.fixture
def models(tmp_path):
    """The options that name a detector of what is loud, and a model of reasons that knows of sets."""
    ear = graphs.save(tmp_path / "ear.onnx", graphs.detector())
    why = graphs.save(tmp_path / "why.onnx", graphs.reasons())
    return "--detector", ear, "--model", why


@pytest.fixture
def night(tmp_path):
    """A recording of 45 s with two loud stretches."""
    path = tmp_path / "night.wav"
    path.write_bytes(encode(streams.scene(45, (10, 13), (35, 39)), streams.SR))
    return path


@pytest.fixture
def night_models(tmp_path):
    """The options that name a detector and a model of reasons for it."""
    ear, why = streams.loud_detector(tmp_path), streams.reasoner(tmp_path)
    return ("--model", why.path, "--detector", ear.path)


@pytest.fixture
def quiet(tmp_path):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, 0.01 * tone(0), 8000, subtype="FLOAT")
    return path
