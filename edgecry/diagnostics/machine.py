"""Describes the machine on which a measurement was made, or a fault found."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGES: Final = ("numpy", "onnxruntime", "soundfile", "soxr", "numba", "scipy")
#: Variables that set the threads of numpy's matrix products and of OpenMP; if unset, one for each core.
THREAD_SETTINGS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Machine:
    """A computer, and the software on it.

    Attributes
    ----------
    cpu : str
        Name of the processor, or of the board.
    architecture : str
        For example "aarch64".
    cores : int
        Number of cores that this process may use.
    memory_mb : int or None
        Installed memory in megabytes.
    governor : str or None
        Rule by which the clock of the first core is chosen, for example "ondemand".
    load : float or None
        Number of processes that were ready to run, on average over the last minute.
    system, python : str
        Versions.
    packages : dict of str to str
        Version of each package that is loaded.
    threads : dict of str to str or None
        Settings of thread pools in the environment.
    """

    cpu: str
    architecture: str
    cores: int
    memory_mb: int | None
    governor: str | None
    load: float | None
    system: str
    python: str
    packages: Mapping[str, str]
    threads: Mapping[str, str | None]


def describe() -> Machine:
    """Describe this machine. Only packages that are already loaded are named."""
    return Machine(
        cpu=cpu_model(),
        architecture=platform.machine(),
        cores=usable_cores(),
        memory_mb=_memory_mb(),
        governor=_first_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        load=_load(),
        system=platform.platform(),
        python=platform.python_version(),
        packages={name: sys.modules[name].__version__ for name in PACKAGES if name in sys.modules},
        threads=thread_settings(),
    )


def usable_cores() -> int:
    """Return the number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_settings() -> dict[str, str | None]:
    """Return what the environment says of thread pools; None if it says nothing."""
    return {name: os.environ.get(name) for name in THREAD_SETTINGS}


def cpu_model(root: Path = Path("/")) -> str:
    """Return the name of the processor, or on ARM that of the board, as its kernel does not name it."""
    board = _first_line(root / "proc/device-tree/model")
    if board is not None:
        return board
    for line in _text(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model", "Hardware") and value.strip():
            return value.strip()
    return platform.processor() or platform.machine()


def _memory_mb() -> int | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6)
    except (OSError, ValueError):
        return None


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def _first_line(path: Path) -> str | None:
    return (_text(path).rstrip("\0").splitlines() or [""])[0].strip() or None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
