"""How predictions are written: text for people, JSON and CSV for programs.

A recording that failed is reported in its place, so that the answers line up with the questions.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from edgecry.cli.talk import printable
from edgecry.decision import rank
from edgecry.errors import EdgecryError

if TYPE_CHECKING:
    from edgecry.classifier import Prediction

#: Longer names are not cut, but they do not push the others' answers aside.
MAX_NAME_WIDTH = 40


class Writer(ABC):
    """Writes what became of each file, in the order they come.

    Parameters
    ----------
    stream : text file
        Where to.
    files : sequence of str
        The files that will come.
    labels : sequence of str
        The labels of the model, in its order.
    top : int, optional
        How many labels to show, the most probable ones; all if left out.
    """

    def __init__(self, stream: TextIO, files: Sequence[str], labels: Sequence[str], top: int | None) -> None:
        self.stream = stream
        self.files = files
        self.labels = labels
        self.top = top
        self.begin()

    def begin(self) -> None:  # noqa: B027 - most have nothing to do
        """Prepare, and write what stands before all answers."""

    @abstractmethod
    def write(self, file: str, result: Prediction | EdgecryError) -> None:
        """Write what became of one file."""

    def end(self) -> None:  # noqa: B027 - most have nothing to do
        """Write what stands after all answers."""

    def record(self, file: str, result: Prediction | EdgecryError) -> dict[str, Any]:
        """Put an answer, or what went wrong, into plain types."""
        if isinstance(result, EdgecryError):
            return {"file": file, "error": str(result)}
        out = {"file": file, **result.to_dict()}
        if self.top is not None:
            out["probabilities"] = most_probable(out["probabilities"], self.top)
        return out


class TextWriter(Writer):
    """For people: the label, its probability, and the other labels after it."""

    def begin(self) -> None:
        """Find how wide the column of names is."""
        widths = [len(printable(file)) for file in self.files]
        self.width = max((w for w in widths if w <= MAX_NAME_WIDTH), default=0)

    def write(self, file: str, result: Prediction | EdgecryError) -> None:
        """Write a line, as soon as the file is done."""
        name = printable(file).ljust(self.width)
        if isinstance(result, EdgecryError):
            print(f"{name}  not classified", file=self.stream, flush=True)
            return
        (_, *others) = most_probable(result.probabilities, self.top or len(self.labels)).items()
        rest = "  ".join(f"{printable(label)} {p:.2f}" for label, p in others)
        answer = f"{name}  {printable(result.label)} ({result.confidence:.2f})"
        print(f"{answer}   {rest}".rstrip(), file=self.stream, flush=True)


class JsonWriter(Writer):
    """For programs: one array of all answers."""

    def begin(self) -> None:
        """Begin with none."""
        self.records: list[dict[str, Any]] = []

    def write(self, file: str, result: Prediction | EdgecryError) -> None:
        """Keep it."""
        self.records.append(self.record(file, result))

    def end(self) -> None:
        """Write the array."""
        print(dump(self.records, indent=2), file=self.stream)


class JsonLinesWriter(Writer):
    """For programs that read as it comes: an object a line."""

    def write(self, file: str, result: Prediction | EdgecryError) -> None:
        """Write a line, as soon as the file is done."""
        print(dump(self.record(file, result)), file=self.stream, flush=True)


class CsvWriter(Writer):
    """For tables: a column for each label's probability, and one for the error.

    The columns do not depend on ``top``: what it leaves out is an empty cell.
    """

    FIELDS = ("file", "label", "confidence", "duration", "elapsed_ms", "model", "error")

    def begin(self) -> None:
        """Write the header."""
        import csv

        # Text is always quoted, so that any file name survives any reader.
        self.rows = csv.writer(self.stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self.rows.writerow([*self.FIELDS, *(f"p_{label}" for label in self.labels)])

    def write(self, file: str, result: Prediction | EdgecryError) -> None:
        """Write a row, as soon as the file is done."""
        record = self.record(file, result)
        cells = [record.get(field, "") for field in self.FIELDS]
        probabilities = record.get("probabilities", {})
        self.rows.writerow([*cells, *(probabilities.get(label, "") for label in self.labels)])
        self.stream.flush()


WRITERS: Mapping[str, type[Writer]] = {
    "text": TextWriter,
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
}


def most_probable(probabilities: Mapping[str, float], top: int) -> dict[str, float]:
    """Keep the ``top`` most probable labels, the most probable first."""
    labels, values = list(probabilities), list(probabilities.values())
    return {labels[i]: values[i] for i in rank(values)[:top]}


def dump(value: object, indent: int | None = None) -> str:
    """Write JSON in ASCII, which carries every file name, even one that is not text, unharmed."""
    return json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False)
