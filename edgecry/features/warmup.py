"""Compiles numba's kernels ahead of time, and tells without numba whether that was done.

Compiling takes many seconds and importing numba half a second, which is too long while somebody waits for
an answer. ``edgecry warmup`` compiles once, at installation, and leaves a note. :func:`status` reads the
note, so that a process learns in a millisecond whether numba is ready.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from edgecry import __version__
from edgecry.errors import EdgecryError

_KERNELS = Path(__file__).parent / "kernels"
#: Modules that numba compiles. The first imports the others.
_MODULES = ("numba_kernels", "lanes")
_NOTE = "edgecry-warmup.json"
_REMEDY = "set NUMBA_CACHE_DIR to a folder that this user can write"


@dataclass(frozen=True)
class Status:
    """Says whether numba's kernels can be loaded without compiling, and why or why not."""

    ready: bool
    reason: str


@dataclass(frozen=True)
class Warmed:
    """The result of :func:`warm_up`: the seconds it took, the folder of the compiled kernels, the note."""

    seconds: float
    cache: Path
    note: Path


def status() -> Status:
    """Tell whether the kernels are compiled for this machine, without importing numba."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        return Status(False, "numba is not installed; pip install '.[numba]'")
    folder = _folder()
    if folder is None:
        return Status(False, f"no folder for compiled kernels can be written; {_REMEDY}")
    note = _read(folder / _NOTE)
    if note.get("key") == _key() and all(Path(file).is_file() for file in note.get("files", ["-"])):
        return Status(True, f"compiled for this machine, in {note['cache']}")
    return Status(
        False, f"not compiled for this machine and these versions in {folder}; run 'edgecry warmup'"
    )


def warm_up() -> Warmed:
    """Compile the kernels, or find them compiled, and leave the note.

    Raises
    ------
    EdgecryError
        numba is not installed or does not work here, or no folder can be written.
    """
    begin, module = time.perf_counter(), f"edgecry.features.kernels.{_MODULES[0]}"
    try:
        kernels = import_module(module)
    except ModuleNotFoundError as error:
        raise EdgecryError(f"warmup: {error.name} is not installed; pip install '.[numba]'") from error
    except Exception:  # from numba, pickle or the system; a power cut, for example, leaves empty files
        _remove_compiled()
        try:
            kernels = import_module(module)
        except Exception as error:
            raise EdgecryError(
                f"warmup: numba cannot compile or keep its kernels ({error}); {_REMEDY}"
            ) from error
    seconds = time.perf_counter() - begin
    cache = Path(kernels.cache_path())
    files = sorted(map(str, _compiled(cache)))
    return Warmed(seconds, cache, _write({"key": _key(), "cache": str(cache), "files": files}))


def _key() -> str:
    """Return a digest of what compiled code depends on: source, its place, versions and processor."""
    from importlib.metadata import version

    parts = (
        __version__,
        _KERNELS,
        *(hashlib.sha256((_KERNELS / f"{module}.py").read_bytes()).hexdigest() for module in _MODULES),
        version("numba"),
        version("llvmlite"),
        sys.implementation.cache_tag,
        platform.machine(),
        _processor(),
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def _processor() -> str:
    """Return the model and the features of the first core, as Linux tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    kept = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    return "\n".join(line for line in lines if line.startswith(kept))


def _folders() -> Iterator[Path]:
    """Yield the folders in which numba looks for compiled code, in its order.

    Inside NUMBA_CACHE_DIR and inside the cache of the user it makes a folder for each module.
    """
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(folder)
    yield _KERNELS / "__pycache__"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - no home, no error
    yield Path(home) / "numba"


def _folder() -> Path | None:
    """Return the folder that numba takes: the first that can be written, even if it only reads."""
    return next(filter(_is_writable, _folders()), None)


def _is_writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _compiled(folder: Path) -> Iterator[Path]:
    for module in _MODULES:
        yield from folder.glob(f"{module}.*.nb[ic]")


def _remove_compiled() -> None:
    """Delete compiled files, which numba itself never deletes even if they cannot be read."""
    for folder in _folders():
        for place in (folder, *folder.glob(f"{_KERNELS.name}_*")):
            for file in _compiled(place):
                with suppress(OSError):
                    file.unlink()


def _read(path: Path) -> dict[str, Any]:
    try:
        note = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _write(note: dict[str, Any]) -> Path:
    folder = _folder()
    try:
        if folder is None:
            raise OSError("no folder can be written")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _NOTE
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(note, indent=1))
        scratch.replace(path)
    except OSError as error:
        raise EdgecryError(f"warmup: what is compiled cannot be noted down ({error}); {_REMEDY}") from error
    return path
