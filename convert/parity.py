"""The proof that a model file answers as the estimator it was made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.portable.examine import Examined
from edgecry.decision import DIGITS
from edgecry.errors import ModelError
from edgecry.models.model import CryModel

#: Largest difference of a probability that still counts as the same answer.
TOLERANCE = 1e-5
#: Vectors run at once: the graph of nearest neighbours needs memory for each times its training points.
_BATCH = 16


@dataclass(frozen=True)
class ParityReport:
    """How a model file and its estimator compare.

    Parameters
    ----------
    vectors : int
        Feature vectors compared.
    given : int
        How many of them the user gave; the others are made from the model.
    max_difference : float
        Largest difference of a probability.
    tolerance : float
        Largest one allowed.
    label_mismatches : int
        Vectors for which the most probable label differs; ties not counted.
    ties : int
        Vectors whose two best labels are equally probable to the decimals that count.
    predict_differs : int
        Vectors for which the estimator's ``predict`` is not its own most probable label, as happens
        with SVC; the device goes by the probabilities.
    reference : str
        What the estimator ran in.
    runtime : str
        What the model file ran in.
    """

    vectors: int
    given: int
    max_difference: float
    tolerance: float
    label_mismatches: int
    ties: int
    predict_differs: int
    reference: str
    runtime: str

    @property
    def passed(self) -> bool:
        """Whether the two give the same answers."""
        return self.max_difference <= self.tolerance and self.label_mismatches == 0

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {**asdict(self), "passed": self.passed}

    def __str__(self) -> str:
        return (
            f"{self.vectors} vectors ({self.given} given), {self.reference} and {self.runtime}: "
            f"largest difference {self.max_difference:.1e} (allowed {self.tolerance:.0e}), "
            f"{self.label_mismatches} other labels, {self.ties} ties"
        )

    @property
    def note(self) -> str:
        """What the user should know although the proof holds; empty if nothing."""
        if not self.predict_differs:
            return ""
        return (
            f"for {self.predict_differs} of them the estimator's predict() is not the label it gives the "
            "highest probability; edgecry goes by the probabilities"
        )


def prove(model: CryModel, examined: Examined) -> ParityReport:
    """Run a model file as the device does and compare its answers with the estimator's.

    Parameters
    ----------
    model : CryModel
        The file, open.
    examined : Examined
        The estimator's answers.

    Raises
    ------
    ConversionError
        The model file does not run, or not for as many classes.
    """
    import onnxruntime

    expected, X = examined.probabilities, examined.vectors
    if expected.shape != (len(X), len(model.labels)):
        raise ConversionError(
            f"predict_proba gives an array of shape {expected.shape} for {len(X)} vectors and "
            f"{len(model.labels)} labels"
        )
    answers = _run(model, X)
    difference = float(np.abs(answers - expected).max())
    ordered = np.sort(expected, axis=1)
    tied = ordered[:, -1] - ordered[:, -2] <= 10.0**-DIGITS
    best = expected.argmax(axis=1)
    labels = np.round(answers, DIGITS).argmax(axis=1)
    return ParityReport(
        vectors=len(X),
        given=examined.given,
        # NaN never passes.
        max_difference=difference if np.isfinite(difference) else float("inf"),
        tolerance=TOLERANCE,
        label_mismatches=int(np.sum((labels != best) & ~tied)),
        ties=int(tied.sum()),
        predict_differs=int(np.sum((examined.predicted != best) & ~tied)),
        reference=f"scikit-learn {examined.sklearn}",
        runtime=f"onnxruntime {onnxruntime.__version__}",
    )


def _run(model: CryModel, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    try:
        parts = [model.predict_proba(vectors[i : i + _BATCH]) for i in range(0, len(vectors), _BATCH)]
    except ModelError as error:
        said = str(error).removeprefix(f"{model.path}: ").removesuffix("; convert the model again")
        raise ConversionError(f"the exported graph does not run as a model file must: {said}") from error
    return np.concatenate(parts).astype(np.float64)
