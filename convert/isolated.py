"""Conversion by a pickle's own scikit-learn, in an environment that is thrown away afterwards."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import portable
from convert.errors import ConversionError
from convert.pickles import PickleFile
from convert.portable.examine import Examined

logger = logging.getLogger("edgecry")

#: Seconds that installing and converting may take.
_TIMEOUT = 900
#: What scikit-learn before a version needs to be old, too, and why.
_CEILINGS = (
    ((1, 4, 2), "numpy<2"),  # built for numpy 1
    ((1, 1), "onnx<1.17"),  # today's skl2onnx does not accept it, and the one that does imports onnx.mapping
    ((1, 0), "scipy<1.9"),  # imports scipy.linalg.pinv2
)


def examine_isolated(
    model: PickleFile,
    encoder: PickleFile | None,
    n_features: int,
    vectors: NDArray[np.float32] | None = None,
    trust: bool = False,
) -> Examined:
    """Do what :func:`convert.portable.examine.examine` does, under the pickle's scikit-learn.

    The environment keeps versions apart, it is no sandbox: the allow-list holds there as here.

    Parameters
    ----------
    model, encoder : PickleFile
        Checked against the allow-list by the caller; of one scikit-learn version.
    n_features : int
        How many inputs the model must have.
    vectors : np.ndarray [shape=(n, n_features)], optional
    trust : bool

    Raises
    ------
    ConversionError
        That version cannot be installed, or the worker refuses what it finds.
    """
    version = model.version()
    if encoder is not None and encoder.version() != version:
        raise ConversionError(
            f"{encoder.origin}: saved by scikit-learn {encoder.version()}, the model by {version}; "
            "give the names as a text file, one a line in the order of the classes"
        )
    with tempfile.TemporaryDirectory(prefix="edgecry-isolated-") as folder:
        python = make_environment(Path(folder) / "environment", version)
        job = Path(folder) / "job"
        job.mkdir()
        _write_job(job, model, encoder, n_features, vectors, trust)
        shutil.copytree(Path(portable.__file__).parent, Path(folder) / "portable")
        _work(python, Path(folder), version)
        return _read_result(job, model.origin)


def _write_job(
    job: Path,
    model: PickleFile,
    encoder: PickleFile | None,
    n_features: int,
    vectors: NDArray[np.float32] | None,
    trust: bool,
) -> None:
    (job / "model").write_bytes(model.stream.data)
    if encoder is not None:
        (job / "encoder").write_bytes(encoder.stream.data)
    if vectors is not None:
        np.save(job / "vectors.npy", vectors)
    description = {
        "model": model.origin,
        "encoder": None if encoder is None else encoder.origin,
        "vectors": vectors is not None,
        "n_features": n_features,
        "trust": trust,
    }
    for file in (model, encoder):
        if file is not None:
            file.warn_of_trust()
    (job / "job.json").write_text(json.dumps(description), encoding="utf-8")


def _work(python: Path, folder: Path, version: str) -> None:
    done = _run([str(python), "-m", "portable.worker", "job"], cwd=folder)
    if not (folder / "job" / "result.json").exists():
        raise ConversionError(
            f"the conversion under scikit-learn {version} broke off: {_last_line(done.stderr)}"
        )


def _read_result(job: Path, origin: str) -> Examined:
    result: dict[str, Any] = json.loads((job / "result.json").read_text(encoding="utf-8"))
    if "refused" in result:
        said = result["refused"]
        raise ConversionError(said if said.startswith(origin) else f"{origin}: {said}")
    with np.load(job / "answers.npz", allow_pickle=False) as answers:
        return Examined(graph=(job / "graph.onnx").read_bytes(), **result, **answers)


# -- the environment -----------------------------------------------------------------------------


def make_environment(folder: Path, version: str) -> Path:
    """Install a scikit-learn version under the first Python that it has a build for.

    Parameters
    ----------
    folder : Path
        Where to make the environment.
    version : str
        A released version of scikit-learn.

    Returns
    -------
    Path
        The environment's Python.

    Raises
    ------
    ConversionError
        No Python on this machine has a build of that version, or pip cannot reach one.
    """
    tried = []
    for name, python in _interpreters():
        logger.info("installing scikit-learn %s under %s, for this conversion only ...", version, name)
        made = folder / name.replace(" ", "-")
        failure = _install(python, made, version)
        if failure is None:
            return made / "bin" / "python"
        tried.append(f"{name}: {failure}")
    raise ConversionError(
        f"scikit-learn {version} cannot be installed here; tried {'; '.join(tried)}. Make a Python available "
        f"that scikit-learn {version} was built for (as python3.X on PATH), or fit and save the model with a "
        "newer scikit-learn"
    )


def requirements(version: str) -> list[str]:
    """What pip is asked for."""
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    ceilings = [ceiling for before, ceiling in _CEILINGS if numbers < before]
    return [f"scikit-learn=={version}", "onnx", "skl2onnx", *ceilings]


def _interpreters() -> Iterator[tuple[str, str]]:
    """Pythons to try: this one, then others on PATH from the newest."""
    current = sys.version_info[:2]
    yield f"Python {current[0]}.{current[1]}", sys.executable
    for minor in range(current[1] + 3, 7, -1):
        path = shutil.which(f"python3.{minor}")
        # A name on PATH may be a launcher for a Python that is not there.
        if (3, minor) != current and path and _run([path, "-c", "import venv, ensurepip"]).returncode == 0:
            yield f"Python 3.{minor}", path


def _install(python: str, folder: Path, version: str) -> str | None:
    """Make an environment; return why not, or None."""
    made = _run([python, "-m", "venv", str(folder)])
    if made.returncode:
        return f"no virtual environment ({_last_line(made.stderr or made.stdout)})"
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Builds only, so that a version without one fails at once; no byte code for what runs once.
    done = _run([*pip, "--only-binary=:all:", "--no-compile", *requirements(version)])
    return _last_line(done.stderr) if done.returncode else None


def _run(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    # Settings that would let this environment's packages into the other one.
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }
    try:
        return subprocess.run(  # noqa: S603 - our own commands, as lists
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", f"{type(error).__name__}: {error}")


def _last_line(text: str) -> str:
    """The line of a tool's complaint that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no message"])[-1].removeprefix("ERROR: ")[:300]
