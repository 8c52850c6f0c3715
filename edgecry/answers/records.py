"""Answers as plain types: a record for each recording, ready for JSON, and rows of tables made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from edgecry.decision import rank
from edgecry.errors import EdgecryError

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from edgecry.prediction import Prediction
    from edgecry.timeline import Timeline

    #: What became of a recording: the answer for a short one, the answer for a long one, or an error.
    Result = Prediction | Timeline | EdgecryError

#: Columns of a table before the probabilities: those of a recording, and those of a cry in a long one.
FIELDS: Final = (
    *("file", "label", "confidence", "duration", "elapsed_ms", "model", "error"),
    *("cry_probability", "cry_detected", "reason_set", "heard"),
)
TIMES: Final = ("start", "end", "peak", "mean")


def record(file: str, result: Result, top: int | None = None) -> dict[str, Any]:
    """Put an answer or an error into plain types, with the ``top`` most probable labels."""
    if isinstance(result, EdgecryError):
        return {"file": file, "error": str(result)}
    out = {"file": file, **result.to_dict()}
    if top is not None and "probabilities" in out:
        out["probabilities"] = most_probable(out["probabilities"], top)
    return out


def columns(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a table, for the labels of a model."""
    return (*FIELDS, *TIMES, *(f"p_{label}" for label in labels))


def rows(told: Mapping[str, Any], labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Make the rows of a record: one for each cry of a long recording, and one for every other recording.

    Yields
    ------
    dict
        The values by column; None for a value that is missing.
    """
    for cry in told.get("cries") or [None]:
        yield _row(told, cry, labels)


def _row(told: Mapping[str, Any], event: Mapping[str, Any] | None, labels: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(columns(labels))
    row |= {name: told.get(name) for name in FIELDS if name in told}
    cry, reasons = told.get("cry"), told.get("reasons")
    probabilities, left = told.get("probabilities", {}), reasons["set"] if reasons else ()
    if cry is not None:
        row |= {"cry_probability": cry["probability"], "cry_detected": cry["detected"]}
    if "cries" in told:
        row["cry_detected"] = bool(told["cries"])
    if event is not None:
        row |= {name: event[name] for name in (*TIMES, "label")}
        probabilities, left = event["reasons"] or {}, event["reason_set"]
    row["reason_set"] = ";".join(left)
    return row | {f"p_{label}": p for label, p in probabilities.items() if label in labels}


def has_reasons(told: Mapping[str, Any]) -> bool:
    """Tell whether reasons were weighed in a record."""
    return bool(told.get("reasons")) or any(cry["reasons"] for cry in told.get("cries", ()))


def is_timeline(result: Prediction | Timeline) -> TypeIs[Timeline]:
    """Tell a timeline from a prediction, without loading what makes timelines."""
    return hasattr(result, "cries")


def most_probable(probabilities: Mapping[str, float], top: int) -> dict[str, float]:
    """Keep the ``top`` most probable labels, the most probable first."""
    labels, values = list(probabilities), list(probabilities.values())
    return {labels[i]: values[i] for i in rank(values)[:top]}


def dump(value: object, indent: int | None = None) -> str:
    """Write JSON in ASCII. It keeps every file name, even one that is not valid text."""
    return json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False)
