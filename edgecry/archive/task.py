"""What is done with each recording of an archive, as a task that another process or machine can be sent."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from edgecry import __version__
from edgecry.answers.records import record
from edgecry.answers.sentences import sentence
from edgecry.errors import EdgecryError, EdgecryWarning

if TYPE_CHECKING:
    from edgecry.classifier import Classifier
    from edgecry.models.model import CryModel

#: What became of a recording: ``record`` for JSON, ``text`` for people, and ``notes`` of what was odd.
Told = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """Settings of a run, as ``edgecry classify`` takes them.

    Attributes
    ----------
    model : str or None
        The model of reasons; None for the bundled one.
    detector : str or None
        The model that is asked first; None takes every sound for a cry.
    threshold, coverage : float or None
        Values in place of the models' own.
    raw : bool
        True if nothing is decided, and the model's own answer is given.
    whole : bool
        True if a long recording gets one label, as a short one does.
    always : bool
        True if a short recording gets a timeline, as a long one does.
    strict : bool
        True if damaged recordings are refused.
    longest : float
        Seconds that a recording may last.
    top : int or None
        Number of labels that are told; None for all.
    engine : {"numpy", "numba"}
        The engine of the features. It is always named: two engines differ in the last digits, and a row
        must not depend on the process that made it.
    """

    model: str | None = None
    detector: str | None = "cry"
    threshold: float | None = None
    coverage: float | None = None
    raw: bool = False
    whole: bool = False
    always: bool = False
    strict: bool = False
    longest: float = 86_400.0
    top: int | None = None
    engine: str = "numpy"

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` gives."""
        return cls(**settings)


class Ear:
    """A task whose models are open.

    Raises
    ------
    EdgecryError
        A model is refused, or a setting does not suit it.
    """

    def __init__(self, task: Task) -> None:
        from edgecry.audio.load import AudioOptions
        from edgecry.classifier import Classifier
        from edgecry.decision import Decision

        self.task = task
        self._classifier: Classifier = Classifier(
            task.model,
            task.engine,
            detector=task.detector,
            decision=None if task.raw else Decision(task.threshold, task.coverage),
            audio=AudioOptions(task.strict, task.longest),
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the model, in its order."""
        return self._classifier.labels

    @property
    def identity(self) -> dict[str, Any]:
        """Return all that the rows depend on: the settings, and digests of the models and their recipes."""
        models = {"model": self._classifier.model, "detector": self._classifier.detector}
        return {
            "edgecry": __version__,
            **{f"{name} file": _digest(model) for name, model in models.items()},
            **{
                f"{name} recipe": None if model is None else model.spec.hash for name, model in models.items()
            },
            **self.task.to_dict(),
        }

    def tell(self, path: str) -> Told:
        """Classify a recording. An error becomes an answer too, and is not raised.

        The time that it takes is left out, because it differs from run to run.
        """
        task, work = self.task, self._classifier.answer
        if task.whole or task.raw:
            work = self._classifier.classify
        elif task.always:
            work = self._classifier.timeline
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always", EdgecryWarning)
            try:
                result: Any = work(path)
            except EdgecryError as error:
                result = error
        told = record(path, result, task.top)
        told.pop("elapsed_ms", None)
        said = [str(note.message) for note in notes if issubclass(note.category, EdgecryWarning)]
        return {
            "record": told,
            "text": sentence(path, result, task.top, task.raw),
            "notes": list(dict.fromkeys(said)),
        }


def failure(name: str, error: str) -> Told:
    """Make the row of a recording that has no answer; it says why."""
    failed = EdgecryError(error)
    return {"record": record(name, failed), "text": sentence(name, failed), "notes": []}


def digest(identity: Mapping[str, Any]) -> str:
    """Return a hash of an identity, which names the results that belong together."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _digest(model: CryModel | None) -> str | None:
    return None if model is None else hashlib.sha256(model.path.read_bytes()).hexdigest()[:16]
