"""The gain test: whether the answer knows that a recording a little quieter is the same recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.evaluation.bootstrap import DRAWS, Interval, bootstrap_mean

Clip = TypeVar("Clip")

#: Gains that are tried, in dB. Only quieter: louder might clip, which does change a recording.
DECIBELS: Final = (-6.0, -12.0, -20.0)


@dataclass(frozen=True)
class GainFigures:
    """What a gain did to the answers.

    Parameters
    ----------
    decibels : float
    unchanged : Interval
        Share of clips that keep their label.
    shift : Interval
        Mean absolute change of a probability, over labels and clips.
    """

    decibels: float
    unchanged: Interval
    shift: Interval

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return {
            "decibels": self.decibels,
            "unchanged": self.unchanged.to_dict(),
            "shift": self.shift.to_dict(),
        }


def gain_test(
    answer: Callable[[Clip, float], tuple[str, Sequence[float] | NDArray[Any]]],
    clips: Sequence[Clip],
    groups: Sequence[str],
    *,
    decibels: Sequence[float] = DECIBELS,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[GainFigures]:
    """Compare the answers at each gain with those at 0 dB.

    Parameters
    ----------
    answer : callable
        Takes a clip, whatever stands for one, and a gain in dB; returns the label that is said and
        the probability of each label.
    clips : sequence
    groups : sequence of str
        Of each clip; intervals are from a bootstrap over them.
    decibels : sequence of float
    draws, seed : int
        Of the bootstrap.
    """
    if not len(clips) == len(groups) or not clips:
        raise ConversionError(
            f"gain test: found {len(clips)} clips and {len(groups)} groups; expected equal, some"
        )
    plain = [answer(clip, 0.0) for clip in clips]
    found = []
    for gain in decibels:
        answers = [answer(clip, gain) for clip in clips]
        same = [a[0] == b[0] for a, b in zip(plain, answers, strict=True)]
        moved = [float(np.abs(np.subtract(a[1], b[1])).mean()) for a, b in zip(plain, answers, strict=True)]
        same_interval, moved_interval = (
            bootstrap_mean(values, groups, draws=draws, seed=seed) for values in (same, moved)
        )
        found.append(GainFigures(gain, same_interval, moved_interval))
    return found


def scaled(y: NDArray[np.floating[Any]], decibels: float) -> NDArray[np.float32]:
    """A recording with a gain applied: samples times 10 ^ (dB / 20), float32."""
    return (y * 10 ** (decibels / 20)).astype(np.float32)
