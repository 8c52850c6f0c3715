"""A procedure to a section of the report, so that no table goes without the baselines by the same folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from convert.errors import ConversionError
from convert.evaluation.bootstrap import DRAWS, Interval, bootstrap
from convert.evaluation.figures import Labels
from convert.evaluation.procedures import BASELINES, Procedure, Rows
from convert.evaluation.protocol import SEEDS, Detections, Splits, cross_validate, leave_one_out
from convert.evaluation.report import Comparison, Measurements, Value, compare

Tell = Callable[[str], None]

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


def corpus_to_corpus(
    name: str,
    procedure: Procedure,
    X: Rows,
    y: Labels,
    groups: Sequence[str],
    corpora: Sequence[str],
    labels: Sequence[str],
    positive: str | None = None,
    *,
    seeds: Sequence[int] = SEEDS,
    draws: int = DRAWS,
    tell: Tell = lambda _: None,
) -> list[Comparison]:
    """Leave each corpus out in turn, and measure on it what the others taught; a section a corpus.

    Parameters
    ----------
    name : str
        What the procedure is called in the tables.
    procedure, X, y, groups, corpora, seeds
        See :func:`~convert.evaluation.protocol.leave_one_out`.
    labels, positive, draws
        See :func:`~convert.evaluation.report.compare`.
    """
    rivals = {name: procedure, **BASELINES}
    found = {
        rival: leave_one_out(one, X, y, groups, corpora, seeds=seeds, n_classes=len(labels))
        for rival, one in rivals.items()
    }
    sections, repeats = [], f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}"
    for corpus, (rows, _) in found[name].items():
        tell(f"intervals on {corpus}")
        contenders = {rival: found[rival][corpus][1] for rival in rivals}
        own = [groups[row] for row in rows]
        note = f"Trained on all but {corpus}, {repeats}; tested on its {len(rows)} recordings."
        title = f"On {corpus}, trained on the others"
        sections.append(
            compare(title, y[rows], contenders, labels, own, positive=positive, draws=draws, notes=[note])
        )
    return sections


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
    # Detected or not, as a column; the mean over seeds is taken of the rates.
    columns = [one.detected.astype(np.float64)[:, None] for one in found]

    def rates(truth: Labels, detected: Rows) -> dict[str, float]:
        is_positive, hit = truth == positive, detected[:, 0]
        return {
            "recall": float(hit[is_positive].mean()),
            "false positives": float(hit[~is_positive].mean()),
        }

    measured: dict[str, Interval] = bootstrap(rates, y, columns, groups, draws=draws)
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
