"""``python -m convert.proving FOLDER``: make and prove a model file, in a process that may die.

What a stranger's estimator became is not run in the process that the user waits for: its graph may be
made to fill the memory. The folder holds what `convert.portable.worker` left, and ``proof.json`` with
what :func:`prove_apart` or :func:`verify_apart` wrote; ``result.json`` and ``out.onnx`` are left in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from convert.errors import ConversionError
from convert.export import Card, Converted, package
from convert.jobs import GB, Limits, read_examined, work_here
from convert.parity import ParityReport, prove
from convert.portable.limits import limit
from edgecry.features.spec import FeatureSpec
from edgecry.models.metadata import ModelMetadata
from edgecry.models.model import CryModel


def prove_apart(
    folder: Path,
    origin: str,
    names: Sequence[str] | None,
    spec: FeatureSpec,
    card: Card,
    sha256: str,
    *,
    parts: Sequence[str],
    tolerance: float,
    files: Sequence[tuple[Path, int]],
    limits: Limits,
) -> Converted:
    """Do what :func:`convert.export.package` does, in another process and within limits.

    Raises
    ------
    ConversionError
        That refuses it, or the process dies.
    """
    task = {
        "names": names,
        "spec": spec.to_dict(),
        "card": asdict(card),
        "sha256": sha256,
        "parts": list(parts),
        **_shared(tolerance, files, limits),
    }
    (folder / "proof.json").write_text(json.dumps(task), encoding="utf-8")
    found = work_here("convert.proving", folder, origin, limits)
    return Converted(
        (folder / "out.onnx").read_bytes(),
        ModelMetadata.from_props(found["props"], origin),
        ParityReport(**found["report"]),
    )


def verify_apart(
    folder: Path,
    model: Path,
    *,
    tolerance: float,
    files: Sequence[tuple[Path, int]],
    limits: Limits,
) -> ParityReport:
    """Do what :func:`convert.parity.prove` does for a model file that is there, in another process.

    Raises
    ------
    ConversionError
        The file cannot be opened or run, or the process dies.
    """
    task = {"model": str(model.resolve()), **_shared(tolerance, files, limits)}
    (folder / "proof.json").write_text(json.dumps(task), encoding="utf-8")
    return ParityReport(**work_here("convert.proving", folder, str(model), limits)["report"])


def _shared(tolerance: float, files: Sequence[tuple[Path, int]], limits: Limits) -> dict[str, Any]:
    return {
        "tolerance": tolerance,
        "files": [[str(path.resolve()), row] for path, row in files],
        "memory": int(limits.memory * GB),
        "seconds": limits.seconds,
    }


def main(folder: Path) -> None:
    """Do the job in ``folder``."""
    task = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    limit(task["memory"], task["seconds"])
    try:
        result = _work(folder, task)
    except ConversionError as error:
        result = {"refused": str(error), "cause": str(error.__cause__ or "")}
    except MemoryError:
        result = {"refused": f"needs more than the {task['memory'] / GB:g} GB of memory that it may take"}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _work(folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    examined = read_examined(folder, "examined.json")
    files = [(Path(path), row) for path, row in task["files"]]
    if "model" in task:
        report = prove(CryModel.load(task["model"]), examined, task["tolerance"], files)
        return {"report": asdict(report)}
    made = package(
        examined,
        task["names"],
        FeatureSpec.from_dict(task["spec"]),
        Card(**task["card"]),
        task["sha256"],
        parts=task["parts"],
        tolerance=task["tolerance"],
        files=files,
    )
    (folder / "out.onnx").write_bytes(made.onnx)
    return {"report": asdict(made.report), "props": made.metadata.to_props()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
