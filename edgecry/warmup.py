"""Compiling numba's kernels ahead of time, and knowing without numba whether that was done.

Compiling takes many seconds and importing numba half of one; neither belongs where somebody waits
for an answer. ``edgecry warmup`` does it once, at installation, and leaves a note; :func:`status`
reads the note, so that a process learns in a millisecond whether numba would be ready.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecry import __version__
from edgecry.errors import EdgecryError

_KERNELS = Path(__file__).parent / "features" / "kernels"
#: What numba compiles.
_MODULES = ("numba_kernels", "lanes")
_NOTE = "edgecry-warmup.json"

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class Status:
    """Whether numba's kernels can be loaded without compiling, and why (not)."""

    ready: bool
    reason: str


@dataclass(frozen=True)
class Warmed:
    """What :func:`warm_up` did: seconds it took, where the compiled kernels lie, and the note."""

    seconds: float
    cache: Path
    note: Path


def status() -> Status:
    """Tell whether the kernels are compiled for this machine. Does not import numba."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        return Status(False, "numba is not installed; pip install 'edgecry[numba]'")
    key = _key()
    for folder in _folders():
        note = _read(folder / _NOTE)
        if note.get("key") == key and all(Path(file).is_file() for file in note.get("files", ["-"])):
            return Status(True, f"compiled for this machine, in {note['cache']}")
    return Status(False, "not compiled for this machine and these versions; run 'edgecry warmup'")


def warm_up() -> Warmed:
    """Compile the kernels, or find them compiled, and leave the note.

    Raises
    ------
    EdgecryError
        numba is not installed, or no folder can be written.
    """
    from edgecry.features.kernels import load

    begin = time.perf_counter()
    kernels = load("numba")
    if kernels.name != "numba":
        raise EdgecryError(
            "warmup: there is no folder to keep compiled kernels in; set NUMBA_CACHE_DIR to one that "
            "this user can write"
        )
    from edgecry.features.kernels import numba_kernels

    seconds = time.perf_counter() - begin
    cache = Path(numba_kernels.cache_path())
    files = sorted(str(file) for module in _MODULES for file in cache.glob(f"{module}.*.nb[ic]"))
    return Warmed(seconds, cache, _write({"key": _key(), "cache": str(cache), "files": files}))


def _key() -> str:
    """What compiled code depends on: the source, the versions and the processor."""
    from importlib.metadata import version

    parts = (
        __version__,
        *(hashlib.sha256((_KERNELS / f"{module}.py").read_bytes()).hexdigest() for module in _MODULES),
        version("numba"),
        version("llvmlite"),
        sys.implementation.cache_tag,
        platform.machine(),
        _processor(),
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def _processor() -> str:
    """Model and features of the first core, as Linux tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    kept = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    return "\n".join(line for line in lines if line.startswith(kept))


def _folders() -> Iterator[Path]:
    """Where the note may lie, the first that can be written being where it is put."""
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(folder)
    yield _KERNELS / "__pycache__"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - no home, no error
    yield Path(home) / "edgecry"


def _read(path: Path) -> dict[str, Any]:
    try:
        note = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _write(note: dict[str, Any]) -> Path:
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / _NOTE
            scratch = path.with_suffix(f".{os.getpid()}")
            scratch.write_text(json.dumps(note, indent=1))
            scratch.replace(path)
        except OSError as error:
            log.debug("warmup: %s", error)
            continue
        return path
    raise EdgecryError("warmup: the kernels are compiled, but no folder could be written to note that down")
