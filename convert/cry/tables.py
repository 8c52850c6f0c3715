"""Tables of results out of fold: by corpus, kind and category, in rooms, at other thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from convert.cry import recipe
from convert.cry.folds import OutOfFold
from convert.cry.kinds import kind
from convert.cry.material import Material
from convert.evaluation.figures import Labels, Probabilities, reliability, threshold_at_fpr
from convert.evaluation.report import Measurements, Value
from convert.evaluation.sections import hit_rates

#: Shares of false positives for which a threshold is stated.
RATES: Final = (0.001, 0.003, 0.01, 0.02, 0.03, 0.05)
#: Number of bins in the table of reliability.
_BINS: Final = 10


def peer(material: Material) -> Probabilities | None:
    """Give the highest score of the teacher for every recording; None without a teacher."""
    plain = {t.sound.path: t.scores for t in material.procedure.tracks if t.is_plain and len(t.scores)}
    if not plain:
        return None
    s = np.array([float(plain[example.sound.path].max()) for example in material.examples])
    return np.column_stack([1 - s, s])


def by_corpus(found: OutOfFold, judge: Probabilities | None, draws: int) -> Measurements:
    """Give recall and false alarms of each corpus, beside the peer with as many false alarms overall."""
    corpora = [example.sound.corpus for example in found.material.examples]
    rows = {name: _row(found, judge, _where(corpora, name), draws) for name in dict.fromkeys(corpora)}
    title = f"By corpus, at the threshold {found.threshold:g}"
    return Measurements(title, "corpus", rows, _note(judge))


def by_kind(found: OutOfFold, judge: Probabilities | None, draws: int) -> Measurements:
    """Give a row for each kind of sound, and for each category of which any recording passes."""
    examples = found.material.examples
    kinds = [kind(example.sound) for example in examples]
    categories = [example.sound.category for example in examples]
    passed = found.P[:, 1] >= found.threshold
    rows = {}
    for name in ("cat", "laughter", "voice", "room", "rest"):
        inside = _where(kinds, name)
        if not len(inside):
            continue
        rows[name] = _row(found, judge, inside, draws)
        for category in sorted({categories[i] for i in inside.tolist()}):
            part = np.array([i for i in inside.tolist() if categories[i] == category])
            if passed[part].any() and category != name:
                rows[f"{name}: {category}"] = _row(found, judge, part, draws)
    title = f"Other sounds by kind, at the threshold {found.threshold:g}"
    note = "Of a kind, only categories of which any recording passes; of few sources little can be said."
    return Measurements(title, "kind", rows, (note, *_note(judge)))


def rooms(found: OutOfFold, judge: Probabilities | None, draws: int) -> list[Measurements]:
    """Give recall at the threshold that 1 % of quiet rooms pass; nothing if there are no rooms."""
    material = found.material
    kinds = [kind(example.sound) for example in material.examples]
    rows = np.array([i for i, name in enumerate(kinds) if name in ("room", "cry")])
    if "room" not in kinds:
        return []
    y, groups = material.y[rows], [material.groups[i] for i in rows.tolist()]
    out: dict[str, Mapping[str, Value]] = {}
    for name, P in (("network", found.P), ("YAMNet", judge)):
        if P is not None:
            threshold = threshold_at_fpr(y == 1, P[rows, 1], recipe.MAX_FPR)
            rates = hit_rates([P[rows, 1] >= threshold], y, groups, draws=draws)
            out[name] = {"rooms": int((y == 0).sum()), "threshold": round(threshold, 3), **rates}
    return [Measurements("Quiet rooms: recall where 1 % of them pass", "detector", out)]


def other_thresholds(found: OutOfFold, draws: int) -> Measurements:
    """Give the results at thresholds that other shares of other sounds pass."""
    y, rows = found.material.y, {}
    for rate in RATES:
        threshold = round(threshold_at_fpr(y == 1, found.P[:, 1], rate), 3)
        rates = hit_rates([found.P[:, 1] >= threshold], y, found.material.groups, draws=draws)
        rows[f"{threshold:g}"] = {**rates}
    return Measurements("What another threshold would give", "threshold", rows)


def reliable(found: OutOfFold) -> Measurements:
    """Compare probabilities with what came true. Cries weigh as much as other sounds."""
    y, p = found.material.y, found.P[:, 1]
    weight = np.where(y == 1, 0.5 / max(int((y == 1).sum()), 1), 0.5 / max(int((y == 0).sum()), 1))
    place = np.clip((p * _BINS).astype(int), 0, _BINS - 1)
    rows: dict[str, dict[str, Value]] = {}
    for number in np.unique(place).tolist():
        inside = place == number
        w = weight[inside] / weight[inside].sum()
        rows[f"{number / _BINS:g} to {(number + 1) / _BINS:g}"] = {
            "recordings": int(inside.sum()),
            "mean probability": float(p[inside] @ w),
            "share of cries": float(y[inside] @ w),
        }
    error = reliability(y == 1, p).error
    note = f"Calibration error with the corpus' own shares, unweighted: {error:.3f}."
    return Measurements("Reliability: probability and share of cries", "probability", rows, (note,))


def _row(found: OutOfFold, judge: Probabilities | None, rows: Labels, draws: int) -> dict[str, Value]:
    """Give counts, recall and false positives of some rows; "none" if there is nothing to count."""
    material = found.material
    y, groups = material.y[rows], [material.groups[i] for i in rows.tolist()]
    out: dict[str, Value] = {"cries": int(y.sum()), "others": int((y == 0).sum())}
    out["sources"] = len(set(groups))
    for name, P in (("", found.P), ("YAMNet ", judge)):
        if P is None:
            continue
        threshold = found.threshold if name == "" else _peer_threshold(found, P)
        rates = hit_rates([P[rows, 1] >= threshold], y, groups, draws=draws)
        out[f"{name}recall"] = rates["recall"] if y.any() else "none"
        out[f"{name}false positives"] = rates["false positives"] if (y == 0).any() else "none"
    return out


def _peer_threshold(found: OutOfFold, P: Probabilities) -> float:
    return threshold_at_fpr(found.material.y == 1, P[:, 1], recipe.MAX_FPR)


def _where(names: list[str], name: str) -> Labels:
    return np.flatnonzero([one == name for one in names])


def _note(judge: Probabilities | None) -> tuple[str, ...]:
    text = "YAMNet stands beside it at the threshold at which 1 % of all other sounds pass it."
    return () if judge is None else (text,)
