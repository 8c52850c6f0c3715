"""How predictions are written: text for people, JSON and CSV for programs.

A recording that failed is reported in its place, so that the answers line up with the questions.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from edgecry.decision import rank
from edgecry.errors import EdgecryError
from edgecry.models.rules import CRY, UNCERTAIN
from edgecry.terminal import printable

if TYPE_CHECKING:
    from edgecry.classifier import Prediction
    from edgecry.decision import Cry, Reasons

#: Longer names are not cut, but they do not push the others' answers aside.
MAX_NAME_WIDTH = 40
#: A probability that is as near as this to the share in the data is treated as the same.
NO_NEWS = 0.02
#: A probability from which on people expect to hear yes.
LIKELY = 0.5


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
    """For people: a sentence or two a recording."""

    def begin(self) -> None:
        """Find how wide the column of names is."""
        widths = [len(printable(file)) for file in self.files]
        self.width = max((w for w in widths if w <= MAX_NAME_WIDTH), default=0)

    def write(self, file: str, result: Prediction | EdgecryError) -> None:
        """Write a line, as soon as the file is done."""
        answer = _complaint(file, result) if isinstance(result, EdgecryError) else self.answer(result)
        line = f"{printable(file).ljust(self.width)}  {answer}"
        print(line.rstrip(), file=self.stream, flush=True)

    def answer(self, result: Prediction) -> str:
        """Put a prediction into sentences; the labels' probabilities after them if asked for."""
        if result.cry is None and result.reasons is None:
            return ranking(result, self.top)
        text = in_words(result)
        if self.top is None or not result.probabilities:
            return text
        return f"{text}   {_listed(most_probable(result.probabilities, self.top))}"


class RawTextWriter(TextWriter):
    """For people who want the model's own answer: the label, its probability, and the others after it."""

    def answer(self, result: Prediction) -> str:
        """Put the ranked labels of a prediction into a line."""
        return ranking(result, self.top)


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

    The columns do not depend on ``top``, nor on what the models tell: what there is not is an empty cell.
    """

    FIELDS = ("file", "label", "confidence", "duration", "elapsed_ms", "model", "error")
    FOUND = ("cry_probability", "cry_detected", "reason_set", "heard")

    def begin(self) -> None:
        """Write the header."""
        import csv

        # Text is always quoted, so that any file name survives any reader.
        self.rows = csv.writer(self.stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self.rows.writerow([*self.FIELDS, *self.FOUND, *(f"p_{label}" for label in self.labels)])
        self.stream.flush()  # now: the first answer may be long in coming

    def write(self, file: str, result: Prediction | EdgecryError) -> None:
        """Write a row, as soon as the file is done."""
        record = self.record(file, result)
        cells = [record.get(field, "") for field in self.FIELDS]
        cry, reasons = record.get("cry"), record.get("reasons")
        cells += ["", ""] if cry is None else [cry["probability"], dump(cry["detected"])]
        cells += ["" if reasons is None else ";".join(reasons["set"]), record.get("heard", "")]
        probabilities = record.get("probabilities", {})
        self.rows.writerow([*cells, *(probabilities.get(label, "") for label in self.labels)])
        self.stream.flush()


WRITERS: Mapping[str, type[Writer]] = {
    "text": TextWriter,
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
}


# -- in words --------------------------------------------------------------------------------------


def in_words(result: Prediction) -> str:
    """Say what was found as one would to a parent."""
    words = []
    if result.heard != "sound":
        words.append(_nothing_in_words(result))
    elif result.cry is not None:
        words.append(_cry_in_words(result.cry))
    if result.reasons is not None:
        words.append(_reason_in_words(result.label, result.reasons))
    elif result.cry is not None and result.cry.detected and result.label != CRY:
        words.append(f"Perhaps {_readable(result.label)} ({_chance(result.probabilities[result.label])}).")
    return " ".join(words)


def _nothing_in_words(result: Prediction) -> str:
    """Why nothing can be said, which is not the same as a quiet room."""
    if result.heard == "digital_silence":
        return "Nothing but digital silence: a live microphone always gives some noise."
    if result.heard == "too_quiet":
        return "Too quiet to tell: raise the gain of the microphone, or move it nearer."
    chance = "" if result.cry is None else f" (cry {_chance(result.cry.probability)})"
    return f"Too short to tell: {result.duration:.2g} s{chance}."


def _cry_in_words(cry: Cry) -> str:
    """With the chance of a cry either way; where "no" surprises beside it, from where on it would be one."""
    if cry.detected:
        return f"Crying ({_chance(cry.probability)})."
    if cry.probability < LIKELY:
        return f"No cry (cry {_chance(cry.probability)})."
    under = math.floor(100 * cry.probability) / 100  # rounded down, so that it does not show as the threshold
    return f"No cry (cry {under:.2f}, counted from {cry.threshold:g})."


def _reason_in_words(label: str, reasons: Reasons) -> str:
    """Name a reason only where the evidence does, and beside how common it is in the data."""
    if label == UNCERTAIN:
        return "No reason can be told apart."
    p, prior = reasons.probabilities[label], reasons.prior[label]
    if abs(p - prior) < NO_NEWS:
        how = f"{_chance(p)}, which is how common it is in the data"
    else:
        how = f"{_chance(p)}; {_chance(prior)} of the recordings in the data are"
    return f"Perhaps {_readable(label)} ({how})."


def ranking(result: Prediction, top: int | None) -> str:
    """The answer and its probability, and after them the other labels."""
    (_, *others) = most_probable(result.probabilities, top or len(result.probabilities)).items()
    confidence = "" if result.confidence is None else f" ({result.confidence:.2f})"
    return f"{printable(result.label)}{confidence}   {_listed(dict(others))}".rstrip()


def _listed(probabilities: Mapping[str, float]) -> str:
    return "  ".join(f"{printable(label)} {p:.2f}" for label, p in probabilities.items())


def _chance(p: float) -> str:
    """Two decimals, but nothing is put as certain."""
    if p >= 0.995:
        return "over 0.99"
    return "under 0.01" if p < 0.005 else f"{p:.2f}"


def _readable(label: str) -> str:
    return printable(label.replace("_", " "))


def _complaint(file: str, error: EdgecryError) -> str:
    """What is wrong, without the name in front; what to do about it is on stderr."""
    text = str(error).removeprefix(f"{file}: ").removeprefix("<stdin>: ")
    return f"not classified: {printable(text.split('; ')[0])}"


def most_probable(probabilities: Mapping[str, float], top: int) -> dict[str, float]:
    """Keep the ``top`` most probable labels, the most probable first."""
    labels, values = list(probabilities), list(probabilities.values())
    return {labels[i]: values[i] for i in rank(values)[:top]}


def dump(value: object, indent: int | None = None) -> str:
    """Write JSON in ASCII, which carries every file name, even one that is not text, unharmed."""
    return json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False)
