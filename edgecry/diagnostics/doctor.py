"""Finds what is wrong with an installation, and says what to do about it.

Nothing that could kill the process is done in it. Packages are imported, features computed and the model is
run in processes of their own, and this one tells how they ended. Each check is a function of what was found.
"""

from __future__ import annotations

import json
import math
import platform
import re
import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from edgecry.diagnostics import machine, process
from edgecry.diagnostics.process import Outcome

if TYPE_CHECKING:
    from edgecry.features.warmup import Status

SUPPORTED: Final = ("aarch64", "arm64", "x86_64", "AMD64")
OLDEST_PYTHON: Final = (3, 11)
BASE: Final = ("numpy", "onnxruntime", "soundfile", "soxr")
#: Releases that can be installed, but die on some boards.
KNOWN_BAD: Final = {"onnxruntime": "1.21.0"}
#: Seconds that a trial may take: importing onnxruntime from a slow card can take half a minute.
PATIENCE: Final = 180.0

ILLEGAL_INSTRUCTION: Final = -4
_OPERATORS: Final[Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]]] = {
    ">=": lambda found, asked: found >= asked,
    "<=": lambda found, asked: found <= asked,
    "!=": lambda found, asked: found != asked,
    "==": lambda found, asked: found == asked,
    ">": lambda found, asked: found > asked,
    "<": lambda found, asked: found < asked,
}


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes
    ----------
    name : str
        What was checked.
    status : {"ok", "warn", "fail"}
        It is fine; it works, but could do better; or edgecry does not work.
    found : str
        What was found.
    advice : str
        What to do, in a sentence; empty if there is nothing to do.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Requirement:
    """A package that edgecry needs, and the versions it asks for, such as ">=1.19,!=1.21.0"."""

    name: str
    versions: str = ""

    def allows(self, version: str) -> bool:
        """Tell whether a version is allowed. Only its numbers count."""
        for operator, text in re.findall(r"([<>=!]=|[<>])\s*([\d.]+)", self.versions):
            found, asked = _numbers(version), _numbers(text)
            width = max(len(found), len(asked))
            if not _OPERATORS[operator](_padded(found, width), _padded(asked, width)):
                return False
        return True


def examine(model: Path | None = None) -> Iterator[Check]:
    """Do all checks, one after the other.

    Parameters
    ----------
    model : Path, optional
        The model file to try; the bundled one if left out.

    Yields
    ------
    Check
        Each result as soon as it is there. A check that depends on one that failed is not tried, and says
        so.
    """
    yield architecture(platform.machine())
    yield userland(platform.machine(), 8 * struct.calcsize("P"))
    yield python(sys.version_info[:3])
    yield bytecode(Path(cache_from_source(str(Path(__file__)))))
    sound = True
    for requirement in requirements():
        check = dependency(requirement, _trial("-c", _import_of(requirement.name)))
        sound = sound and check.status != "fail"
        yield check
    yield threads(machine.thread_settings(), machine.usable_cores())
    status = _warmup_status()
    yield engine(find_spec("numba") is not None, status)
    for name in ("numpy", "numba") if status is not None and status.ready else ("numpy",):
        yield self_test(name, _trial("-m", "edgecry.diagnostics.selftest", name) if sound else None)
    yield prediction(model, _trial(*_classify(model)) if sound else None)


# -- the checks ------------------------------------------------------------------------------------


def architecture(name: str) -> Check:
    """Tell whether onnxruntime is built for this processor. NumPy runs the models where it is not."""
    if name in SUPPORTED:
        return Check("architecture", "ok", name)
    advice = "onnxruntime is not built for it; NumPy runs the models, which takes longer"
    return Check("architecture", "warn", name or "unknown", advice)


def userland(name: str, bits: int) -> Check:
    """Tell whether Python has 64 bits. Raspberry Pi OS had 32 bits under a 64-bit kernel."""
    if bits == 64:
        return Check("userland", "ok", "64 bit")
    where = " under a 64-bit kernel" if name in SUPPORTED else ""
    advice = (
        "onnxruntime needs 64 bits; NumPy runs the models, which takes longer, until the 64-bit edition of "
        "the system is installed (Raspberry Pi OS 64-bit)"
    )
    return Check("userland", "warn", f"{bits} bit{where}", advice)


def python(version: Sequence[int]) -> Check:
    """Check that Python is new enough."""
    found = ".".join(map(str, version))
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return Check("Python", "ok", found)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Check("Python", "fail", found, f"edgecry needs {oldest} or newer; install it, and edgecry with it")


def bytecode(compiled: Path) -> Check:
    """Check that Python has compiled the package. If not, it may do so in every new process."""
    if compiled.exists():
        return Check("bytecode", "ok", "compiled")
    package = Path(__file__).parents[1]
    advice = f"a new process starts sooner after '{sys.executable} -m compileall -q {package}'"
    return Check("bytecode", "warn", "not compiled", advice)


def dependency(requirement: Requirement, trial: Outcome) -> Check:
    """Check that a package can be imported, as ``trial`` did, and that its version is allowed."""
    name, asked = requirement.name, f"{requirement.name}{requirement.versions}"
    if trial.code == 0:
        version = trial.stdout.strip()
        if requirement.allows(version):
            return Check(name, "ok", version)
        return Check(name, "fail", version, f"edgecry needs another version; pip install '{asked}'")
    if name == "onnxruntime" and "No module named 'onnxruntime'" in trial.complaint:
        advice = f"NumPy runs the models, which takes longer; for the usual speed pip install '{asked}'"
        return Check(name, "warn", "not installed", advice)
    if "libsndfile" in trial.complaint:
        return Check(
            name, "fail", trial.complaint, "install the library it reads files with: apt install libsndfile1"
        )
    if trial.code == ILLEGAL_INSTRUCTION:
        advice = f"this build uses instructions that the processor lacks; pip install another '{asked}'"
        if name in KNOWN_BAD:
            advice += f" ({KNOWN_BAD[name]} is known for it on a Raspberry Pi 4)"
        return Check(name, "fail", trial.complaint, advice)
    return Check(
        name, "fail", trial.complaint, f"it cannot be imported; pip install --force-reinstall '{asked}'"
    )


def threads(settings: Mapping[str, str | None], cores: int) -> Check:
    """Check that numpy does not share a product among cores, which costs more than it gains."""
    found = ", ".join(f"{name} {value or 'unset'}" for name, value in settings.items())
    found += f"; {cores} core{'s' if cores > 1 else ''}"
    if cores == 1 or any(value == "1" for value in settings.values()):
        return Check("threads", "ok", found)
    advice = "the products are too small to be shared by cores; set OPENBLAS_NUM_THREADS=1"
    return Check("threads", "warn", found, advice)


def engine(installed: bool, status: Status | None) -> Check:
    """Tell which engine "auto" uses, and why: numba only if its kernels are compiled."""
    if not installed or status is None:
        return Check("engine", "ok", "numpy (numba is not installed)")
    if status.ready:
        return Check("engine", "ok", f"numba in processes that live long ({status.reason}), numpy otherwise")
    return Check("engine", "warn", f"numpy ({status.reason})", "compile numba's kernels once: edgecry warmup")


def self_test(name: str, trial: Outcome | None) -> Check:
    """Check that an engine computes the stored vector. ``trial`` is None if it was not run."""
    title = f"features, {name}"
    if trial is None:
        return _not_tried(title)
    if trial.code != 0:
        again = "edgecry warmup" if name == "numba" else "install edgecry again"
        return Check(title, "fail", trial.complaint, f"{again}, and report it if this stays")
    worst = json.loads(trial.stdout)
    family = max(worst, key=lambda key: worst[key])
    found = f"off by at most {worst[family]:.2g} of the tolerance ({family})"
    if worst[family] <= 1:
        return Check(title, "ok", found)
    advice = "this machine computes other features than the model was trained on; report it with --json"
    return Check(
        title, "fail", found if math.isfinite(worst[family]) else f"{family} is not a number", advice
    )


def prediction(model: Path | None, trial: Outcome | None) -> Check:
    """Check that the model opens and answers. ``trial`` ran ``edgecry classify --sample --format json``."""
    if trial is None:
        return _not_tried("model")
    if trial.code != 0:
        incomplete = model is None or "lacks its bundled model" in trial.complaint
        advice = "install edgecry again" if incomplete else "convert the model again, or name another"
        return Check("model", "fail", trial.complaint.removeprefix("edgecry: "), advice)
    (answer,) = json.loads(trial.stdout)
    return Check("model", "ok", f"{answer['model']} takes the sample for {answer['label']!r}")


def _not_tried(name: str) -> Check:
    return Check(name, "fail", "not tried", "first mend what failed above")


# -- what is looked at -----------------------------------------------------------------------------


def requirements() -> list[Requirement]:
    """Return what the installed edgecry needs. A source tree that is not installed allows any version."""
    try:
        lines = requires("edgecry") or []
    except PackageNotFoundError:
        return [Requirement(name) for name in BASE]
    # A marker such as "; platform_machine != 'armv7l'" does not matter: what is missing says so itself.
    bare = (line.split(";")[0].strip() for line in lines if "extra" not in line)
    found = (re.fullmatch(r"([\w.-]+)\s*\(?([^()]*)\)?", line) for line in bare)
    return [Requirement(match[1], match[2].strip()) for match in found if match]


def _warmup_status() -> Status | None:
    """Ask, in this one place, what ``edgecry warmup`` has prepared; None without numba."""
    if find_spec("numba") is None:
        return None
    from edgecry.features.warmup import status

    return status()


def _trial(*arguments: str) -> Outcome:
    return process.run([sys.executable, *arguments], timeout=PATIENCE)


def _import_of(package: str) -> str:
    return f"import {package}; print({package}.__version__)"


def _classify(model: Path | None) -> list[str]:
    named = [] if model is None else ["--model", str(model)]
    return ["-m", "edgecry", "classify", "--sample", "--format", "json", *named]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", re.split(r"[^\d.]", version)[0])))


def _padded(version: tuple[int, ...], width: int) -> tuple[int, ...]:
    return (*version, *(width - len(version)) * (0,))
