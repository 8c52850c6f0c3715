"""Cold start: what a process that classifies one recording may import, so that it starts quickly."""

import json
import os
import subprocess
import sys

import pytest
import soundfile

from tests import graphs
from tests.conftest import tone

#: Not of the standard library.
PACKAGES = {"edgecry", "numpy", "soxr"}
#: What is there besides for a recording that libsndfile has to read.
SOUNDFILE = {"soundfile", "_soundfile", "_soundfile_data", "_cffi_backend", "typing_extensions"}
#: Of the standard library, with what these and the packages import themselves.
STANDARD = (
    *("argparse", "bisect", "collections.abc", "contextlib", "dataclasses", "functools", "gc", "importlib"),
    *("io", "json", "math", "numbers", "os", "pathlib", "re", "shlex", "struct", "time", "typing"),
    *("locale", "shutil"),  # argparse, late
)
#: SHA-256 without OpenSSL; the name depends on the version of Python.
DIGEST = {"_sha256", "_sha2"}
#: Of edgecry itself. Of the rooms that are loaded in part, what is loaded of them.
OWN = {
    "answers",
    "arrays",
    "audio",
    "checks",
    "classifier",
    "cli",
    "decision",
    "detector",
    "errors",
    "features",
    "forks",
    "models",
    "prediction",
    "roles",
    "terminal",
}
PARTS = {
    "answers": {"records", "sentences", "writers"},
    "audio": {"decoder", "file_header", "load", "mixing", "mono", "recording", "view"},
    "cli": {"classify", "inputs", "outputs"},
    "models": {
        *("bundled", "light", "metadata", "model", "numpy_runtime", "onnx_file", "operators", "protobuf"),
        *("rules", "runtimes", "tree_ensembles"),
    },
}
#: Costs that have crept in before, or would be easy to overlook, whoever imports them.
FORBIDDEN = {
    "_hashlib",
    "asyncio",
    "concurrent.futures",
    "edgecry.features.cens",
    "edgecry.features.harmonic",
    "edgecry.features.onset",
    "edgecry.features.poly",
    "edgecry.features.shape",
    "edgecry.features.waveform",
    "email",
    "http",
    "importlib.metadata",
    "librosa",
    "logging",
    "matplotlib",
    "multiprocessing",
    "numba",
    "numpy.ma",
    "numpy.polynomial",
    "numpy.random",
    "numpy.testing",
    "onnxruntime",
    "scipy",
    "sklearn",
    "ssl",
    "tempfile",
    "unittest",
}


def classifying(folder, subtype: str) -> set[str]:
    """Return the modules that classifying loads, without those that every process has."""
    path = folder / f"{subtype}.wav"
    soundfile.write(path, tone(0, seconds=2.0), 8000, subtype=subtype)  # a rate for which soxr is needed
    ear = graphs.save(folder / "ear.onnx", graphs.detector(sr=16000, threshold=0.001))
    why = graphs.save(folder / "why.onnx", graphs.reasons())
    argv = ["classify", str(path), "--detector", str(ear), "--model", str(why)]
    return loaded_after(f"from edgecry.cli import main; assert main({argv!r}) == 0") - loaded_after("pass")


def loaded_after(code: str) -> set[str]:
    code += "\nimport json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "ORT_DISABLE_TELEMETRY": "1",
    }
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    return classifying(tmp_path_factory.mktemp("cold"), "PCM_16")


def test_packages(modules):
    """It is exactly these. Another would be a cost; without one of them, nothing was classified."""
    assert packages(modules) == PACKAGES


def test_packages_of_a_recording_in_another_format(tmp_path):
    found = packages(classifying(tmp_path, "PCM_24"))
    assert PACKAGES | {"soundfile"} <= found <= PACKAGES | SOUNDFILE


def test_standard_library(modules):
    """Only what is listed above, and what these import, is loaded, whichever version of Python it is."""
    listed = loaded_after(f"import numpy, numpy.fft, soxr, {', '.join(STANDARD)}")
    others = {name for name in modules - listed if name.partition(".")[0] not in PACKAGES}
    assert others <= DIGEST


def test_own_modules(modules):
    own = {tuple(name.split(".")[1:3]) for name in modules if name.startswith("edgecry.")}
    assert {name for name, *_ in own} == OWN


@pytest.mark.parametrize("room", sorted(PARTS))
def test_own_modules_of_a_room(modules, room):
    inside = f"edgecry.{room}."
    assert {name.removeprefix(inside) for name in modules if name.startswith(inside)} == PARTS[room]


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_not_imported(modules, name):
    assert name not in modules
