"""Work on a stranger's model in a process of its own, which has limits and may die.

A pickle is loaded, exported and asked in one process (`convert.portable.worker`), the model file made
of it is proven in another (`convert.proving`). Here a crash, an endless loop or too much memory becomes
a sentence.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.boosters import is_booster, require_libraries
from convert.errors import ConversionError
from convert.pickles import PickleFile, installed_sklearn
from convert.portable.examine import Examined
from edgecry.diagnostics.process import Outcome, environment, run

CHECKOUT: Final = Path(__file__).parents[1]
GB: Final = 1e9


@dataclass(frozen=True)
class Limits:
    """What a process that works on a stranger's model may take.

    Parameters
    ----------
    memory : float in [0.5, 1024]
        Gigabytes (1e9 bytes) of address space; kept to on Linux.
    seconds : int in [1, 86400]
        Time it may take, on the clock and on the processor.

    Raises
    ------
    ConversionError
        One is out of range.
    """

    memory: float = 2.0
    seconds: int = 300

    def __post_init__(self) -> None:
        if not 0.5 <= self.memory <= 1024:
            raise ConversionError(f"memory: {self.memory:g} GB is out of range; allowed are 0.5 to 1024 GB")
        if not 1 <= self.seconds <= 86_400:
            raise ConversionError(f"timeout: {self.seconds} s is out of range; allowed are 1 to 86400 s")


@dataclass(frozen=True)
class Source:
    """The files that make up a model, checked against the allow-list but not loaded.

    Parameters
    ----------
    model : PickleFile
        With the classifier in it.
    scalers : tuple of PickleFile
        Transformers before it, in the order in which they are applied.
    encoder : PickleFile, optional
        Its label encoder.
    """

    model: PickleFile
    scalers: tuple[PickleFile, ...] = ()
    encoder: PickleFile | None = None

    @property
    def files(self) -> list[PickleFile]:
        """All of them."""
        return [self.model, *self.scalers, *([self.encoder] if self.encoder else [])]

    @property
    def parts(self) -> list[str]:
        """SHA-256 of each transformer's file."""
        return [file.sha256 for file in self.scalers]

    def require_allowed(self, trust: bool) -> None:
        """Refuse what names anything off the allow-list, unless it is trusted."""
        for file in self.files:
            file.require_allowed(trust)

    def require_runnable(self, isolated: bool) -> None:
        """Refuse what cannot be loaded by the libraries that are here, or by those of ``--isolated``.

        Raises
        ------
        ConversionError
            A library is missing, or of another version.
        """
        for file in self.files:
            require_libraries(file, isolated)
        if not isolated:
            for file in self.files:
                if not is_booster(file):
                    file.require_installed_version()
            self.version()

    def version(self) -> str:
        """Return the one scikit-learn version that all were saved by.

        Raises
        ------
        ConversionError
            They are of several, or one records none.
        """
        made_by_it = [file for file in self.files if not is_booster(file)]
        if not made_by_it:
            return installed_sklearn() or "none"
        version = made_by_it[0].version()
        for file in made_by_it[1:]:
            if file.version() != version:
                hint = (
                    "; give the names as a text file, one a line in the order of the classes"
                    if file is self.encoder
                    else "; fit and save both again with one of them"
                )
                raise ConversionError(
                    f"{file.origin}: saved by scikit-learn {file.version()}, "
                    f"{'the model' if made_by_it[0] is self.model else made_by_it[0].origin} by "
                    f"{version}{hint}"
                )
        return version


def write_job(
    folder: Path,
    source: Source,
    n_features: int,
    *,
    vectors: NDArray[np.float32] | None = None,
    real: NDArray[np.float32] | None = None,
    trust: bool = False,
    limits: Limits,
) -> None:
    """Write what `convert.portable.worker` reads."""
    (folder / "model").write_bytes(source.model.stream.data)
    for number, scaler in enumerate(source.scalers):
        (folder / f"scaler{number}").write_bytes(scaler.stream.data)
    if source.encoder is not None:
        (folder / "encoder").write_bytes(source.encoder.stream.data)
    for name, array in (("vectors", vectors), ("real", real)):
        if array is not None:
            np.save(folder / f"{name}.npy", array)
    description = {
        "model": source.model.origin,
        "format": source.model.format,
        "scalers": [scaler.origin for scaler in source.scalers],
        "encoder": None if source.encoder is None else source.encoder.origin,
        "vectors": vectors is not None,
        "real": real is not None,
        "n_features": n_features,
        "trust": trust,
        "memory": int(limits.memory * GB),
        "seconds": limits.seconds,
    }
    for file in source.files:
        file.warn_of_trust()
    (folder / "job.json").write_text(json.dumps(description), encoding="utf-8")


def read_examined(folder: Path, name: str = "result.json") -> Examined:
    """Read what the worker found, from the file of that name and those beside it."""
    result: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    with np.load(folder / "answers.npz", allow_pickle=False) as answers:
        return Examined(graph=(folder / "graph.onnx").read_bytes(), **result, **answers)


def work_here(module: str, folder: Path, origin: str, limits: Limits) -> dict[str, Any]:
    """Run a module of this checkout on a folder, under this Python; it leaves ``result.json``."""
    paths = [str(CHECKOUT), *filter(None, [environment().get("PYTHONPATH")])]
    env = {**environment(), "PYTHONPATH": os.pathsep.join(paths)}
    return work([sys.executable, "-m", module, str(folder)], env, folder, origin, limits)


def work(
    command: Sequence[str], env: Mapping[str, str], folder: Path, origin: str, limits: Limits
) -> dict[str, Any]:
    """Run a process within limits, and return what it left in ``result.json``.

    Raises
    ------
    ConversionError
        It refused what it found, died, or took too long.
    """
    # One thread: each would take address space for itself, and the machine has other work.
    calm = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    (folder / "result.json").unlink(missing_ok=True)
    return read_result(run(command, {**env, **calm}, timeout=limits.seconds), folder, origin, limits)


def read_result(ended: Outcome, folder: Path, origin: str, limits: Limits) -> dict[str, Any]:
    """Read what a process that has ended left in ``result.json``.

    Raises
    ------
    ConversionError
        It refused what it found, died, or took too long.
    """
    result = folder / "result.json"
    if not result.exists():
        raise ConversionError(f"{origin}: {_complaint(ended, limits)}")
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if "refused" in found:
        said = found["refused"]
        refusal = ConversionError(said if said.startswith(origin) else f"{origin}: {said}")
        if found.get("cause"):
            refusal.add_note(found["cause"])
        raise refusal
    return found


def _complaint(ended: Outcome, limits: Limits) -> str:
    took_too_long = "did not end within" in ended.stderr or ended.complaint.startswith("died of SIGXCPU")
    if took_too_long:
        return (
            f"the process that worked on it did not end within {limits.seconds} s; the model is very large, "
            "or made never to end. If you trust whoever made it: --timeout SECONDS"
        )
    if "MemoryError" in ended.stderr or "bad_alloc" in ended.stderr or "std::bad_alloc" in ended.stdout:
        return f"the process that worked on it needs more than {limits.memory:g} GB of memory; see --memory"
    return f"the process that worked on it {ended.complaint}; the file is damaged, or made to do harm"
