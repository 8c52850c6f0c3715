"""Measures as rows of a table: one for each unit, or for each cry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from edgecry.errors import EdgecryError
from edgecry.measure.cry import MEDIANS
from edgecry.measure.meter import Measured
from edgecry.measure.unit import NUMBERS, PARTS

Per = Literal["unit", "cry"]

#: Columns of a unit after its file and its numbers, and of a cry.
_CONTOUR: Final = tuple(f"f0_{part}" for part in range(1, PARTS + 1))
_CRY: Final = (
    *("start", "end", "duration", "units", "units_per_minute", "sound", "unit_duration", "pause"),
    *MEDIANS,
)


def columns(per: Per) -> tuple[str, ...]:
    """Return the columns of a table."""
    if per == "cry":
        return ("file", "cry", *_CRY, "error")
    return ("file", "cry", "unit", *NUMBERS, *_CONTOUR, "error")


def rows(file: str, result: Measured | EdgecryError, per: Per) -> Iterator[dict[str, Any]]:
    """Make the rows of a recording. A recording without a cry has one row that only names the file.

    Yields
    ------
    dict
        The values by column; None for a value that is missing.
    """
    empty = dict.fromkeys(columns(per)) | {"file": file}
    if isinstance(result, EdgecryError):
        yield empty | {"error": str(result)}
        return
    is_empty = True
    for number, cry in enumerate(result.cries, 1):
        if per == "cry":
            yield empty | {"cry": number, **cry.summary()}
            is_empty = False
            continue
        for place, unit in enumerate(cry.units, 1):
            values = unit.to_dict()
            contour = dict(zip(_CONTOUR, values.pop("contour"), strict=True))
            yield empty | {"cry": number, "unit": place, **values, **contour}
            is_empty = False
    if is_empty:
        yield empty
