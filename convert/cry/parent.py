"""The detector in a parent's units: false alarms a night, and the recordings that it is most wrong about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from convert.cry import night, recipe
from convert.cry.examples import SIZE, SR
from convert.cry.folds import OutOfFold, calibrated
from convert.cry.kinds import kind
from convert.evaluation.bootstrap import Interval, bootstrap
from convert.evaluation.exhibit import Excerpt, Exhibit
from convert.evaluation.figures import Labels, Probabilities, threshold_at_fpr
from convert.evaluation.pictures import Picture, draw
from convert.evaluation.report import Value
from edgecry.arrays import Float64
from edgecry.audio.load import load_audio
from edgecry.detector import windows

#: Shares of other sounds that may pass, for which there is a row beside the chosen one.
RATES: Final = (0.05, 0.02, 0.005, 0.002)
#: Points of the curve, and recordings that are shown of each kind of mistake.
POINTS: Final = 40
WORST: Final = 10
#: Seconds that are played before and after the window with the highest score.
_AROUND: Final = 0.5
_BINS: Final = np.linspace(0, 1, 26)


def exhibits(found: OutOfFold, draws: int) -> list[Exhibit]:
    """Give the curve, and the worst misses and false alarms."""
    y, score = found.material.y, found.P[:, 1]
    missed = np.flatnonzero((y == 1) & (score < found.threshold))
    alarms = np.flatnonzero((y == 0) & (score >= found.threshold))
    missed, alarms = missed[np.argsort(score[missed])], alarms[np.argsort(-score[alarms])]
    cries, others = int((y == 1).sum()), int((y == 0).sum())
    return [
        false_alarms(found, draws),
        _worst(
            found, missed[:WORST], f"Worst misses: {len(missed)} of {cries} cries are under the threshold"
        ),
        _worst(found, alarms[:WORST], f"Worst false alarms: {len(alarms)} of {others} other sounds pass"),
    ]


def false_alarms(found: OutOfFold, draws: int) -> Exhibit:
    """Lay out recall against false alarms a night, at several thresholds."""
    y, score = found.material.y, found.P[:, 1]
    others = np.sort(score[y == 0])[::-1]
    passing = np.unique(np.geomspace(1, len(others), POINTS).astype(int))
    chosen = [round(threshold_at_fpr(y == 1, score, rate), 3) for rate in RATES]
    thresholds = np.unique([*others[passing - 1], *chosen, found.threshold])
    told = bootstrap(lambda y, P: _rates(y, P, thresholds), y, [found.P], found.material.groups, draws=draws)
    at = {float(t): i for i, t in enumerate(thresholds)}
    rows: dict[str, Mapping[str, Value]] = {}
    for threshold in sorted({*chosen, found.threshold}):
        i = at[float(threshold)]
        hits = score >= threshold
        rows[f"{threshold:g}{' (chosen)' if threshold == found.threshold else ''}"] = {
            "recall": told[f"recall {i}"],
            "cries found": f"{int(hits[y == 1].sum())} of {int((y == 1).sum())}",
            "false alarms a night": told[f"alarms {i}"],
            "other sounds that pass": f"{int(hits[y == 0].sum())} of {len(others)}",
        }
    notes = (
        f"A night is {night.HOURS:g} h with a sound every {night.BETWEEN:g} s, {_sounds():g} sounds: each "
        "like one of the recordings that are no cries, and taken for a cry as often as these are. In a quiet "
        "home fewer come. One window over the threshold is enough here. A stream asks for two of three, and "
        "gives fewer false alarms.",
        "All scores are out of fold: of a network that learned from no recording of the same source.",
    )
    recall = [told[f"recall {i}"] for i in range(len(thresholds))]
    alarms = [told[f"alarms {i}"] for i in range(len(thresholds))]

    def pictures() -> list[Picture]:
        return [_curve(recall, alarms, at[float(found.threshold)], found.threshold), _histogram(found)]

    return Exhibit("False alarms a night", "threshold", rows, notes, pictures)


def _sounds() -> float:
    """Other sounds of a night."""
    return night.HOURS * 3600 / night.BETWEEN


def _rates(y: Labels, P: Probabilities, thresholds: Float64) -> dict[str, float]:
    out: dict[str, float] = {}
    for name, scores, unit in (("recall", P[y == 1, 1], 1.0), ("alarms", P[y == 0, 1], _sounds())):
        below = np.searchsorted(np.sort(scores), thresholds, side="left")
        shares = unit * (1 - below / len(scores))
        out |= {f"{name} {i}": float(share) for i, share in enumerate(shares)}
    return out


def _curve(recall: list[Interval], alarms: list[Interval], place: int, threshold: float) -> Picture:
    r, a = recall[place], alarms[place]

    def paint(ax: Any) -> None:
        x = [point.value for point in alarms]
        ax.fill_between(x, [p.low for p in recall], [p.high for p in recall], alpha=0.25, linewidth=0)
        ax.plot(x, [p.value for p in recall], label=f"recall, and its {r.level:.0%} interval")
        error = [[a.value - a.low], [a.high - a.value]], [[r.value - r.low], [r.high - r.value]]
        ax.errorbar(
            a.value, r.value, xerr=error[0], yerr=error[1], fmt="o", color="C3", capsize=3,
            label=f"threshold {threshold:g}, and both intervals",
        )  # fmt: skip
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set(xlabel="false alarms a night", ylabel="recall", ylim=(0, 1.02))
        ax.grid(alpha=0.3)
        ax.legend(loc="lower right", fontsize="small")

    alt = (
        f"Curve of recall against false alarms a night, on a logarithmic axis. At the threshold "
        f"{threshold:g}: recall {r.value:.2f} [{r.low:.2f}, {r.high:.2f}], and {a.value:.1f} "
        f"[{a.low:.1f}, {a.high:.1f}] false alarms."
    )
    return draw("Recall against false alarms a night", alt, paint)


def _histogram(found: OutOfFold) -> Picture:
    y, score = found.material.y, found.P[:, 1]
    counts = {"cries": score[y == 1], "other sounds": score[y == 0]}

    def paint(ax: Any) -> None:
        for (name, scores), colour in zip(counts.items(), ("C3", "C0"), strict=True):
            label = f"{name}, {len(scores)}"
            ax.hist(scores, _BINS, histtype="stepfilled", alpha=0.35, color=colour, label=label)
            ax.hist(scores, _BINS, histtype="step", color=colour)
        ax.axvline(
            found.threshold, color="k", linestyle="--", linewidth=1, label=f"threshold {found.threshold:g}"
        )
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set(xlabel="score", ylabel="recordings", xlim=(0, 1))
        ax.legend(loc="upper center", fontsize="small")

    told = "; ".join(
        f"{int((scores >= found.threshold).sum())} of {len(scores)} {name} reach the threshold"
        for name, scores in counts.items()
    )
    return draw("Scores of recordings", f"Histograms of scores, counts on a logarithmic axis: {told}.", paint)


def _worst(found: OutOfFold, places: Labels, title: str) -> Exhibit:
    fold = found.fold_of()
    rows: dict[str, Mapping[str, Value]] = {}
    excerpts = []
    for number, place in enumerate(places.tolist(), start=1):
        sound, score = found.material.examples[place].sound, float(found.P[place, 1])
        n = len(load_audio(sound.path, SR).samples)
        name = f"{number}. {sound.path.name}"
        rows[name] = {
            "corpus": sound.corpus,
            "kind": sound.category if kind(sound) in ("cry", "rest") else f"{kind(sound)}: {sound.category}",
            "score": score,
            "length, s": n / SR,
        }
        start, end = _highest(found, place, fold[place], n)
        text = f"{sound.category}, {sound.corpus}; score {score:.3f} by the network of fold {fold[place] + 1}"
        excerpts.append(Excerpt(name, text, sound.path, start, end))
    notes = (
        f"By their score; the threshold is {found.threshold:g}. A red bar marks what is played: the window "
        "with the highest score, at one level for all. Not every recording holds what its label says. The "
        "licences of the recordings hold for these excerpts, too.",
    )
    return Exhibit(title, "recording", rows, notes, excerpts=tuple(excerpts))


def _highest(found: OutOfFold, place: int, fold: int, n: int) -> tuple[float, float]:
    """Give the stretch around the window with the highest score, in seconds."""
    heard = found.material.examples[place].heard
    scores = np.zeros(len(heard))
    sounding = ~np.isnan(heard[:, 0])
    if sounding.any():
        raw = found.folds[fold][1].windows(heard[sounding]).astype(np.float64)
        scores[sounding] = calibrated(raw, found.scale, found.shift)
    spans = list(windows(n, SIZE, round(recipe.HOP * SR)))
    start, stop = spans[min(int(scores.argmax()), len(spans) - 1)]
    return max(0.0, start / SR - _AROUND), min(n / SR, stop / SR + _AROUND)
