"""CryModel: opens, checks and runs a model file."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecry.errors import ModelError
from edgecry.features.spec import FeatureSpec
from edgecry.forks import unforked
from edgecry.models.bundled import BUNDLED, bundled
from edgecry.models.metadata import ModelMetadata
from edgecry.models.runtimes import RuntimeOptions, brief, metadata_of, open_session

INPUT, OUTPUT = "features", "probabilities"
#: A second output, of a network: what its last layer reads.
EMBEDDING = "embedding"
#: How far the sum of a row of probabilities may be from 1. It leaves room for the float32 sums of a large
#: forest, and no room for scores that are not probabilities.
SUM_TOLERANCE = 1e-3
#: The oldest onnxruntime that edgecry works with: one who asks for no newer one asks for nothing special.
OLDEST = (1, 19, 0)


class CryModel:
    """A model file that is open and checked. Make one with :meth:`load`. Threads may share it.

    Attributes
    ----------
    path : Path
        Where it was read from.
    metadata : ModelMetadata
        What the file says of itself.
    """

    def __init__(self, path: Path, metadata: ModelMetadata, session: Any) -> None:
        self.path = path
        self.metadata = metadata
        self._session = session
        self._width = metadata.spec.n_features  # a sum over families, which is not taken for each window

    @classmethod
    def load(cls, path: str | os.PathLike[str], options: RuntimeOptions | None = None) -> CryModel:
        """Open a model file. Refuse one that this device could misread.

        Parameters
        ----------
        path : path or str
            An ``.onnx`` file made by ``python -m convert``, or the name of a bundled model: "cry",
            "reason" or "seed" (a file of that name is "./seed").
        options : RuntimeOptions, optional
            How to run it; ``RuntimeOptions()`` if left out.

        Raises
        ------
        ModelError
            The file is missing, unreadable, not an ONNX file or incomplete, contradicts itself, or needs
            another onnxruntime. Or onnxruntime is not installed.
        """
        path = _resolve(path)
        _check_file(path)
        options = options or RuntimeOptions()
        session, version = open_session(path, options)
        metadata = ModelMetadata.from_props(metadata_of(session, path), str(path))
        if options.runtime == "light" and _needed(path, metadata) > OLDEST:
            # It may have what NumPy takes for something else, and onnxruntime says which version knows it.
            session, version = open_session(path, replace(options, runtime="auto"))
        _check_runtime(path, metadata, version)
        _check_tensors(path, "input", INPUT, metadata.spec.n_features, session.get_inputs())
        outputs = [tensor for tensor in session.get_outputs() if tensor.name != EMBEDDING]
        _check_tensors(path, "output", OUTPUT, len(metadata.labels), outputs)
        return cls(path, metadata, session)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.metadata.name

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self.metadata.labels

    @property
    def spec(self) -> FeatureSpec:
        """The recipe of the vector that it reads."""
        return self.metadata.spec

    @property
    def embedding_size(self) -> int:
        """Number of values that :meth:`embed` gives; 0 for a model without an embedding."""
        found = [tensor for tensor in self._session.get_outputs() if tensor.name == EMBEDDING]
        return int(found[0].shape[1]) if found else 0

    def require_embedding(self) -> None:
        """Raise a ModelError that names the file if the model has no embedding."""
        if not self.embedding_size:
            raise ModelError(f"{self.path}: has no embedding; a network has one, such as the model 'cry'")

    def embed(self, X: ArrayLike) -> NDArray[np.float32]:
        """Give what the last layer of a network reads.

        ``python -m convert adapt`` fits another last layer to it.

        Parameters
        ----------
        X : array_like [shape=(n_features,) or (n, n_features)]
            As :meth:`predict_proba` takes them.

        Returns
        -------
        np.ndarray [shape=(n, embedding_size), dtype=float32]

        Raises
        ------
        ModelError
            The model has no embedding; or as :meth:`predict_proba`.
        """
        self.require_embedding()
        vectors = self._vectors(X)
        (found,) = self._run(EMBEDDING, vectors)
        if found.shape != (len(vectors), self.embedding_size) or not np.isfinite(found).all():
            raise ModelError(f"{self.path}: gave an embedding that is not finite; convert the model again")
        embedding: NDArray[np.float32] = found
        return embedding

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Run the model.

        Parameters
        ----------
        X : array_like [shape=(n_features,) or (n, n_features)]
            Feature vectors as the extractor gives them, converted to float32.

        Returns
        -------
        np.ndarray [shape=(n, n_labels), dtype=float32]
            A probability in [0, 1] for each label; rows sum to 1. One vector gives one row.

        Raises
        ------
        ModelError
            The vectors have another length or are not finite, or the results are not probabilities.
        """
        vectors = self._vectors(X)
        (P,) = self._run(OUTPUT, vectors)
        self._check_probabilities(P, len(vectors))
        result: NDArray[np.float32] = P.clip(0, 1)  # the check allows for rounding
        return result

    def _run(self, output: str, vectors: NDArray[np.float32]) -> list[Any]:
        try:
            with unforked:
                found: list[Any] = self._session.run([output], {INPUT: vectors})
        except Exception as error:  # onnxruntime's errors have no base of their own
            raise ModelError(f"{self.path}: its graph failed to run ({brief(error)})") from error
        return found

    def _vectors(self, X: ArrayLike) -> NDArray[np.float32]:
        n = self._width
        given = np.asarray(X)
        if given.ndim not in (1, 2) or given.shape[-1] != n or given.dtype.kind not in "fiu":
            raise ModelError(
                f"{self.path}: found features of shape {given.shape} and type {given.dtype}; "
                f"expected numbers of shape ({n},) or (any, {n})"
            )
        with np.errstate(over="ignore"):  # becomes inf, which is reported
            vectors = np.ascontiguousarray(given.reshape(-1, n), dtype=np.float32)
        if not np.isfinite(vectors).all():
            row, column = np.argwhere(~np.isfinite(vectors))[0]
            raise ModelError(
                f"{self.path}: feature {self.spec.names[column]} of vector {row} is {vectors[row, column]} "
                "in float32; expected finite numbers"
            )
        return vectors

    def _check_probabilities(self, P: NDArray[np.float32], n: int) -> None:
        if P.shape != (n, len(self.labels)):
            raise ModelError(
                f"{self.path}: gave probabilities of shape {P.shape} for {n} vectors and "
                f"{len(self.labels)} labels; convert the model again"
            )
        total = P.sum(axis=1)
        # Written so that NaN fails the check.
        good = (P >= -SUM_TOLERANCE).all(axis=1) & (np.abs(total - 1) <= SUM_TOLERANCE)
        if not good.all():
            row = int(np.argmin(good))
            raise ModelError(
                f"{self.path}: gave {P[row].tolist()}, which are not probabilities (their sum is "
                f"{total[row]:g}); convert the model again"
            )


def _resolve(path: object) -> Path:
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ModelError(
            f"model: found {path!r}; allowed are a path and the name of a bundled model: {', '.join(BUNDLED)}"
        )
    return bundled(path) if isinstance(path, str) and path in BUNDLED else Path(path)


def _check_file(path: Path) -> None:
    if path in map(bundled, BUNDLED) and not path.exists():
        raise ModelError(
            f"{path}: this installation lacks its bundled model {path.stem!r}; install edgecry again, "
            "or name another model"
        )
    try:
        if not path.exists():
            raise ModelError(
                f"{path}: no such file; name an .onnx file made by 'python -m convert', or one of the "
                f"bundled models: {', '.join(BUNDLED)}"
            )
        if not path.is_file():
            raise ModelError(f"{path}: not a regular file; name an .onnx file")
        with path.open("rb") as file:
            start = file.read(1)
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
    if not start:
        raise ModelError(f"{path}: the file is empty; copy or convert the model again")
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        raise ModelError(f"{path}: onnxruntime opens only files named in UTF-8; rename it") from error


def _check_runtime(path: Path, metadata: ModelMetadata, installed: str | None) -> None:
    needed, found = _needed(path, metadata), _version(installed)
    # A development build without a version number is accepted, and NumPy has checked the operators.
    if found is not None and found < needed:
        raise ModelError(
            f"{path}: needs onnxruntime {metadata.runtime['onnxruntime']} or newer, "
            f"installed is {installed}; "
            "upgrade onnxruntime or convert the model again"
        )


def _needed(path: Path, metadata: ModelMetadata) -> tuple[int, int, int]:
    """Return the oldest onnxruntime that a file asks for."""
    oldest = metadata.runtime["onnxruntime"]
    needed = _version(oldest)
    if needed is None:
        raise ModelError(f"{path}: runtime.onnxruntime is {oldest!r}; expected a version such as '1.19'")
    return needed


def _version(text: object) -> tuple[int, int, int] | None:
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _check_tensors(path: Path, side: str, name: str, width: int, tensors: list[Any]) -> None:
    """Check one side of the graph: it must be a single float32 matrix [any, width] of the agreed name."""
    found = ", ".join(f"{t.name} {t.type} {list(t.shape)}" for t in tensors)
    if len(tensors) == 1:
        (tensor,) = tensors
        # A free dimension has no number: onnxruntime shows its name, or None.
        free = len(tensor.shape) == 2 and not isinstance(tensor.shape[0], int)
        if tensor.name == name and tensor.type == "tensor(float)" and free and tensor.shape[1] == width:
            return
    raise ModelError(
        f"{path}: its {side} is {found or 'missing'}; its metadata calls for exactly one, "
        f"{name} tensor(float) [any, {width}]; convert the model again"
    )
