"""What adapting gained: base and adapted side by side, on days that the adapted one was not fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from convert.adapt.fit import clip_weights, leave_one_day_out, log_losses
from convert.adapt.heard import Heard, Mask
from convert.adapt.layer import LastLayer
from convert.evaluation.bootstrap import DRAWS, bootstrap_mean
from convert.evaluation.report import Measurements, Report, Value
from convert.evaluation.sections import hit_rates
from edgecry.arrays import Float64
from edgecry.decision import detect

#: Least number of clips of each kind, and of days that each kind is of.
FEWEST_CLIPS: Final = 5
FEWEST_DAYS: Final = 2
PROTOCOL: Final = (
    "leave one day out: what is said of the clips of a day is said by a last layer that was fitted, its "
    "strength included, to the clips of all other days"
)
NOTES: Final = (
    "Intervals are over days; where all clips agree they have no width, and the number of clips says how "
    "little that means.",
    "Clips that a detector recorded are those it heard: they say nothing of the cries that it missed.",
    "What the base does on other recordings is told by its own file.",
)
CONTENDERS: Final = ("adapted", "base")
KINDS: Final = {True: "cries", False: "other sounds"}


@dataclass(frozen=True, eq=False)
class Gain:
    """Base and adapted at one threshold, each clip with its day left out.

    Parameters
    ----------
    base, adapted : bool [shape=(n_clips,)]
        Whether a cry is found.
    report : Report
    """

    base: Mask
    adapted: Mask
    report: Report

    def losses(self, is_cry: Mask) -> Iterator[str]:
        """Say what got worse."""
        for kind, name in (
            (True, "of the cries it finds"),
            (False, "of the other sounds it takes for cries"),
        ):
            of_kind = is_cry == kind
            before, after = int(self.base[of_kind].sum()), int(self.adapted[of_kind].sum())
            if (after < before) if kind else (after > before):
                yield f"{name} {after} of {of_kind.sum()}, the base {before}"


def too_few(heard: Heard) -> str | None:
    """Say what there is too little of to adapt to and to measure on; None if there is enough."""
    for kind, name in KINDS.items():
        of_kind = heard.is_cry == kind
        n, days = int(of_kind.sum()), len(set(heard.days[of_kind].tolist()))
        if n < FEWEST_CLIPS or days < FEWEST_DAYS:
            return f"found {n} {name} of {days} day{'' if days == 1 else 's'}"
    return None


def measure(heard: Heard, base: LastLayer, threshold: float, name: str, draws: int = DRAWS) -> Gain:
    """Leave each day out in turn, and lay out what base and adapted find in it.

    Parameters
    ----------
    heard : Heard
        Clips of two days at least.
    base : LastLayer
    threshold : float
        Of the base's rule.
    name : str
        Of the base.
    draws : int
        Resamples of the intervals.
    """
    before, after = heard.probabilities(base), leave_one_day_out(heard, base)
    found = {"base": _found(before, threshold), "adapted": _found(after, threshold)}
    rows = _rows(heard, {"base": before, "adapted": after}, found, draws)
    report = Report(
        title=f"{name}, adapted",
        protocol=PROTOCOL,
        data=describe(heard),
        sections=(
            Measurements(
                "Adapted beside its base",
                "figure",
                rows,
                (f"At the base's threshold, {threshold:g}.", *NOTES),
            ),
        ),
    )
    return Gain(found["base"], found["adapted"], report)


def describe(heard: Heard) -> str:
    """Say in a sentence what the clips are."""
    counts = [f"{int((heard.is_cry == kind).sum())} {name}" for kind, name in KINDS.items()]
    dated = [clip.dated for clip in heard.clips]
    told = ", ".join(f"{how} ({dated.count(how)})" for how in dict.fromkeys(dated))
    return (
        f"{counts[0]} and {counts[1]} of {len(set(heard.days.tolist()))} days, in {len(heard.E)} windows "
        f"(what tells the day: {told})"
    )


def _rows(
    heard: Heard, P: Mapping[str, Float64], found: Mapping[str, Mask], draws: int
) -> dict[str, dict[str, Value]]:
    y, days = heard.is_cry.astype(np.intp), heard.days.tolist()
    rates = {who: hit_rates([one], y, days, draws=draws) for who, one in found.items()}
    rows: dict[str, dict[str, Value]] = {}
    for kind, figure, key in ((True, "recall", "recall"), (False, "false alarms", "false positives")):
        of_kind = heard.is_cry == kind
        rows[f"{figure} on days left out"] = {
            **{who: rates[who][key] for who in CONTENDERS},
            **{f"{who}, clips": int(found[who][of_kind].sum()) for who in CONTENDERS},
            "of": int(of_kind.sum()),
        }
    weight = clip_weights(heard.is_cry, np.ones(len(days), dtype=np.bool_))
    losses = {who: weight * log_losses(heard.is_cry, P[who]) for who in CONTENDERS}
    rows["log-loss on days left out"] = {
        **{who: bootstrap_mean(losses[who], days, draws=draws) for who in CONTENDERS},
        **{f"{who}, clips": "" for who in CONTENDERS},
        "of": len(days),
    }
    return rows


def _found(P: Float64, threshold: float) -> Mask:
    return np.array([detect(p, threshold) for p in P.tolist()])
