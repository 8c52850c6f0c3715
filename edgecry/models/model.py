"""CryModel: opens, checks and runs a model file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecry.errors import EdgecryError, ModelError
from edgecry.features.spec import FeatureSpec
from edgecry.models.bundled import BUNDLED, bundled
from edgecry.models.metadata import ModelMetadata

INPUT, OUTPUT = "features", "probabilities"
#: A second output, of a network: what its last layer reads.
EMBEDDING = "embedding"
MAX_THREADS = 256
#: How far the sum of a row of probabilities may be from 1. It leaves room for the float32 sums of a large
#: forest, and no room for scores that are not probabilities.
SUM_TOLERANCE = 1e-3
#: The operator that a network begins with, as it stands in the first bytes of its file.
_CONVOLUTION, _HEAD = b"Conv", 4096
#: Operators that run a graph of their own again and again.
_ENDLESS: Final = (b"Loop", b"Scan", b"SequenceMap")
#: Log level of onnxruntime. It would log on stderr what it also raises, so only fatal errors are logged.
_LOG_FATAL = 4


@dataclass(frozen=True)
class RuntimeOptions:
    """How onnxruntime uses the machine. The defaults suit a small board that does other work too.

    Parameters
    ----------
    threads : int in [1, 256]
        Threads inside an operator. These models are too small to gain from more than one.
    spinning : bool
        True lets idle threads poll for work. They start a little sooner, and keep a core busy.
    arena : bool
        True keeps memory between runs in a growing pool. False gives it back.

    Raises
    ------
    EdgecryError
        ``threads`` is out of range.
    """

    threads: int = 1
    spinning: bool = False
    arena: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.threads, bool) or not isinstance(self.threads, int):
            raise EdgecryError(
                f"threads: {self.threads!r} is not a whole number; allowed are 1 to {MAX_THREADS}"
            )
        if not 1 <= self.threads <= MAX_THREADS:
            raise EdgecryError(f"threads: {self.threads} is out of range; allowed are 1 to {MAX_THREADS}")


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
        onnxruntime = _import_onnxruntime(path)
        session, props = _open(path, options or RuntimeOptions(), onnxruntime)
        metadata = ModelMetadata.from_props(props, str(path))
        _check_runtime(path, metadata, onnxruntime.__version__)
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
            found: list[Any] = self._session.run([output], {INPUT: vectors})
        except Exception as error:  # onnxruntime's errors have no base of their own
            raise ModelError(f"{self.path}: onnxruntime failed to run it ({_brief(error)})") from error
        return found

    def _vectors(self, X: ArrayLike) -> NDArray[np.float32]:
        n = self.spec.n_features
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


def _import_onnxruntime(path: Path) -> Any:
    # onnxruntime 1.32 starts a telemetry thread when it is imported; nothing here may leave the device.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError(
            f"{path}: onnxruntime, which runs it, cannot be imported ({error}); pip install onnxruntime"
        ) from error
    return onnxruntime


def _open(path: Path, options: RuntimeOptions, onnxruntime: Any) -> tuple[Any, dict[str, str]]:
    """Make the session, and read the metadata with it."""
    graph = path.read_bytes()
    _check_operators(path, graph)
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = _LOG_FATAL
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    settings.enable_cpu_mem_arena = options.arena
    # Optimisation halves the time of a network (0.27 ms a window in place of 0.53), for 3 ms at the start. It
    # makes trees no faster, and copies a forest again and again: 3 ms of a new process.
    levels = onnxruntime.GraphOptimizationLevel
    is_network = _CONVOLUTION in graph[:_HEAD]
    settings.graph_optimization_level = levels.ORT_ENABLE_ALL if is_network else levels.ORT_DISABLE_ALL
    for pool in ("intra_op", "inter_op"):
        settings.add_session_config_entry(f"session.{pool}.allow_spinning", str(int(options.spinning)))
    try:
        # Opened by path, because a session made from bytes keeps the bytes. The fallback would print on
        # stdout.
        session = onnxruntime.InferenceSession(
            os.fspath(path), settings, providers=["CPUExecutionProvider"], enable_fallback=0
        )
        return session, session.get_modelmeta().custom_metadata_map
    except Exception as error:  # onnxruntime's errors have no base of their own
        raise ModelError(f"{path}: {_explain(error, onnxruntime.__version__)}") from error


def _check_operators(path: Path, graph: bytes) -> None:
    """Refuse a graph with an operator that need not come to an end, wherever in it it stands.

    A node names its operator in field 4 of its message (onnx.proto), as a length and that many letters.
    """
    for name in _ENDLESS:
        if b"\x22" + bytes([len(name)]) + name in graph:
            raise ModelError(
                f"{path}: has the operator {name.decode()}, which need not come to an end; no model that "
                "'python -m convert' makes has it, so use a model file from there"
            )


def _explain(error: Exception, installed: str) -> str:
    """Return a sentence for what onnxruntime says of a file that it does not open."""
    text = str(error)
    if found := re.search(r"Opset (\d+) is under.*domain (\S+) is till opset (\d+)", text, re.DOTALL):
        return (
            f"uses operator set {found[1]} of {found[2]}, and the installed onnxruntime {installed} knows "
            f"up to {found[3]}; upgrade onnxruntime or convert the model again"
        )
    if found := re.search(r"IR version: (\d+), max supported IR version: (\d+)", text):
        return (
            f"is of ONNX version (IR) {found[1]}, and the installed onnxruntime {installed} knows up to "
            f"{found[2]}; upgrade onnxruntime or convert the model again"
        )
    if "INVALID_PROTOBUF" in text or "No graph was found" in text:
        return (
            "not an ONNX file, or cut short; copy it again, or if it is a scikit-learn pickle "
            "convert it with 'python -m convert convert'"
        )
    return f"the installed onnxruntime {installed} refuses it ({_brief(error)}); convert the model again"


def _brief(error: Exception) -> str:
    """Return the first line of an error, without the code that onnxruntime puts in front."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", first)


def _check_runtime(path: Path, metadata: ModelMetadata, installed: str) -> None:
    oldest = metadata.runtime["onnxruntime"]
    needed, found = _version(oldest), _version(installed)
    if needed is None:
        raise ModelError(f"{path}: runtime.onnxruntime is {oldest!r}; expected a version such as '1.19'")
    # A development build without a version number is accepted.
    if found is not None and found < needed:
        raise ModelError(
            f"{path}: needs onnxruntime {oldest} or newer, installed is {installed}; "
            "upgrade onnxruntime or convert the model again"
        )


def _version(text: object) -> tuple[int, int, int] | None:
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _check_tensors(path: Path, side: str, name: str, width: int, tensors: list[Any]) -> None:
    """Check one side of the graph: it must be a single float32 matrix [any, width] of the agreed name."""
    found = ", ".join(f"{t.name} {t.type} {t.shape}" for t in tensors)
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
