"""runtimes: what computes a model, with which settings, and what it leaves alone."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from edgecry.errors import EdgecryError, ModelError
from edgecry.models.model import CryModel
from edgecry.models.runtimes import RuntimeOptions
from tests import graphs
from tests.models.opening import refusal, vectors


def test_no_onnxruntime(model_path, monkeypatch):
    """NumPy computes, unless onnxruntime is asked for."""
    expected = CryModel.load(model_path).predict_proba(vectors(3))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    np.testing.assert_allclose(CryModel.load(model_path).predict_proba(vectors(3)), expected, atol=1e-6)
    with pytest.raises(ModelError, match="pip install onnxruntime"):
        CryModel.load(model_path, RuntimeOptions(runtime="onnxruntime"))


def test_broken_onnxruntime(model_path, tmp_path, monkeypatch):
    """One that is there and fails is no reason to compute with another: somebody installed it to be used."""
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('libonnxruntime.so: wrong ELF class')")
    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.syspath_prepend(tmp_path)
    refusal(model_path, "wrong ELF class")


@pytest.mark.parametrize(
    ("needed", "installed", "fits"),
    [
        ("1.19", "1.19.0", True),
        ("1.19.0", "1.19", True),
        ("1.19", "1.100.0", True),
        ("1.20.1", "1.20.0", False),
        ("1.20", "1.19.2", False),
        ("1.20", "2.0.0", True),
        ("1.19", "1.19.0.dev20250101", True),
    ],
)
def test_oldest_onnxruntime(tmp_path, monkeypatch, needed, installed, fits):
    metadata = replace(graphs.METADATA, runtime={**graphs.METADATA.runtime, "onnxruntime": needed})
    path = graphs.save(tmp_path / "model.onnx", graphs.make(metadata))
    monkeypatch.setattr(onnxruntime, "__version__", installed)
    if fits:
        assert CryModel.load(path).name == "tiny"
    else:
        refusal(path, f"needs onnxruntime {needed} or newer, installed is {installed}")


@pytest.fixture
def sessions(monkeypatch):
    """The settings of every session that is opened."""
    seen = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, path, settings, **kwargs):
            seen.append(settings)
            super().__init__(path, settings, **kwargs)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    return seen


def used(settings) -> tuple:
    spinning = [
        settings.get_session_config_entry(f"session.{pool}.allow_spinning")
        for pool in ("intra_op", "inter_op")
    ]
    return (
        settings.intra_op_num_threads,
        settings.inter_op_num_threads,
        settings.enable_cpu_mem_arena,
        *spinning,
    )


def test_frugal_by_default(model_path, sessions):
    CryModel.load(model_path)
    assert used(sessions[0]) == (1, 1, False, "0", "0")
    assert sessions[0].execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def test_options_are_used(model_path, sessions):
    model = CryModel.load(model_path, RuntimeOptions(threads=2, spinning=True, arena=True))
    assert used(sessions[0]) == (2, 1, True, "1", "1")
    np.testing.assert_allclose(
        model.predict_proba(vectors(5)), CryModel.load(model_path).predict_proba(vectors(5)), atol=1e-6
    )


@pytest.mark.parametrize("threads", [0, -1, 257, 1.0, "1", True])
def test_threads_out_of_range(threads):
    with pytest.raises(EdgecryError, match=r"threads: .*allowed are (whole numbers )?1 to 256"):
        RuntimeOptions(threads=threads)


def test_unknown_runtime():
    with pytest.raises(EdgecryError, match="runtime: 'torch' is unknown; allowed are auto"):
        RuntimeOptions(runtime="torch")


def test_nothing_leaves_the_device(tmp_path):
    """onnxruntime's telemetry is off before it is imported: no thread of its own, no file at home."""
    code = (
        "import os, sys; os.environ.pop('ORT_DISABLE_TELEMETRY', None)\n"
        "from edgecry.models.bundled import BUNDLED_MODEL\n"
        "from edgecry.models.model import CryModel\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "CryModel.load(BUNDLED_MODEL)\n"
        "print(len(os.listdir('/proc/self/task')))\n"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == 1
    assert not list(tmp_path.iterdir())
