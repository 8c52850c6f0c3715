"""Conversion by a pickle's own scikit-learn, in an environment that is thrown away afterwards."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from convert import portable
from convert.errors import ConversionError
from convert.jobs import Limits, Source, work
from edgecry.diagnostics.process import Outcome, run

logger = logging.getLogger("edgecry")

#: Seconds that installing may take.
_TIMEOUT = 900
#: What scikit-learn before a version needs to be old, too, and why.
_CEILINGS = (
    ((1, 4, 2), "numpy<2"),  # built for numpy 1
    ((1, 1), "onnx<1.17"),  # today's skl2onnx does not accept it, and the one that does imports onnx.mapping
    ((1, 1), "protobuf<7"),  # that skl2onnx writes truth values for numbers, which protobuf 7 refuses
    ((1, 0), "scipy<1.9"),  # imports scipy.linalg.pinv2
)


def work_isolated(source: Source, folder: Path, limits: Limits) -> None:
    """Do the job in ``folder`` under the scikit-learn that its files were saved by.

    The environment keeps versions apart, it is no sandbox: the allow-list and the limits hold there as
    here.

    Raises
    ------
    ConversionError
        The files are of several versions, that version cannot be installed, or the worker refuses what
        it finds.
    """
    version = source.version()
    with tempfile.TemporaryDirectory(prefix="edgecry-isolated-") as name:
        python = make_environment(Path(name) / "environment", version)
        shutil.copytree(Path(portable.__file__).parent, Path(name) / "portable")
        command = [str(python), "-m", "portable.worker", str(folder)]
        env = {**_clean_environment(), "PYTHONPATH": name}
        work(command, env, folder, source.model.origin, limits)


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
        f"that scikit-learn {version} was built for (as python3.X on PATH, or by pyenv or uv), "
        "or fit and save the model with a newer scikit-learn"
    )


def requirements(version: str) -> list[str]:
    """What pip is asked for."""
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    ceilings = [ceiling for before, ceiling in _CEILINGS if numbers < before]
    return [f"scikit-learn=={version}", "onnx", "skl2onnx", *ceilings]


def _interpreters() -> Iterator[tuple[str, str]]:
    """Pythons to try: this one, then others from the newest, on PATH or among those of pyenv and uv."""
    current = sys.version_info[:2]
    yield f"Python {current[0]}.{current[1]}", sys.executable
    for minor in range(current[1] + 3, 7, -1):
        if (3, minor) != current:
            for path in _places(f"python3.{minor}"):
                # A name on PATH may be a launcher for a Python that is not there.
                if _run([path, "-c", "import venv, ensurepip"]).code == 0:
                    yield f"Python 3.{minor}", path
                    break


def _places(name: str) -> Iterator[str]:
    """Return the places where a Python of that name may be."""
    on_path = shutil.which(name)
    if on_path:
        yield on_path
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    for folder in (pyenv, home / ".local" / "share" / "uv" / "python"):
        yield from sorted(map(str, folder.glob(f"*/bin/{name}")), reverse=True)


def _install(python: str, folder: Path, version: str) -> str | None:
    """Make an environment; return why not, or None."""
    made = _run([python, "-m", "venv", str(folder)])
    if made.code:
        return f"no virtual environment ({_complaint(made)})"
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Builds only, so that a version without one fails at once; no byte code for what runs once.
    done = _run([*pip, "--only-binary=:all:", "--no-compile", *requirements(version)])
    return _complaint(done) if done.code else None


def _run(command: list[str]) -> Outcome:
    return run(command, _clean_environment(), timeout=_TIMEOUT)


def _clean_environment() -> dict[str, str]:
    """Environment without what would let this environment's packages into the other one."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


def _complaint(done: Outcome) -> str:
    """The line of pip's complaint that says what is wrong."""
    errors = [line.strip() for line in done.stderr.splitlines() if line.strip().startswith("ERROR")]
    return (errors or [done.complaint])[-1].removeprefix("ERROR: ")[:300]
