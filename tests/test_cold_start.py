"""Cold start: what a process that classifies one recording may import, so that it starts quickly."""

import json
import os
import subprocess
import sys

import pytest
import soundfile

from tests import graphs
from tests.conftest import tone

#: Not of the standard library; what soundfile imports stands beside it.
ALLOWED = {
    *{"edgecry", "numpy", "onnxruntime", "soxr"},
    *{"soundfile", "_soundfile", "_soundfile_data", "_cffi_backend", "typing_extensions"},
}
#: Costs that have crept in before, or would be easy to overlook.
FORBIDDEN = {
    "asyncio",
    "concurrent.futures",
    "email",
    "http",
    "importlib.metadata",
    "librosa",
    "matplotlib",
    "multiprocessing",
    "numba",
    "numpy.ma",
    "numpy.polynomial",
    "numpy.random",
    "numpy.testing",
    "scipy",
    "sklearn",
    "ssl",
    "unittest",
}


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """Modules that a process has loaded after classifying, and those that every process has."""
    folder = tmp_path_factory.mktemp("cold")
    path = folder / "cry.wav"
    # Not the model's rate, so that soxr is needed, nor 16 bits, so that libsndfile is.
    soundfile.write(path, tone(0, seconds=2.0), 8000, subtype="PCM_24")
    ear = graphs.save(folder / "ear.onnx", graphs.detector(sr=16000, threshold=0.001))
    why = graphs.save(folder / "why.onnx", graphs.reasons())
    argv = ["classify", str(path), "--detector", str(ear), "--model", str(why)]
    classify = f"from edgecry.cli import main; assert main({argv!r}) == 0"
    return loaded_after(classify) - loaded_after("pass")


def loaded_after(code: str) -> set[str]:
    code += "\nimport json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_packages(modules):
    """Exactly these: another one would be a cost, and one that is missing means nothing was classified."""
    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert packages <= ALLOWED
    assert {"edgecry", "numpy", "onnxruntime", "soundfile", "soxr"} <= packages


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_not_imported(modules, name):
    assert name not in modules


def test_only_the_command_that_is_asked_for(modules):
    commands = {"bench", "classify", "doctor", "features", "info", "models", "warmup"}
    assert {name for name in commands if f"edgecry.cli.{name}" in modules} == {"classify"}
