"""``python -m portable.worker FOLDER``: unpickle, export and answer, in a process that may die.

Reads ``job.json`` with ``model``, ``encoder``, ``scaler0`` and so on, ``vectors.npy`` and ``real.npy``
beside it (those that the job names), and writes ``result.json``, ``graph.onnx`` and ``answers.npz``.
What is refused goes into ``result.json`` as ``refused``, with a library's own words as ``cause``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from . import Refused, cause_of, native
from .limits import limit
from .unpickle import unpickle


def main(folder: Path) -> None:
    """Do the job in ``folder``."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    limit(job["memory"], job["seconds"])
    try:
        result = _work(folder, job)
    except Refused as error:
        result = {"refused": str(error), "cause": cause_of(error)}
    except MemoryError:
        result = {"refused": f"needs more than the {job['memory'] / 1e9:g} GB of memory that it may take"}
    except Exception as error:  # whatever a made-up estimator leads scikit-learn into
        refusal = "is damaged, or made of parts that do not fit together, so that it cannot be converted"
        result = {"refused": refusal, "cause": f"{type(error).__name__}: {error}"}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _work(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    from .examine import examine
    from .parts import assemble
    from .structure import check_structure

    def load(name: str, origin: str) -> Any:
        made = unpickle((folder / name).read_bytes(), origin, job["trust"])
        check_structure(made)
        return made

    def array(name: str) -> Any:
        return np.load(folder / f"{name}.npy", allow_pickle=False) if job[name] else None

    if job["format"] == "pickle":
        loaded = load("model", job["model"])
    else:
        loaded = native.load((folder / "model").read_bytes(), job["format"], job["model"])
    scalers = [load(f"scaler{i}", origin) for i, origin in enumerate(job["scalers"])]
    estimator, encoder = assemble(loaded, scalers, job["n_features"])
    if job["encoder"]:
        encoder = load("encoder", job["encoder"])
    found = examine(estimator, encoder, array("vectors"), job["n_features"], array("real"))
    (folder / "graph.onnx").write_bytes(found.graph)
    np.savez(
        folder / "answers.npz",
        vectors=found.vectors,
        probabilities=found.probabilities,
        predicted=found.predicted,
    )
    arrays = ("graph", "vectors", "probabilities", "predicted")
    return {name: value for name, value in found._asdict().items() if name not in arrays}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
