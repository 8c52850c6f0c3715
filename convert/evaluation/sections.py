"""A procedure to a section of the report, so that no table goes without the baselines by the same folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.evaluation.bootstrap import DRAWS, Interval, bootstrap
from convert.evaluation.figures import Labels
from convert.evaluation.procedures import BASELINES, Procedure, Rows
from convert.evaluation.protocol import Detections, Splits, cross_validate
from convert.evaluation.report import Comparison, Measurements, Value, compare
from convert.tell import Tell

#: Under tables that pool folds, as a baseline that is worse than chance looks like a fault.
POOLED = "The prior's ROC AUC may lie under 0.5: a fold with more of a class leaves less of it to train on."


def cross_validated(
    name: str,
    procedure: Procedure,
    X: Rows,
    y: Labels,
    splits: Splits,
    labels: Sequence[str],
    positive: str | None = None,
    *,
    title: str = "Out of fold",
    draws: int = DRAWS,
    notes: Sequence[str] = (),
    tell: Tell = lambda _: None,
) -> Comparison:
    """Cross-validate a procedure and the baselines, and measure them with intervals.

    Parameters
    ----------
    name : str
        What the procedure is called in the table.
    procedure, X, y, splits, tell
        See :func:`~convert.evaluation.protocol.cross_validate`.
    labels, positive, title, draws, notes
        See :func:`~convert.evaluation.report.compare`.
    """
    contenders = {name: cross_validate(procedure, X, y, splits, n_classes=len(labels), tell=tell)}
    for baseline, guess in BASELINES.items():
        contenders[baseline] = cross_validate(guess, X, y, splits, n_classes=len(labels))
    tell("intervals")
    return compare(
        title, y, contenders, labels, splits.groups, positive=positive, draws=draws, notes=[*notes, POOLED]
    )


def hit_rates(
    detected: Sequence[NDArray[np.bool_]],
    y: Labels,
    groups: Sequence[str],
    *,
    positive: int = 1,
    draws: int = DRAWS,
) -> dict[str, Interval]:
    """Recall and false positives of what was detected, the means over seeds; NaN without any to count.

    Parameters
    ----------
    detected : sequence of bool [shape=(n,)]
        Of the same rows by each seed.
    y : int [shape=(n,)]
    groups : sequence of str
    positive : {0, 1}
    draws : int
    """

    def rates(truth: Labels, hits: Rows) -> dict[str, float]:
        is_positive, hit = truth == positive, hits[:, 0]
        return {"recall": _share(hit[is_positive]), "false positives": _share(hit[~is_positive])}

    return bootstrap(rates, y, [one.astype(np.float64)[:, None] for one in detected], groups, draws=draws)


def _share(hits: Rows) -> float:
    return float(hits.mean()) if len(hits) else float("nan")


def detections(
    found: Sequence[Detections],
    y: Labels,
    groups: Sequence[str],
    *,
    positive: int = 1,
    max_fpr: float,
    draws: int = DRAWS,
) -> Measurements:
    """Lay out what thresholds that were chosen inside the fold let through.

    Parameters
    ----------
    found : sequence of Detections
        Of :func:`~convert.evaluation.protocol.detect`, one a seed.
    y : int [shape=(n,)]
    groups : sequence of str
    positive : {0, 1}
    max_fpr : float
        That was asked for; false positives beyond it are what thresholds lose on unseen groups.
    draws : int
    """
    if not found:
        raise ConversionError("detections: none; there is nothing to lay out")
    measured = hit_rates([one.detected for one in found], y, groups, positive=positive, draws=draws)
    thresholds = np.concatenate([one.thresholds for one in found])
    row: dict[str, Value] = {
        **measured,
        "lowest threshold": float(thresholds.min()),
        "highest threshold": float(thresholds.max()),
    }
    return Measurements(
        "Detection at a threshold chosen inside the fold",
        "asked for",
        {f"{max_fpr:.0%} false positives": row},
    )
