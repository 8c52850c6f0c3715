"""Writers: what becomes of each recording, in the order they come. Text for people, the rest for programs.

A recording that failed is reported in its place, so that the answers line up with the questions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from edgecry.answers.records import columns, dump, record, rows
from edgecry.answers.sentences import sentence
from edgecry.terminal import printable

if TYPE_CHECKING:
    from edgecry.answers.records import Result

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

    Attributes
    ----------
    raw : bool
        Whether its sentences are the model's own answers.
    binary : bool
        Whether it writes bytes.
    single : bool
        Whether it is for one recording alone.
    needs_times : bool
        Whether it tells the times of cries and nothing else.
    grows : bool
        Whether what is written so far is of use before the end.
    """

    raw = binary = single = needs_times = grows = False

    def __init__(self, stream: IO[Any], files: Sequence[str], labels: Sequence[str], top: int | None) -> None:
        self.stream = stream
        self.files = files
        self.labels = labels
        self.top = top
        self.begin()

    def begin(self) -> None:  # noqa: B027 - most have nothing to do
        """Prepare, and write what stands before all answers."""

    def write(self, file: str, result: Result) -> None:
        """Write what became of one file."""
        self.put(record(file, result, self.top), sentence(file, result, self.top, self.raw))

    @abstractmethod
    def put(self, told: Mapping[str, Any], text: str) -> None:
        """Write what became of one file, by its record and its sentence."""

    def end(self) -> None:  # noqa: B027 - most have nothing to do
        """Write what stands after all answers."""


class TextWriter(Writer):
    """For people: a sentence or two a recording."""

    grows = True

    def begin(self) -> None:
        """Find how wide the column of names is."""
        widths = [len(printable(file)) for file in self.files]
        self.width = max((w for w in widths if w <= MAX_NAME_WIDTH), default=0)

    def put(self, told: Mapping[str, Any], text: str) -> None:
        """Write a line, as soon as the file is done."""
        line = f"{printable(told['file']).ljust(self.width)}  {text}"
        print(line.rstrip(), file=self.stream, flush=True)


class RawTextWriter(TextWriter):
    """For people who want the model's own answer: the label, its probability, and the others after it."""

    raw = True


class JsonWriter(Writer):
    """For programs: one array of all answers."""

    def begin(self) -> None:
        """Begin with none."""
        self.records: list[Mapping[str, Any]] = []

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Keep it."""
        self.records.append(told)

    def end(self) -> None:
        """Write the array."""
        print(dump(self.records, indent=2), file=self.stream)


class JsonLinesWriter(Writer):
    """For programs that read as it comes: an object a line."""

    grows = True

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Write a line, as soon as the file is done."""
        print(dump(told), file=self.stream, flush=True)


class CsvWriter(Writer):
    """For tables: a row for each cry of a long recording, and one row for every other recording.

    The columns do not depend on ``top``, nor on what the models tell: what there is not is an empty cell.
    """

    grows = True

    def begin(self) -> None:
        """Write the header."""
        import csv

        # Text is always quoted, so that any file name survives any reader.
        self.rows = csv.writer(self.stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self.rows.writerow(columns(self.labels))
        self.stream.flush()  # now: the first answer may be long in coming

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Write the rows of a file, as soon as it is done."""
        for row in rows(told, self.labels):
            self.rows.writerow(map(_cell, row.values()))
        self.stream.flush()


def _cell(value: object) -> object:
    """Put a value into a cell of CSV."""
    if value is None:
        return ""
    return dump(value) if isinstance(value, bool) else value


WRITERS: Final[Mapping[str, type[Writer]]] = {
    "text": TextWriter,
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
}
#: Formats whose writers are loaded only when they are asked for: their modules, and the names of the classes.
_OTHERS: Final = {
    "parquet": ("parquet", "ParquetWriter"),
    "audacity": ("labels", "AudacityWriter"),
    "raven": ("labels", "RavenWriter"),
    "srt": ("labels", "SubtitleWriter"),
}
FORMATS: Final = (*WRITERS, *_OTHERS)


def writer_of(form: str, raw: bool = False) -> type[Writer]:
    """Return the class that writes one of ``FORMATS``."""
    if form in WRITERS:
        return RawTextWriter if raw and form == "text" else WRITERS[form]
    from importlib import import_module

    module, name = _OTHERS[form]
    kind: type[Writer] = getattr(import_module(f"edgecry.answers.{module}"), name)
    return kind
