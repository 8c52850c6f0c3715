"""Settings of the measures of cries."""

from __future__ import annotations

from dataclasses import dataclass

from edgecry.checks import number
from edgecry.errors import EdgecryError


@dataclass(frozen=True)
class MeasureSettings:
    """Settings of the measures.

    Parameters
    ----------
    f0_min, f0_max : float in [60, 3000], f0_min < f0_max / 2
        Range in which the fundamental is looked for, in Hz. Cries are mostly at 300 to 600 Hz, and
        hyperphonation is over 1000 Hz.
    depth : float in [3, 60]
        How far below the loud parts of a cry, in dB, a unit begins and ends.
    min_unit : float in [0.03, 10]
        The shortest unit, in seconds.
    min_pause : float in [0, 10]
        The shortest pause between two units, in seconds. A shorter gap belongs to the unit.
    min_voiced : float in [0, 1]
        Share of a unit in which there must be a fundamental. A breath or a knock has none.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    f0_min: float = 150.0
    f0_max: float = 1500.0
    depth: float = 20.0
    min_unit: float = 0.1
    min_pause: float = 0.05
    min_voiced: float = 0.25

    def __post_init__(self) -> None:
        number("f0_min", self.f0_min, 60, 3000, "Hz")
        number("f0_max", self.f0_max, 60, 3000, "Hz")
        number("depth", self.depth, 3, 60, "dB")
        number("min_unit", self.min_unit, 0.03, 10, "s")
        number("min_pause", self.min_pause, 0, 10, "s")
        number("min_voiced", self.min_voiced, 0, 1)
        if self.f0_max < 2 * self.f0_min:
            raise EdgecryError(
                f"f0_max: {self.f0_max:g} Hz is less than twice f0_min, which is {self.f0_min:g} Hz; leave "
                "an octave or more between them"
            )
