"""From an estimator, in memory or in a pickle, to a model file that is proven to answer the same."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convert.errors import ConversionError, in_own_words, refusals
from convert.labels import class_names
from convert.parity import MAX_TOLERANCE, TOLERANCE, ParityReport, explain_outside, prove
from convert.portable.examine import Examined, examine
from convert.portable.graph import IR_VERSION, OLDEST_ONNXRUNTIME, OPSET
from convert.reads import features_read
from convert.seen import stated
from convert.sounds import sounds
from convert.widths import require_order
from edgecry.errors import ModelError
from edgecry.features.spec import FeatureSpec
from edgecry.models.metadata import TASKS, ModelMetadata
from edgecry.models.model import CryModel

logger = logging.getLogger("edgecry")

NOT_EVALUATED = "converted from a scikit-learn model; edgecry has not evaluated it"
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Card:
    """What a model file says of itself that the estimator cannot tell.

    Parameters
    ----------
    name : str
        What the model is called in answers.
    task : {"reason", "cry"}
    data : mapping
        ``name``, ``licence`` and ``attribution`` of the training data.
    evaluation : mapping
        ``protocol``: how the model was evaluated and on what; with figures, if there are any.
    decision : mapping
        ``rule`` and its settings.
    recordings : str, optional
        The recordings that it was trained on, as :func:`convert.seen.stated` gives them.
    """

    name: str
    task: str = "reason"
    data: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)
    recordings: str | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ConversionError("name: empty; name the model")
        if self.task not in TASKS:
            raise ConversionError(f"task: {self.task!r}; allowed are {', '.join(TASKS)}")


@dataclass(frozen=True)
class Converted:
    """A model file in memory. Made by :func:`convert`; proven when it exists.

    Attributes
    ----------
    onnx : bytes
        The file.
    metadata : ModelMetadata
        What it says of itself.
    report : ParityReport
        The proof.
    """

    onnx: bytes
    metadata: ModelMetadata
    report: ParityReport

    @cached_property
    def _model(self) -> CryModel:
        return open_model(self.onnx, self.metadata.name)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Run it as the device does: (n, n_features) to (n, n_labels)."""
        return self._model.predict_proba(X)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model file, whole or not at all.

        Raises
        ------
        ConversionError
            It cannot be written.
        """
        path = Path(path)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            try:
                beside.write_bytes(self.onnx)
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise ConversionError(f"{path}: cannot be written ({error.strerror})") from error
        return path


def convert(
    estimator: Any,
    labels: Any = None,
    spec: FeatureSpec | None = None,
    *,
    name: str | None = None,
    task: str = "reason",
    vectors: ArrayLike | None = None,
    data: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    decision: Mapping[str, Any] | None = None,
    recordings: Iterable[Path] | None = None,
    tolerance: float = TOLERANCE,
) -> Converted:
    """Convert a fitted scikit-learn classifier.

    It is proven on vectors that are made from the model and on those of real and synthetic sounds. A
    model that was fitted on quite other values than ``spec`` gives, as behind a scaler that is left out,
    is converted with a warning in the log.

    Parameters
    ----------
    estimator : fitted classifier with ``predict_proba``
    labels : sequence of str or LabelEncoder, optional
        Names of the classes, in the order of ``estimator.classes_``; not needed where those are names.
    spec : FeatureSpec, optional
        The recipe of the vectors it was trained on; ``FeatureSpec()`` if left out.
    name : str, optional
        What it is called in answers; its class' name if left out.
    task : {"reason", "cry"}
        Whether it names the reason of a cry, or tells a cry from other sounds.
    vectors : array_like [shape=(n, n_features)], optional
        Feature vectors to prove it on, besides those made from the model: such as were trained on.
    data, evaluation, decision : mapping, optional
        Records of the model file, see :class:`edgecry.models.metadata.ModelMetadata`.
    recordings : iterable of Path, optional
        The recordings that it was trained on. The model file keeps their digests, so that ``evaluate``
        says so when it is given one of them.
    tolerance : float in (0, 0.01]
        Largest difference of a probability that counts as the same answer.

    Raises
    ------
    ConversionError
        The estimator, the labels or the spec do not make a model file, or the file would answer
        differently.
    """
    spec = spec or FeatureSpec()
    encoder = labels if hasattr(labels, "inverse_transform") else None
    given = None if vectors is None else as_vectors(vectors, spec, "vectors")
    heard = sounds(spec)
    with refusals():
        examined = examine(estimator, encoder, given, spec.n_features, heard.vectors)
    if examined.outside is not None:
        logger.warning("%s", explain_outside(examined.outside, spec))
    card = Card(
        name or type(estimator).__name__,
        task,
        dict(data or {}),
        dict(evaluation or {}),
        dict(decision or {}),
        None if recordings is None else stated(recordings),
    )
    try:
        digest = hashlib.sha256(pickle.dumps(estimator, protocol=5)).hexdigest()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ConversionError(f"{card.name}: cannot be pickled, so it has no digest ({error})") from error
    names = None if encoder is not None else labels
    return package(examined, names, spec, card, digest, tolerance=tolerance, files=heard.files)


def package(
    examined: Examined,
    names: Sequence[str] | None,
    spec: FeatureSpec,
    card: Card,
    sha256: str,
    *,
    parts: Sequence[str] = (),
    tolerance: float = TOLERANCE,
    files: Sequence[tuple[Path, int]] = (),
) -> Converted:
    """Put metadata around an exported graph and prove the whole.

    Parameters
    ----------
    examined : Examined
        Graph and reference answers.
    names : sequence of str, optional
        Names of the classes where neither they nor an encoder are names.
    spec : FeatureSpec
    card : Card
    sha256 : str
        Digest of what was converted.
    parts : sequence of str
        Digests of the transformers that came in files of their own.
    tolerance : float in (0, 0.01]
    files : sequence of (Path, int)
        Recordings whose vectors are among the real ones, and their positions there; they go through the
        whole device path as well.

    Raises
    ------
    ConversionError
        The labels do not fit, or the graph answers differently; nothing is written.
    """
    require_order(examined.columns, spec)
    metadata = ModelMetadata(
        name=card.name,
        task=card.task,
        labels=class_names(examined.classes, examined.encoder, names),
        spec=spec,
        reads=features_read(examined.graph),
        decision={"rule": "argmax", **card.decision},
        evaluation={"protocol": NOT_EVALUATED, **card.evaluation, "parity": {}},
        source=_source(examined, sha256, parts),
        data={"name": NOT_STATED, "licence": NOT_STATED, "attribution": NOT_STATED, **card.data},
        runtime={"opset": dict(OPSET), "ir": IR_VERSION, "onnxruntime": OLDEST_ONNXRUNTIME},
        recordings=card.recordings,
    )
    draft = open_model(with_metadata(examined.graph, metadata), card.name)
    report = prove(draft, examined, tolerance, files)
    if not report.passed:
        raise ConversionError(
            f"{examined.estimator}: its ONNX graph does not answer as scikit-learn does, "
            f"so no model file was made: {report}{_way_out(report)}"
        )
    metadata = replace(metadata, evaluation={**metadata.evaluation, "parity": report.to_dict()})
    return Converted(with_metadata(examined.graph, metadata), metadata, report)


def _source(examined: Examined, sha256: str, parts: Sequence[str]) -> dict[str, Any]:
    source = {"estimator": examined.estimator, "sklearn": examined.sklearn, "sha256": sha256}
    return {**source, "parts": list(parts)} if parts else source


def _way_out(report: ParityReport) -> str:
    """What to do about a difference that changes no label."""
    if report.label_mismatches or not report.max_difference <= MAX_TOLERANCE:
        return ""
    return (
        f". If that is near enough for you: --tolerance {10 ** np.ceil(np.log10(report.max_difference)):.0e}"
    )


def with_metadata(graph: bytes, metadata: ModelMetadata) -> bytes:
    """Write metadata into an ONNX file."""
    import onnx

    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(model, metadata.to_props())
    return bytes(model.SerializeToString(deterministic=True))


def open_model(onnx: bytes, name: str) -> CryModel:
    """Open a model file that is still in memory, as the device would from its card."""
    with tempfile.TemporaryDirectory(prefix="edgecry-") as folder:
        path = Path(folder) / f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)[:60]}.onnx"
        path.write_bytes(onnx)
        try:
            return CryModel.load(path)
        except ModelError as error:
            said = str(error).removeprefix(f"{path}: ").replace(str(path), "it")
            raise ConversionError(
                f"the exported graph makes no model file: {in_own_words(error, said)}"
            ) from error


def as_vectors(values: ArrayLike, spec: FeatureSpec, origin: str) -> NDArray[np.float32]:
    """Check feature vectors and bring them to float32.

    Raises
    ------
    ConversionError
        They are of another length than the spec's, or not finite numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiu" or array.ndim != 2 or array.shape[1] != spec.n_features:
        raise ConversionError(
            f"{origin}: found shape {array.shape} of {array.dtype}; expected numbers, {spec.n_features} a row"
        )
    if len(array) == 0 or not np.isfinite(array.astype(np.float32)).all():
        raise ConversionError(f"{origin}: empty, or some values are not finite in float32")
    return array.astype(np.float32)
