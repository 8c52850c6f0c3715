"""The oldest onnxruntime that a model file names runs it, with the same answers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from convert.portable.graph import OLDEST_ONNXRUNTIME, export
from tests.convert.environments import require_installable
from tests.convert.zoo import ZOO, fitted

pytestmark = pytest.mark.once

REQUIREMENT = f"onnxruntime=={OLDEST_ONNXRUNTIME}.*"
RUN = """
import glob, numpy as np, onnxruntime
for path in sorted(glob.glob("*.onnx")):
    with np.load(path[:-5] + ".npz") as z:
        X, P = z["X"], z["P"]
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        difference = abs(session.run(None, {"features": X})[0] - P).max()
    except Exception as error:
        difference = str(error).splitlines()[0]
    print(path, "same" if difference == 0 else difference)
print(onnxruntime.__version__)
"""


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_zoo(tmp_path: Path) -> None:
    """Every kind of estimator; operators that it lacks for float64 would show here."""
    require_installable(REQUIREMENT, tmp_path / "download")
    python = tmp_path / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:", REQUIREMENT]
    subprocess.run(install, check=True)
    for number, name in enumerate(ZOO):
        estimator, X = fitted(name)
        stem, X = tmp_path / f"{number:02} {name}", X[:16].astype(np.float32)
        graph = export(estimator)
        stem.with_suffix(".onnx").write_bytes(graph)
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        np.savez(stem.with_suffix(".npz"), X=X, P=session.run(None, {"features": X})[0])
    done = subprocess.run([python, "-c", RUN], cwd=tmp_path, capture_output=True, text=True, check=True)
    *lines, version = done.stdout.splitlines()
    assert version.startswith(OLDEST_ONNXRUNTIME)
    assert len(lines) == len(ZOO)
    assert [line for line in lines if not line.endswith(" same")] == []
