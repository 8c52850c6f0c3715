"""The proof that a model file answers as the estimator it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError, in_own_words
from convert.portable.examine import Examined
from edgecry.audio.load import load_audio
from edgecry.decision import DIGITS
from edgecry.errors import ModelError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel

#: Largest difference of a probability that still counts as the same answer.
TOLERANCE = 1e-5
#: Largest tolerance that may be asked for: as much as one tree of a hundred.
MAX_TOLERANCE = 0.01
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
        How many of them the user gave.
    real : int
        How many are of real and synthetic sounds. The others are made from the model.
    files : int
        Recordings that went through the whole device path, from the file to the probabilities.
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
    real: int
    files: int
    max_difference: float
    tolerance: float
    label_mismatches: int
    ties: int
    predict_differs: int
    reference: str
    runtime: str

    @property
    def passed(self) -> bool:
        """True if the two give the same answers."""
        return self.max_difference <= self.tolerance and self.label_mismatches == 0

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {**asdict(self), "passed": self.passed}

    def __str__(self) -> str:
        return (
            f"{self.vectors} vectors ({self.given} given, {self.real} of sounds, {self.files} from a file), "
            f"{self.reference} and {self.runtime}: "
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


def prove(
    model: CryModel,
    examined: Examined,
    tolerance: float = TOLERANCE,
    files: Sequence[tuple[Path, int]] = (),
) -> ParityReport:
    """Run a model file as the device does and compare its answers with the estimator's.

    Parameters
    ----------
    model : CryModel
        The file, open.
    examined : Examined
        The estimator's answers.
    tolerance : float in (0, 0.01]
        Largest difference of a probability that counts as the same answer.
    files : sequence of (Path, int)
        Recordings, each with its position among the real vectors. They are decoded and their features
        computed anew, as `edgecry classify` does it.

    Raises
    ------
    ConversionError
        The model file does not run, or not for as many classes; or the tolerance is out of range.
    """
    import onnxruntime

    if not 0 < tolerance <= MAX_TOLERANCE:
        raise ConversionError(f"tolerance: {tolerance:g} is out of range; allowed are 0 to {MAX_TOLERANCE:g}")
    expected, X = examined.probabilities, examined.vectors
    if expected.shape != (len(X), len(model.labels)):
        raise ConversionError(
            f"predict_proba gives an array of shape {expected.shape} for {len(X)} vectors and "
            f"{len(model.labels)} labels"
        )
    answers = _run(model, X)
    if files:
        rows = [examined.given + row for _, row in files]
        heard = _run_files(model, [path for path, _ in files])
        answers, expected = np.concatenate([answers, heard]), np.concatenate([expected, expected[rows]])
    difference = float(np.abs(answers - expected).max())
    ordered = np.sort(expected, axis=1)
    tied = ordered[:, -1] - ordered[:, -2] <= 10.0**-DIGITS
    best = expected.argmax(axis=1)
    labels = np.round(answers, DIGITS).argmax(axis=1)
    return ParityReport(
        vectors=len(X),
        given=examined.given,
        real=examined.real,
        files=len(files),
        # NaN never passes.
        max_difference=difference if np.isfinite(difference) else float("inf"),
        tolerance=tolerance,
        label_mismatches=int(np.sum((labels != best) & ~tied)),
        ties=int(tied.sum()),
        predict_differs=int(np.sum((examined.predicted != best[: len(X)]) & ~tied[: len(X)])),
        reference=examined.reference or f"scikit-learn {examined.sklearn}",
        runtime=f"onnxruntime {onnxruntime.__version__}",
    )


def _run(model: CryModel, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    try:
        parts = [model.predict_proba(vectors[i : i + _BATCH]) for i in range(0, len(vectors), _BATCH)]
    except ModelError as error:
        said = str(error).removeprefix(f"{model.path}: ").removesuffix("; convert the model again")
        raise ConversionError(
            f"the exported graph does not run as a model file must: {in_own_words(error, said)}"
        ) from error
    return np.concatenate(parts).astype(np.float64)


def _run_files(model: CryModel, paths: Sequence[Path]) -> NDArray[np.float64]:
    """Answers for recordings, by way of the features that the model reads and no others."""
    extractor = FeatureExtractor(model.spec, "numpy", model.metadata.families_read)
    rows = [model.predict_proba(extractor.extract(load_audio(path, model.spec.sr).samples)) for path in paths]
    return np.concatenate(rows).astype(np.float64)


def explain_outside(outside: Sequence[Any], spec: FeatureSpec) -> str:
    """Say where real vectors lie outside of what a model was fitted on, and the likely cause.

    Parameters
    ----------
    outside : sequence
        A :class:`convert.portable.region.Outside`, as a list.
    spec : FeatureSpec
    """
    estimator, count, known, features, whole = outside
    if not features:
        return (
            f"{estimator} gives {count} of {known} real sounds, cries and others alike, one label with a "
            f"probability of more than 0.999. {_CAUSE}"
        )
    names = spec.names if whole else ()
    shown = ", ".join(
        f"{names[i] if i < len(names) else f'value {i}'} is {typical:.4g} in a typical recording, "
        f"{low:.4g} to {high:.4g} in the model"
        for i, typical, low, high in features
    )
    return (
        f"{count} of {known} values that {estimator} reads lie far from what it was fitted on: {shown}. "
        f"{_OTHER_RECIPE if estimator.endswith('Scaler') else _CAUSE}"
    )


_CAUSE = (
    "Most likely it was fitted behind a scaler that is not in the file: give it with --scaler FILE. "
    "Or its features are of another recipe: see 'python -m convert spec'"
)
_OTHER_RECIPE = (
    "Most likely its features are of another recipe: give the spec that it was trained with, "
    "see 'python -m convert spec'"
)
