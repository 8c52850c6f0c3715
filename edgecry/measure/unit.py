"""The measures of one unit of a cry."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.measure.periods import find_periods
from edgecry.measure.pitch import PERIODS, Pitch, track
from edgecry.measure.settings import MeasureSettings
from edgecry.measure.tilt import tilt

#: Number of equal parts in the contour of a unit.
PARTS: Final = 5
#: Digits after the point. Times are rounded to the millisecond.
DIGITS: Final = {"jitter": 5, "shimmer": 5, "f0_median": 2, "f0_min": 2, "f0_max": 2}


@dataclass(frozen=True)
class Unit:
    """Measures of one unit, mostly one expiration. A value that cannot be told is None.

    Attributes
    ----------
    start, end, duration : float
        Times in seconds. ``start`` and ``end`` count from the beginning of the recording.
    pause : float or None
        Seconds to the next unit of the same cry.
    voiced : float in [0, 1]
        Share of the unit that has a fundamental.
    f0_median, f0_min, f0_max : float or None
        Fundamental in Hz: the median, and the 5th and 95th percentile of its frames.
    contour : tuple of float or None
        Median of the fundamental in each of five equal parts, in Hz.
    jitter, shimmer : float or None
        Average change of length and of amplitude from period to period, as a share of the average.
    hnr : float or None
        Harmonics-to-noise ratio in dB, the average of its frames.
    level, peak : float
        RMS and largest absolute sample in dB of full scale. The gain of the microphone moves both.
    energy : float
        Sum of squares times the time of a sample, in dB of one second at full scale.
    tilt : float or None
        Slope of the harmonics' levels in dB an octave.
    """

    start: float
    end: float
    duration: float
    pause: float | None
    voiced: float
    f0_median: float | None
    f0_min: float | None
    f0_max: float | None
    contour: tuple[float | None, ...]
    jitter: float | None
    shimmer: float | None
    hnr: float | None
    level: float
    peak: float
    energy: float
    tilt: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain types for JSON, rounded."""
        return {
            name: [rounded(f0, 2) for f0 in self.contour]
            if name == "contour"
            else rounded(value, DIGITS.get(name, 3))
            for name, value in asdict(self).items()
        }


#: Names of the measures that are one number each.
NUMBERS: Final = tuple(field.name for field in fields(Unit) if field.name != "contour")


def measure_unit(
    y: Float32, sr: int, first: int, last: int, loudest: float, settings: MeasureSettings
) -> Unit | None:
    """Measure a part of a cry.

    Parameters
    ----------
    y : float32 [shape=(n,)]
        The cry.
    sr : int
        In Hz.
    first, last : int
        Where in ``y`` the unit begins and ends.
    loudest : float
        Largest absolute sample of the cry.
    settings : MeasureSettings

    Returns
    -------
    Unit or None
        Its times count from the beginning of ``y``, and its pause is not known. None if it has too little
        voice.
    """
    # Half a frame more on both sides, so that the frames cover the whole unit.
    margin = round(PERIODS * sr / settings.f0_min / 2)
    start, end = max(0, first - margin), min(len(y), last + margin)
    wide = y[start:end]
    pitch = track(wide, sr, settings.f0_min, settings.f0_max, loudest)
    voiced = pitch.voiced
    share = float(voiced.mean()) if len(voiced) else 0.0
    if share < settings.min_voiced:
        return None
    f0, part = pitch.f0[voiced], y[first:last].astype(np.float64)
    periods = find_periods(wide, sr, pitch)
    power = float(np.mean(part**2))
    low, median, high = np.quantile(f0, (0.05, 0.5, 0.95)).tolist() if len(f0) else (None,) * 3
    return Unit(
        start=first / sr,
        end=last / sr,
        duration=(last - first) / sr,
        pause=None,
        voiced=share,
        f0_median=median,
        f0_min=low,
        f0_max=high,
        contour=_contour(pitch),
        jitter=periods.jitter,
        shimmer=periods.shimmer,
        hnr=float(np.mean(pitch.hnr[voiced])) if len(f0) else None,
        level=decibels(power),
        peak=decibels(float(np.abs(part).max()) ** 2),
        energy=decibels(power * len(part) / sr),
        tilt=tilt(wide, sr, pitch),
    )


def _contour(pitch: Pitch) -> tuple[float | None, ...]:
    parts = np.array_split(pitch.f0, PARTS)
    return tuple(float(np.nanmedian(part)) if np.isfinite(part).any() else None for part in parts)


def decibels(power: float) -> float:
    """Return a power in dB, at least -120."""
    return float(10 * np.log10(max(power, 1e-12)))


def rounded(value: float | None, digits: int) -> float | None:
    """Round a value, unless it is None."""
    return None if value is None else round(value, digits)
