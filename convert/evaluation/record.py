"""A report as the ``evaluation`` record of a model file, which :mod:`edgecry.models.card` lays out.

Figures and their intervals only: a model file is copied to small devices, and the pictures' curves are
many times its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from convert.evaluation.bootstrap import Interval
from convert.evaluation.exhibit import Exhibit
from convert.evaluation.figures import SUMMARY
from convert.evaluation.report import Comparison, Report, Section, Value


def record(report: Report) -> dict[str, Any]:
    """Plain types: ``protocol``, and ``sections`` with a ``title`` and tables.

    The protocol begins with why the figures fool us, if they do, and ends with what the intervals are.
    A table is a list of rows, each an object with its ``name`` and a cell a column; ``rows`` is the
    section's own, ``case`` what they are of, ``classes`` that of the labels. A cell is a number, a text,
    or an object of ``value``, ``low`` and ``high``.
    """
    protocol = f"{report.protocol}. Measured on {report.data}"
    sections = [section for section in report.sections if not isinstance(section, Exhibit)]
    interval = next((one for section in sections for one in _intervals(section)), None)
    if interval is not None:
        protocol += f". Intervals are of {interval.level:.0%}, from {interval.draws} resamples of groups"
    return {
        "protocol": f"{report.leak}. {protocol}" if report.leak else protocol,
        "sections": [_section(section) for section in sections],
    }


def _intervals(section: Section) -> Iterator[Interval]:
    rows = section.figures if isinstance(section, Comparison) else section.rows
    yield from (cell for row in rows.values() for cell in row.values() if isinstance(cell, Interval))


def _section(section: Section) -> dict[str, Any]:
    notes = {"protocol": " ".join(section.notes)} if section.notes else {}
    return {"title": section.title, **notes, **_tables(section)}


def _tables(section: Section) -> dict[str, Any]:
    if not isinstance(section, Comparison):
        return {
            "case": section.case,
            "rows": [_row(case, columns) for case, columns in section.rows.items()],
        }
    model, *_ = section.figures.values()
    summary = [
        _row(name, {contender: found[key] for contender, found in section.figures.items()})
        for key, name in SUMMARY.items()
        if key in model
    ]
    classes = [_row(label, columns) for label, columns in section.classes().items()]
    return {"rows": summary, "classes": classes}


def _row(name: str, columns: Mapping[str, Value]) -> dict[str, Any]:
    return {"name": name, **{column: _cell(value) for column, value in columns.items()}}


def _cell(value: Any) -> Any:
    """To four decimals; None for what is undefined, anything else as it is."""
    if isinstance(value, Interval):
        return {key: _cell(float(getattr(value, key))) for key in ("value", "low", "high")}
    if isinstance(value, float):
        return round(float(value), 4) if np.isfinite(value) else None
    return value
