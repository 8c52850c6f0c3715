"""A report as the ``evaluation`` record of a model file, which :mod:`edgecry.card` lays out.

Figures and their intervals only: a model file is copied to small devices, and the pictures' curves are
many times its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convert.evaluation.bootstrap import Interval
from convert.evaluation.figures import PER_CLASS, SUMMARY
from convert.evaluation.report import Comparison, Report, Section, Value


def record(report: Report) -> dict[str, Any]:
    """Plain types: ``protocol``, the first comparison's ``figures`` and ``majority``, and ``sections``.

    The protocol begins with why the figures fool us, if they do.
    """
    protocol = f"{report.protocol}. Measured on {report.data}"
    comparison = next((one for one in report.sections if isinstance(one, Comparison)), None)
    return {
        "protocol": f"{report.leak}. {protocol}" if report.leak else protocol,
        **({} if comparison is None else _classes(comparison)),
        "sections": [_section(section) for section in report.sections],
    }


def _classes(comparison: Comparison) -> dict[str, Any]:
    model = next(iter(comparison.figures))
    found = {"figures": _figures(comparison, model)}
    if "majority" in comparison.figures:
        found["majority"] = _figures(comparison, "majority")
    return found


def _figures(comparison: Comparison, contender: str) -> dict[str, Any]:
    """As :meth:`convert.evaluation.figures.Figures.to_dict` gives them; means over the repeats."""
    found = comparison.figures[contender]
    support = zip(comparison.labels, comparison.support, strict=True)
    classes = {
        label: {**{key: _number(found[f"{key}/{label}"].value) for key in PER_CLASS}, "support": n}
        for label, n in support
    }
    return {**{key: _number(found[key].value) for key in SUMMARY if key in found}, "classes": classes}


def _section(section: Section) -> dict[str, Any]:
    if isinstance(section, Comparison):
        (model, *others) = section.figures
        rows = [
            {"name": name, **_with_ends(section.figures[model][key])}
            | {other: _number(section.figures[other][key].value) for other in others}
            for key, name in SUMMARY.items()
            if key in section.figures[model]
        ]
    else:
        rows = [{"name": case, **_row(columns)} for case, columns in section.rows.items()]
    notes = {"protocol": " ".join(section.notes)} if section.notes else {}
    return {"title": section.title, **notes, "rows": rows}


def _row(columns: Mapping[str, Value]) -> dict[str, Any]:
    """The first interval with its ends, which a row has room for once; of the others the value."""
    found: dict[str, Any] = {}
    for name, value in columns.items():
        if isinstance(value, Interval) and "low" not in found:
            found |= {name if key == "value" else key: end for key, end in _with_ends(value).items()}
        else:
            found[name] = _number(value.value if isinstance(value, Interval) else value)
    return found


def _with_ends(interval: Interval) -> dict[str, float | None]:
    return {key: _number(getattr(interval, key)) for key in ("value", "low", "high")}


def _number(value: Any) -> Any:
    """To four decimals; None for what is undefined, anything else as it is."""
    if isinstance(value, float):
        return round(float(value), 4) if np.isfinite(value) else None
    return value
