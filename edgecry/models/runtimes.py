"""Opens the graph of a model file: with onnxruntime, or with NumPy where there is no onnxruntime."""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgecry.checks import check_kinds, one_of, whole
from edgecry.errors import ModelError
from edgecry.terminal import quiet_stderr

RUNTIMES: Final = ("auto", "onnxruntime", "numpy", "light")
MAX_THREADS = 256
#: The operator that a network begins with, as it stands in the first bytes of its file.
_CONVOLUTION, _HEAD = b"Conv", 4096
#: Operators that run a graph of their own again and again.
_ENDLESS: Final = (b"Loop", b"Scan", b"SequenceMap")


def _varint(value: int) -> bytes:
    """Match a small number of protobuf, which may be written with bytes that add nothing."""
    return b"(?:%s|%s\x80*\0)" % (re.escape(bytes([value])), re.escape(bytes([value | 128])))


#: Field 4 of a node (onnx.proto), which names its operator.
_OPERATOR: Final = _varint(0x22)
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
    runtime : {"auto", "onnxruntime", "numpy", "light"}
        What computes. "auto" takes onnxruntime, and NumPy on boards for which there is no onnxruntime, such
        as 32-bit ones. NumPy gives the same probabilities within 1e-6, takes a few times as long, and leaves
        the other settings unused. "light" is for a process that answers once: it begins with NumPy, as
        importing onnxruntime takes more time and memory than a recording, and goes on with onnxruntime after
        :data:`~edgecry.models.light.FEW` vectors, or at once for a file that NumPy does not know.

    Raises
    ------
    EdgecryError
        ``threads`` or ``runtime`` is not allowed.
    """

    threads: int = 1
    spinning: bool = False
    arena: bool = False
    runtime: str = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "threads", whole("threads", self.threads, 1, MAX_THREADS))
        check_kinds(self)
        one_of("runtime", self.runtime, RUNTIMES)


def open_session(path: Path, options: RuntimeOptions) -> tuple[Any, str | None]:
    """Open the graph of a file.

    Parameters
    ----------
    path : Path
        A file that is there and can be read.
    options : RuntimeOptions

    Returns
    -------
    session
        An ``onnxruntime.InferenceSession``, or what stands for it.
    version : str or None
        The version of onnxruntime; None if NumPy computes, or begins.

    Raises
    ------
    ModelError
        The file is not an ONNX file, has an operator that may not come to an end, or needs another
        runtime. Or onnxruntime is wanted and not installed.
    """
    graph = path.read_bytes()
    _check_beginning(path, graph)
    _check_operators(path, graph)
    if options.runtime == "numpy":
        return _open_with_numpy(path, graph), None
    if options.runtime == "light" and (session := _begin_with_numpy(path, graph, options)) is not None:
        return session, None
    return _open_with_onnxruntime(path, graph, options)


def metadata_of(session: Any, path: Path) -> dict[str, str]:
    """Return the metadata of an open file.

    Raises
    ------
    ModelError
        They are not text.
    """
    try:
        props: dict[str, str] = session.get_modelmeta().custom_metadata_map
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{path}: its metadata are not UTF-8 text ({error.reason}); copy or convert the model again"
        ) from error
    return props


def _begin_with_numpy(path: Path, graph: bytes, options: RuntimeOptions) -> Any:
    """Open a file with NumPy, to be opened with onnxruntime later; None if NumPy cannot run it."""
    from edgecry.models.light import LightSession
    from edgecry.models.numpy_runtime import NumpySession
    from edgecry.models.onnx_file import BadFileError

    begun = hash(graph)

    def change() -> Any:
        now = path.read_bytes()
        if hash(now) != begun:
            raise ModelError(f"{path}: was replaced while it was in use; start again")
        return _open_with_onnxruntime(path, now, options)[0]

    try:
        return LightSession(NumpySession.open(graph), change)
    except BadFileError:
        return None


def _open_with_onnxruntime(path: Path, graph: bytes, options: RuntimeOptions) -> tuple[Any, str | None]:
    """Open a file with onnxruntime, or with NumPy where there is none and none is wanted."""
    onnxruntime = _import_onnxruntime(path, options.runtime)
    if onnxruntime is None:
        return _open_with_numpy(path, graph), None
    return _open(path, graph, options, onnxruntime), onnxruntime.__version__


def _open_with_numpy(path: Path, graph: bytes) -> Any:
    from edgecry.models.numpy_runtime import NumpySession
    from edgecry.models.onnx_file import BadFileError

    try:
        return NumpySession.open(graph)
    except BadFileError as error:
        raise ModelError(
            f"{path}: cannot be run with NumPy alone ({error}); use a model file that 'python -m convert' "
            "made, or a board for which there is an onnxruntime"
        ) from error


def _import_onnxruntime(path: Path, wanted: str) -> Any:
    """Import onnxruntime; None stands for NumPy, where it is not installed and need not be.

    A process that answers once has stderr for what it says itself.
    """
    # onnxruntime 1.32 starts a telemetry thread when it is imported; nothing here may leave the device.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        with quiet_stderr() if wanted == "light" else nullcontext():
            import onnxruntime
    except ModuleNotFoundError as error:
        if wanted in ("auto", "light") and error.name == "onnxruntime":
            return None
        raise ModelError(
            f"{path}: onnxruntime, which runs it, is missing ({error}); pip install onnxruntime"
        ) from error
    except ImportError as error:
        raise ModelError(
            f"{path}: onnxruntime, which runs it, cannot be imported ({error}); pip install onnxruntime"
        ) from error
    return onnxruntime


def _open(path: Path, graph: bytes, options: RuntimeOptions, onnxruntime: Any) -> Any:
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
        return onnxruntime.InferenceSession(
            os.fspath(path), settings, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # onnxruntime's errors have no base of their own
        raise ModelError(f"{path}: {_explain(error, onnxruntime.__version__)}") from error


def _check_operators(path: Path, graph: bytes) -> None:
    """Refuse a graph with an operator that need not come to an end, wherever in it it stands."""
    for name in _ENDLESS:
        # The search for the letters alone is quick, and finds nothing in nearly all files.
        if name not in graph or not re.search(_OPERATOR + _varint(len(name)) + name, graph):
            continue
        raise ModelError(
            f"{path}: has the operator {name.decode()}, which need not come to an end; no model that "
            "'python -m convert' makes has it, so use a model file from there"
        )


#: How files begin that are given for a model, what they are, and what to do.
_OTHERS: Final = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the model itself; run 'git lfs pull'"),
    (b"<", "is a web page, or another text in HTML or XML, not a model; download the file itself"),
    (b"PK\x03\x04", "is a ZIP archive, not an ONNX file; unpack it if the model is in it"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it, and give the file in it"),
    (b"\x89HDF", "is an HDF5 file (Keras?), not an ONNX file; edgecry reads what 'python -m convert' makes"),
)


def _check_beginning(path: Path, data: bytes) -> None:
    """Refuse what is no ONNX file by its first bytes, and say what it is."""
    for start, said in _OTHERS:
        if data.startswith(start):
            raise ModelError(f"{path}: {said}")


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
    return f"the installed onnxruntime {installed} refuses it ({brief(error)}); convert the model again"


def brief(error: Exception) -> str:
    """Return the first line of an error, without the code that onnxruntime puts in front."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", first)
