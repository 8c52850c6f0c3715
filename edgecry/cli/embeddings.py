"""``edgecry features --embedding``: what the last layer of a detector's network reads, window by window."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from edgecry.answers.records import dump
from edgecry.decision import DIGITS
from edgecry.errors import EdgecryError
from edgecry.terminal import quiet_stderr

if TYPE_CHECKING:
    from edgecry.arrays import Float32
    from edgecry.audio.load import AudioOptions
    from edgecry.decision import Window
    from edgecry.detector import Detector

    Embedded = tuple[list[Window], Float32]
    Outcome = tuple[str, Embedded | EdgecryError]


def open_network(model: str) -> Detector:
    """Open a detector that has an embedding.

    Raises
    ------
    ModelError
        The model is not a detector, or has no embedding.
    """
    with quiet_stderr(), suppress(ImportError):  # opening the model reports this
        import onnxruntime  # noqa: F401
    from edgecry.detector import Detector
    from edgecry.models.model import CryModel

    opened = CryModel.load(model)
    opened.require_embedding()
    return Detector(opened)


def work_of(network: Detector, options: AudioOptions) -> Callable[[str | BinaryIO], Embedded]:
    """Return what is done with each recording: its windows, and their embeddings."""
    from edgecry.audio.load import load_audio

    return lambda source: network.embed(load_audio(source, network.spec.sr, options).samples)


def write(stream: IO[Any], form: str, outcomes: Sequence[Outcome], size: int) -> None:
    """Write the embeddings of all windows of all files.

    Parameters
    ----------
    stream : text file, or binary file for "npy"
    form : {"csv", "json", "npy"}
    outcomes : sequence of (file, (windows, embeddings) or EdgecryError)
    size : int
        Values of an embedding.
    """
    if form == "csv":
        _write_csv(stream, outcomes, size)
    elif form == "json":
        _write_json(stream, outcomes)
    else:
        _write_npy(stream, outcomes, size)


def _write_csv(stream: IO[str], outcomes: Sequence[Outcome], size: int) -> None:
    """Write a row a window. The values of a silent window are empty, and all cells of a failed file."""
    rows = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow(["file", "start", "end", "probability", *(f"embedding_{i}" for i in range(size))])
    for file, result in outcomes:
        if isinstance(result, EdgecryError):
            rows.writerow([file, *[""] * (size + 3)])
            continue
        for window, values in _windows(result):
            times = (round(value, DIGITS) for value in window)
            rows.writerow([file, *times, *([""] * size if values is None else values)])


def _write_json(stream: IO[str], outcomes: Sequence[Outcome]) -> None:
    """Write one array. The embedding of a silent window is null."""
    records: list[dict[str, Any]] = []
    for file, result in outcomes:
        if isinstance(result, EdgecryError):
            records.append({"file": file, "error": str(result)})
            continue
        windows = [
            {**{name: round(value, DIGITS) for name, value in window._asdict().items()}, "embedding": values}
            for window, values in _windows(result)
        ]
        records.append({"file": file, "windows": windows})
    print(dump(records, indent=2), file=stream)


def _write_npy(stream: IO[bytes], outcomes: Sequence[Outcome], size: int) -> None:
    """Write float32 [shape=(n_windows, size)]. A silent window is a row of NaN, and so is a failed file."""
    import numpy as np

    failed = np.full((1, size), np.nan, np.float32)
    tables = [failed if isinstance(result, EdgecryError) else result[1] for _, result in outcomes]
    content = BytesIO()  # numpy seeks in what it takes for a file, and a pipe cannot
    np.save(content, np.concatenate(tables), allow_pickle=False)
    stream.write(content.getbuffer())


def _windows(result: Embedded) -> Iterator[tuple[Window, list[float] | None]]:
    windows, embeddings = result
    for window, row in zip(windows, embeddings, strict=True):
        # float32 has seven decimals; written as the float64 it is, a value would show ten more.
        values = [float(str(value)) for value in row]
        yield window, None if math.isnan(values[0]) else values
