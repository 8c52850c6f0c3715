"""The part that also runs beside another scikit-learn stays fit for that."""

import ast
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convert import portable
from convert.isolated import requirements
from convert.jobs import read_examined
from convert.portable.worker import main
from tests.convert.zoo import fitted

FOLDER = Path(portable.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))
JOB = {
    "model": "m",
    "format": "pickle",
    "scalers": [],
    "encoder": None,
    "vectors": False,
    "real": False,
    "n_features": 20,
    "trust": False,
    "memory": 2_000_000_000,
    "seconds": 100,
}


def test_there_are_sources() -> None:
    assert len(SOURCES) >= 12


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_syntax_and_imports(path: Path) -> None:
    """Python 3.8 can read it, and it imports neither edgecry nor the rest of `convert`."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] not in ("edgecry", "convert"), f"{path.name} imports {name}"
        if isinstance(node, ast.ImportFrom):
            depth = len(path.relative_to(FOLDER).parts)
            assert node.level <= depth, f"{path.name} reaches outside the folder"


def test_worker_alone(tmp_path: Path) -> None:
    """Copied to another place, the folder does a job on its own."""
    import shutil

    estimator, X = fitted("forest")
    shutil.copytree(FOLDER, tmp_path / "portable")
    job = tmp_path / "job"
    job.mkdir()
    (job / "model").write_bytes(pickle.dumps(estimator))
    np.save(job / "vectors.npy", X.astype(np.float32))
    (job / "job.json").write_text(json.dumps({**JOB, "vectors": True}))
    command = [sys.executable, "-m", "portable.worker", "job"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = read_examined(job)
    assert result.estimator == "sklearn.ensemble._forest.RandomForestClassifier"
    assert result.given == len(X)
    np.testing.assert_array_equal(
        result.probabilities[: len(X)], estimator.predict_proba(X.astype(np.float32).astype(float))
    )


def test_worker_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The allow-list holds in the worker, too; what it refuses is written down."""
    import os

    class Evil:
        def __reduce__(self) -> object:
            return os.system, (f"touch {tmp_path / 'canary'}",)

    (tmp_path / "model").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "job.json").write_text(json.dumps(JOB))
    monkeypatch.setattr("convert.portable.worker.limit", lambda *_: None)  # lest the tests be limited
    main(tmp_path)
    assert "posix.system" in json.loads((tmp_path / "result.json").read_text())["refused"]
    assert not (tmp_path / "canary").exists()


def test_requirements() -> None:
    """Old versions get the old companions that they need, new ones none."""
    assert requirements("1.9.1") == ["scikit-learn==1.9.1", "onnx", "skl2onnx"]
    assert requirements("1.3.0") == ["scikit-learn==1.3.0", "onnx", "skl2onnx", "numpy<2"]
    assert {"onnx<1.17", "protobuf<7"} <= set(requirements("1.0.2"))
    assert "protobuf<7" not in requirements("1.1.0")
    assert "scipy<1.9" in requirements("0.24.2")
    assert "numpy<2" not in requirements("1.4.2")
    assert "numpy<2" in requirements("1.4.1.post1")
