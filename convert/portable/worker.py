"""``python -m portable.worker FOLDER``: unpickle, export and answer, inside a throw-away environment.

Reads ``job.json`` with ``model``, ``encoder`` and ``vectors`` beside it (the last two if the job says
so), and writes ``result.json``, ``graph.onnx`` and ``answers.npz``. What is refused goes into
``result.json`` as ``refused``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from . import Refused
from .examine import examine
from .unpickle import unpickle


def main(folder: Path) -> None:
    """Do the job in ``folder``."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    try:
        result = _work(folder, job)
    except Refused as error:
        result = {"refused": str(error)}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _work(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    estimator = unpickle((folder / "model").read_bytes(), job["model"], job["trust"])
    encoder = vectors = None
    if job["encoder"]:
        encoder = unpickle((folder / "encoder").read_bytes(), job["encoder"], job["trust"])
    if job["vectors"]:
        vectors = np.load(folder / "vectors.npy", allow_pickle=False)
    found = examine(estimator, encoder, vectors, job["n_features"])
    (folder / "graph.onnx").write_bytes(found.graph)
    np.savez(
        folder / "answers.npz",
        vectors=found.vectors,
        probabilities=found.probabilities,
        predicted=found.predicted,
    )
    names = ("estimator", "sklearn", "n_features", "classes", "encoder", "given")
    return {name: getattr(found, name) for name in names}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
