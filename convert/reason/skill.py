"""Whether there is skill at all: the recipe beside itself on labels that mean nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from convert.evaluation.figures import Figures, Labels, figures
from convert.evaluation.permutation import permutation_test
from convert.evaluation.procedures import Rows
from convert.evaluation.protocol import Splits, cross_validate
from convert.evaluation.report import Measurements, permutation_section
from convert.reason.recipe import Recipe
from convert.tell import Tell


def permutations(
    X: Rows,
    y: Labels,
    labels: Sequence[str],
    splits: Splits,
    draws: int,
    tell: Tell,
    title: str = "Permutation test",
) -> Measurements:
    """Repeat the first seed's cross-validation on labels moved between groups.

    Balanced accuracy would tell nothing of a model that calls nearly every recording by the most
    frequent label; whether its probabilities rank and fit does.

    Parameters
    ----------
    X : float [shape=(n, n_features)]
    y : int [shape=(n,)]
    labels : sequence of str
        Names of the classes.
    splits : Splits
    draws : int
        Permutations.
    tell : callable
        Called with a line now and then.
    title : str
        Of the section.
    """
    once = replace(splits, seeds=splits.seeds[:1])
    tell(f"{draws} permutations")
    runs: dict[bytes, Figures] = {}

    def run(moved: Labels) -> Figures:
        """Both scores are of the same draws, so each is cross-validated once."""
        key = moved.tobytes()
        if key not in runs:
            (P,) = cross_validate(Recipe(), X, moved, once, n_classes=len(labels))
            runs[key] = figures(moved, P, labels)
            if len(runs) % 10 == 0:
                tell(f"{len(runs)} of {draws + 1} runs")
        return runs[key]

    scores: dict[str, Callable[[Labels], float]] = {
        "ROC AUC": lambda moved: run(moved).roc_auc,
        "log-loss, negative": lambda moved: -run(moved).log_loss,
    }
    found = {name: permutation_test(score, y, splits.groups, draws=draws) for name, score in scores.items()}
    note = f"Labels move between groups of like size; one repeat, split by {splits.grouping}."
    return permutation_section(found, title, notes=[note])
