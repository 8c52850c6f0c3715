"""Writers: they write what became of each recording, in order. Text is for people, the rest for programs.

A recording that failed is reported in its place, so that every recording has an answer.
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

#: Longer names are not cut, but they do not shift the answers of the others.
MAX_NAME_WIDTH = 40


class Writer(ABC):
    """Writes what became of each file, in order.

    Parameters
    ----------
    stream : text file
        The file to write to.
    files : sequence of str
        The files that will come.
    labels : sequence of str
        The labels of the model, in its order.
    top : int, optional
        Number of labels to show, the most probable first; all if left out.

    Attributes
    ----------
    raw : bool
        True if its sentences are the model's own answers.
    binary : bool
        True if it writes bytes.
    single : bool
        True if it takes only one recording.
    needs_times : bool
        True if it tells only the times of cries.
    grows : bool
        True if what is written so far can be used before the end.
    """

    raw = binary = single = needs_times = grows = False

    def __init__(self, stream: IO[Any], files: Sequence[str], labels: Sequence[str], top: int | None) -> None:
        self.stream = stream
        self.files = files
        self.labels = labels
        self.top = top
        self.begin()

    def begin(self) -> None:  # noqa: B027 - most have nothing to do
        """Prepare, and write what comes before all answers."""

    def write(self, file: str, result: Result) -> None:
        """Write what became of one file."""
        self.put(record(file, result, self.top), sentence(file, result, self.top, self.raw))

    @abstractmethod
    def put(self, told: Mapping[str, Any], text: str) -> None:
        """Write what became of one file, by its record and its sentence."""

    def end(self) -> None:  # noqa: B027 - most have nothing to do
        """Write what comes after all answers."""


class TextWriter(Writer):
    """For people: one or two sentences for each recording."""

    grows = True

    def begin(self) -> None:
        """Find the width of the column of names."""
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
        """Start with no answers."""
        self.records: list[Mapping[str, Any]] = []

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Keep the answer for the array."""
        self.records.append(told)

    def end(self) -> None:
        """Write the array."""
        print(dump(self.records, indent=2), file=self.stream)


class JsonLinesWriter(Writer):
    """For programs that read line by line: an object a line."""

    grows = True

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Write a line, as soon as the file is done."""
        print(dump(told), file=self.stream, flush=True)


class CsvWriter(Writer):
    """For tables: a row for each cry of a long recording, and one row for every other recording.

    The columns do not depend on ``top``, nor on what the models tell. A missing value is an empty cell.
    """

    grows = True

    def begin(self) -> None:
        """Write the header."""
        import csv

        # Text is always quoted, so that any file name survives any reader.
        self.rows = csv.writer(self.stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self.rows.writerow(columns(self.labels))
        self.stream.flush()  # at once, because the first answer may take long

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Write the rows of a file as soon as it is done."""
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
