"""One pickle through the product's own way, and its model file against the answers of its own version."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np

from convert.errors import ConversionError
from convert.export import Card
from convert.jobs import Limits, Source, read_result
from convert.pickles import PickleFile
from convert.stranger import Trial, convert_stranger
from edgecry.diagnostics.process import Outcome
from tests.convert.spec import SPEC

CONVERTED: Final = "converted"
REFUSED: Final = "refused"
#: Refused, with a text of another library's or a guess for the reason.
ACCIDENT: Final = "accident"
WRONG: Final = "wrong"
TRACEBACK: Final = "traceback"
SIGNAL: Final = "signal"
KINDS: Final = (CONVERTED, REFUSED, ACCIDENT, WRONG, TRACEBACK, SIGNAL)
#: Sentences that edgecry says when something happened that it has no sentence for.
_ACCIDENTS = re.compile(
    "skl2onnx|does not know; |do not fit together|does not fit together|libraries that load it|: a damaged |"
    "cannot answer the feature|does not answer as scikit-learn|makes no model file|does not run as|"
    "never ends|the process that worked"
)
#: Largest difference of a probability that is the same answer, as the proof has it.
_SAME: Final = 1e-5
#: Modules that jobs need, of this Python and of the other one; imported once.
HERE: Final = ("convert.proving", "tests.convert.versions.answer", "onnx")
THERE: Final = ("portable.worker", "portable.examine", "portable.parts", "skl2onnx", "onnx", "joblib")
#: Memory and time of a job; the vectors are few.
LIMITS: Final = Limits(2.0, 120)


@dataclass(frozen=True)
class Verdict:
    """What became of one pickle: its kind, the sentence or the difference, and the latter as a number."""

    name: str
    kind: str
    said: str = ""
    difference: float = 0.0


class Forks:
    """A process that runs jobs in forks of itself, see `tests.convert.versions.forks`."""

    def __init__(self, python: Path, env: Mapping[str, str], modules: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [python, "-m", "tests.convert.versions.forks", *modules],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, module: str, folder: Path) -> Outcome:
        """Run a module on a folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{module}\t{folder}\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Outcome(code, "", (folder / "stderr").read_text(encoding="utf-8", errors="replace"))

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)


@contextmanager
def forks(python: Path, env: Mapping[str, str], modules: Sequence[str]) -> Iterator[Forks]:
    """Open a `Forks`, and end it."""
    made = Forks(python, env, modules)
    try:
        yield made
    finally:
        made.close()


def judge(name: str, saved: Path, there: Forks, here: Forks) -> Verdict:
    """Convert a pickle that `tests.convert.versions.save` left, and compare.

    Parameters
    ----------
    name : str
    saved : Path
        The folder with ``NAME.pkl`` and ``NAME.npz``.
    there : Forks
        Under the scikit-learn that saved it.
    here : Forks
        Under this Python.
    """
    ended: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="edgecry-zoo-") as folder:
        try:
            made = _converted(saved / f"{name}.pkl", there, here, ended)
        except ConversionError as error:
            return refused(name, str(error).replace(f"{saved}/", ""), ended)
        except Exception:
            return Verdict(name, TRACEBACK, traceback.format_exc())
        with np.load(saved / f"{name}.npz") as answers:
            X, P, classes = answers["X"], answers["P"], answers["classes"].tolist()
        made.save(Path(folder) / "out.onnx")
        np.save(Path(folder) / "X.npy", X)
        asked = here.run("tests.convert.versions.answer", Path(folder))
        if asked.code:
            return Verdict(name, SIGNAL if asked.code < 0 else TRACEBACK, asked.stderr or asked.complaint)
        labels = json.loads((Path(folder) / "labels.json").read_text(encoding="utf-8"))
        return compared(name, np.load(Path(folder) / "P.npy"), labels, P, classes)


def compared(name: str, ours: Any, labels: list[str], theirs: Any, classes: list[str]) -> Verdict:
    """Compare two answers, (n, n_classes) each, and the names of their columns."""
    if labels != classes or ours.shape != theirs.shape:
        return Verdict(name, WRONG, f"{ours.shape} of {labels}, not {theirs.shape} of {classes}")
    difference = float(np.abs(ours.astype(np.float64) - theirs).max())
    best = np.sort(theirs, axis=1)
    clear = best[:, -1] - best[:, -2] > _SAME
    others = int(np.sum(ours[clear].argmax(axis=1) != theirs[clear].argmax(axis=1)))
    said = f"largest difference {difference:.1e}, {others} other labels of {len(ours)}"
    # A number that is not one is not near.
    return Verdict(name, CONVERTED if difference <= _SAME and not others else WRONG, said, difference)


def _converted(path: Path, there: Forks, here: Forks, ended: list[Outcome]) -> Any:
    """What ``convert --isolated --anyway`` makes; both of its processes are forks, and end in ``ended``."""

    def isolated(source: Source, folder: Path, limits: Limits) -> None:
        ended.append(there.run("portable.worker", folder))
        read_result(ended[-1], folder, source.model.origin, limits)

    def proving(module: str, folder: Path, origin: str, limits: Limits) -> dict[str, Any]:
        (folder / "result.json").unlink(missing_ok=True)
        ended.append(here.run(module, folder))
        return read_result(ended[-1], folder, origin, limits)

    trial = Trial(isolated=True, anyway=True, limits=LIMITS)
    source = Source(PickleFile.read_model(path))
    with (
        mock.patch("convert.isolated.work_isolated", isolated),
        mock.patch("convert.proving.work_here", proving),
    ):
        return convert_stranger(source, None, SPEC, Card(path.stem), trial)[0]


def refused(name: str, said: str, ended: list[Outcome]) -> Verdict:
    """Tell what kind of refusal a sentence is, by it and by how the processes ended."""
    if any(one.code < 0 for one in ended):
        return Verdict(name, SIGNAL, said)
    if any("Traceback" in one.stderr for one in ended) or "Traceback" in said:
        return Verdict(name, TRACEBACK, f"{said}\n{ended[-1].stderr}")
    return Verdict(name, ACCIDENT if _ACCIDENTS.search(said) else REFUSED, said)
