"""Report: what was measured and how, as text and JSON. ``page`` makes HTML of the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.evaluation.bootstrap import DRAWS, Interval, bootstrap
from convert.evaluation.curves import Curves, curves
from convert.evaluation.figures import AVERAGES, PER_CLASS, SUMMARY, Labels, Probabilities, figures
from convert.evaluation.gain import GainFigures
from convert.evaluation.permutation import Permutations
from convert.evaluation.protocol import LEAKY

Value = Interval | float | int | str
#: Over the tables of a random split.
RANDOM_SPLIT = f"{LEAKY}: one baby may be on both sides; these figures say nothing of another baby"
#: Under every comparison, as an interval that the figure lies outside of looks like a fault.
LEANING = (
    "The interval of a calibration error leans upwards: the chance gaps of a resample are larger than those "
    "of all recordings, so a small error may lie under its own interval."
)


@dataclass(frozen=True)
class Table:
    """Cells as text: a heading a column, a name a row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        return "\n".join([self.caption, "", *(_line(line, widths) for line in lines)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


@dataclass(frozen=True, eq=False)
class Comparison:
    """A model beside what guessing achieves, on the same recordings by the same folds.

    Make one with :func:`compare`.

    Parameters
    ----------
    title : str
    labels : tuple of str
    support : tuple of int
        Recordings of each label.
    figures : dict of str to dict of str to Interval
        By contender, the model first; then by figure, as :meth:`Figures.flat` names them.
    y : int [shape=(n,)]
    repeats : tuple of float [shape=(n, n_labels)]
        The model's probabilities by each seed, for the pictures.
    curves : Curves
    notes : tuple of str
    positive : str, optional
    """

    title: str
    labels: tuple[str, ...]
    support: tuple[int, ...]
    figures: Mapping[str, Mapping[str, Interval]]
    y: Labels
    repeats: tuple[Probabilities, ...]
    curves: Curves
    notes: tuple[str, ...] = ()
    positive: str | None = None

    def tables(self) -> Iterator[Table]:
        """The summary of every contender, and the model's classes."""
        (name, model), *_ = self.figures.items()
        (first, *_) = model.values()
        how = f"{first.level:.0%} intervals from {first.draws} resamples of groups"
        rows = [
            (what, *(str(found[key]) for found in self.figures.values()))
            for key, what in SUMMARY.items()
            if key in model
        ]
        yield Table(f"Summary; {how}", ("figure", *self.figures), tuple(rows))
        classes = [(label, *map(str, row.values())) for label, row in self.classes().items()]
        yield Table(f"Classes, {name}", ("class", *PER_CLASS, "support"), tuple(classes))

    def classes(self) -> dict[str, dict[str, Value]]:
        """Precision, recall, F1 and support of the model's classes, and their averages."""
        model = next(iter(self.figures.values()))
        support = dict(zip(self.labels, self.support, strict=True))
        support |= dict.fromkeys(AVERAGES, sum(self.support))
        return {
            name: {**{key: model[f"{key}/{name}"] for key in PER_CLASS}, "support": n}
            for name, n in support.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain types, to four decimals."""
        return {
            "title": self.title,
            "labels": list(self.labels),
            "positive": self.positive,
            "support": dict(zip(self.labels, self.support, strict=True)),
            "figures": {
                contender: {name: value.to_dict() for name, value in found.items()}
                for contender, found in self.figures.items()
            },
            "curves": self.curves.to_dict(),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Measurements:
    """Anything else that was measured, a row a case.

    Parameters
    ----------
    title : str
    case : str
        What the rows are, such as "gain".
    rows : dict of str to dict of str to Interval, number or text
        By case, then by column; every row has the same columns.
    notes : tuple of str
    """

    title: str
    case: str
    rows: Mapping[str, Mapping[str, Value]]
    notes: tuple[str, ...] = ()

    def tables(self) -> Iterator[Table]:
        """One."""
        columns = tuple(next(iter(self.rows.values()), {}))
        rows = [(case, *(_text(row[column]) for column in columns)) for case, row in self.rows.items()]
        yield Table(f"{self.title}, by {self.case}", (self.case, *columns), tuple(rows))

    def to_dict(self) -> dict[str, Any]:
        """Plain types, to four decimals."""
        rows = {case: {name: _plain(value) for name, value in row.items()} for case, row in self.rows.items()}
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}


Section = Comparison | Measurements


@dataclass(frozen=True, eq=False)
class Report:
    """All that was measured in one evaluation.

    Parameters
    ----------
    title : str
        What was evaluated.
    protocol : str
        How, in a sentence: ``str(splits)``, for one.
    data : str
        On what, in a sentence.
    sections : tuple of Comparison or Measurements
    leak : str
        Why the figures fool us, such as ``RANDOM_SPLIT``; said over every table. Empty if they do not.
    """

    title: str
    protocol: str
    data: str
    sections: tuple[Section, ...]
    leak: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain types, to four decimals, ready for JSON; the same evaluation gives the same."""
        warning = {LEAKY: self.leak} if self.leak else {}
        return {
            "title": self.title,
            "protocol": self.protocol,
            "data": self.data,
            "leaky": bool(self.leak),
            "sections": [{**warning, **section.to_dict()} for section in self.sections],
        }

    def __str__(self) -> str:
        lines = [
            self.title,
            "",
            *([self.leak, ""] if self.leak else []),
            f"protocol  {self.protocol}",
            f"data      {self.data}",
        ]
        for section in self.sections:
            lines += ["", "", section.title, "=" * len(section.title)]
            for table in section.tables():
                lines += ["", *([self.leak] if self.leak else []), str(table)]
            lines += ["", *section.notes] if section.notes else []
        return "\n".join(lines)


def compare(
    title: str,
    y: Labels,
    contenders: Mapping[str, Sequence[Probabilities]],
    labels: Sequence[str],
    groups: Sequence[str],
    *,
    positive: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    notes: Sequence[str] = (),
) -> Comparison:
    """Measure contenders on the same recordings, with intervals over the same resamples.

    Parameters
    ----------
    title : str
    y : int [shape=(n,)]
    contenders : dict of str to sequence of float [shape=(n, n_labels)]
        Probabilities by each seed; the model first, then the baselines.
    labels, groups : sequence of str
        Names of the classes, and group of each recording.
    positive : str, optional
        The label that is to be detected, of two.
    draws, seed : int
        Of the bootstrap.
    notes : sequence of str
        Remarks, shown under the tables, before that on calibration.
    """
    found = {
        name: bootstrap(
            lambda y, P: figures(y, P, labels, positive).flat(), y, repeats, groups, draws=draws, seed=seed
        )
        for name, repeats in contenders.items()
    }
    model = tuple(next(iter(contenders.values())))
    support = np.bincount(y, minlength=len(labels)).tolist()
    return Comparison(
        title,
        tuple(labels),
        tuple(support),
        found,
        y,
        model,
        curves(y, model, labels),
        (*notes, LEANING),
        positive,
    )


def gain_section(
    found: Sequence[GainFigures], title: str = "Gain test", notes: Sequence[str] = ()
) -> Measurements:
    """Lay out a gain test."""
    rows: dict[str, dict[str, Value]] = {
        f"{f.decibels:+g} dB": {"label unchanged": f.unchanged, "mean change of a probability": f.shift}
        for f in found
    }
    return Measurements(title, "gain", rows, tuple(notes))


def permutation_section(
    found: Mapping[str, Permutations], title: str = "Permutation test", notes: Sequence[str] = ()
) -> Measurements:
    """Lay out permutation tests, one for each score that was tested."""
    rows: dict[str, dict[str, Value]] = {
        name: {
            "observed": f.observed,
            "mean, permuted": f.null_mean,
            "95th percentile, permuted": f.null_p95,
            "p": f.p,
            "permutations": f.draws,
        }
        for name, f in found.items()
    }
    return Measurements(title, "score", rows, tuple(notes))


def _text(value: Value) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _plain(value: Value) -> Any:
    if isinstance(value, Interval):
        return value.to_dict()
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return value
