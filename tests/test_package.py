"""The package itself: what an import costs, and which names are public."""

import subprocess
import sys
from importlib import import_module
from importlib.metadata import distributions

import pytest

import edgecry

HEAVY = {
    "librosa",
    "matplotlib",
    "numba",
    "numpy",
    "onnxruntime",
    "scipy",
    "sklearn",
    "soundfile",
    "soxr",
}
#: What the device never imports, whatever it does.
WORKSTATION = HEAVY - {"numpy", "onnxruntime", "soundfile", "soxr"} | {
    "convert",
    "joblib",
    "onnx",
    "skl2onnx",
}


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a new process has loaded after running the code."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_import_is_cheap():
    loaded = loaded_by("import edgecry")
    assert "edgecry" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("option", ["--version", "--help", "classify --help"])
def test_command_answers_without_heavy_imports(option):
    loaded = loaded_by(f"from edgecry.cli import main; assert main({option.split()!r}) == 0")
    assert "edgecry" in loaded
    assert not loaded & HEAVY


def test_device_needs_nothing_of_the_workstation(model_path, recordings):
    code = (
        "from edgecry import Classifier; "
        f"Classifier({str(model_path)!r}, detector=None).classify({str(recordings[0])!r})"
    )
    loaded = loaded_by(code)
    assert "onnxruntime" in loaded
    assert not loaded & WORKSTATION


@pytest.mark.parametrize("name", edgecry.__all__)
def test_public_name(name):
    """It is there, and is the one its own module defines."""
    value = getattr(edgecry, name)
    home = getattr(value, "__module__", "edgecry")
    assert getattr(import_module(home), name) is value
    assert name in dir(edgecry)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Clasifier'"):
        edgecry.Clasifier  # noqa: B018


def test_version_is_the_installed_one():
    """Every installed edgecry, if there is any, states the version of this source."""
    assert {installed.version for installed in distributions(name="edgecry")} <= {edgecry.__version__}
