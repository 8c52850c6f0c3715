"""The measures of one cry: its units, and the summary of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.measure.segments import segments
from edgecry.measure.settings import MeasureSettings
from edgecry.measure.unit import DIGITS, Unit, measure_unit, rounded

#: Measures of a unit. A cry has the median of each.
MEDIANS: Final = ("f0_median", "f0_min", "f0_max", "jitter", "shimmer", "hnr", "level", "tilt")


@dataclass(frozen=True)
class MeasuredCry:
    """Measures of a cry.

    Attributes
    ----------
    start, end : float
        Where in the recording a cry was found, in seconds. Silence at its ends belongs to it.
    units : tuple of Unit
        The units, in order.
    """

    start: float
    end: float
    units: tuple[Unit, ...]

    @property
    def per_minute(self) -> float | None:
        """Units a minute, from the beginning of the first to that of the last. None for fewer than two."""
        if len(self.units) < 2:
            return None
        return 60 * (len(self.units) - 1) / (self.units[-1].start - self.units[0].start)

    def summary(self) -> dict[str, Any]:
        """Return the summary of the units: counts, times, and the median of each measure, rounded."""
        pauses = [unit.pause for unit in self.units if unit.pause is not None]
        out = {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "duration": round(self.end - self.start, 3),
            "units": len(self.units),
            "units_per_minute": rounded(self.per_minute, 3),
            "sound": round(sum((unit.duration for unit in self.units), 0.0), 3),
            "unit_duration": rounded(_median([unit.duration for unit in self.units]), 3),
            "pause": rounded(_median(pauses), 3),
        }
        for name in MEDIANS:
            values = [value for unit in self.units if (value := getattr(unit, name)) is not None]
            out[name] = rounded(_median(values), DIGITS.get(name, 3))
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return the summary, with ``each``: the measures of each unit."""
        return self.summary() | {"each": [unit.to_dict() for unit in self.units]}


def measure_cry(y: Float32, sr: int, start: float, settings: MeasureSettings) -> MeasuredCry:
    """Measure a cry.

    Parameters
    ----------
    y : float32 [shape=(n,)]
        The cry. There may be silence before and after it.
    sr : int
        In Hz.
    start : float
        Beginning of the cry in its recording, in seconds.
    settings : MeasureSettings
    """
    places = segments(y, sr, settings.depth, settings.min_unit, settings.min_pause) if len(y) else []
    loudest = float(np.abs(y).max(initial=0.0))
    found = [measure_unit(y, sr, first, last, loudest, settings) for first, last in places]
    units = [unit for unit in found if unit is not None]
    following = [*units[1:], None][: len(units)]
    return MeasuredCry(
        start,
        start + len(y) / sr,
        tuple(
            replace(
                unit,
                start=start + unit.start,
                end=start + unit.end,
                pause=None if after is None else after.start - unit.end,
            )
            for unit, after in zip(units, following, strict=True)
        ),
    )


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None
