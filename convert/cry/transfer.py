"""From one corpus to another: what the detector makes of recorders and babies of another world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from convert.cry import recipe
from convert.cry.material import Material, Tell
from convert.evaluation.bootstrap import Interval, bootstrap
from convert.evaluation.figures import Labels, Probabilities, auc
from convert.evaluation.procedures import BASELINES, Procedure
from convert.evaluation.protocol import leave_one_out, spread
from convert.evaluation.report import Comparison, Measurements, compare
from convert.evaluation.sections import hit_rates

#: Corpora with at least this many cries can stand for another world.
ENOUGH: Final = 10


def corpus_to_corpus(material: Material, seeds: Sequence[int], draws: int, tell: Tell) -> list[Comparison]:
    """Learn the cries of all corpora but one, and be tested on that one's; both ways for two.

    Other sounds of corpora that have both kinds are halved by source: each half is tested with what
    the other half taught. Corpora with few or no cries only teach.
    """
    corpora: dict[str, int] = {}
    for example in material.examples:
        corpora[example.sound.corpus] = corpora.get(example.sound.corpus, 0) + example.sound.is_cry
    worlds = [name for name, cries in corpora.items() if cries >= ENOUGH]
    if len(worlds) < 2:
        tell(f"corpus to corpus left out: only {', '.join(worlds) or 'none'} has {ENOUGH} cries or more")
        return []
    negatives = material.where(lambda e: not e.sound.is_cry and e.sound.corpus in worlds)
    if not len(negatives):
        tell(f"corpus to corpus left out: {', '.join(worlds)} have no other sounds to test with")
        return []
    sections = []
    for world in worlds:
        tell(f"cries of {world}, taught by the others")
        tested = material.cries_of(world)
        rows = np.concatenate([tested, negatives])
        contenders = {
            name: [_both_halves(one, material, tested, negatives, seed) for seed in seeds]
            for name, one in _rivals(material).items()
        }
        note = (
            "Taught by the cries of the other corpora and half of the other sounds, by source; tested on "
            "the other half, and the other way round."
        )
        sections.append(
            compare(
                f"Cries of {world}, none of them learned",
                material.y[rows],
                contenders,
                recipe.LABELS,
                [material.groups[i] for i in rows],
                positive=recipe.POSITIVE,
                draws=draws,
                notes=[note],
            )
        )
    return sections


def _rivals(material: Material) -> dict[str, Procedure]:
    return {material.procedure.estimator: material.procedure, **BASELINES}


def _both_halves(
    procedure: Procedure, material: Material, tested: Labels, negatives: Labels, seed: int
) -> Probabilities:
    """Probabilities of ``tested``, the mean of both fits, and of ``negatives``, each by the other half's."""
    kept = np.setdiff1d(material.rows, np.concatenate([tested, negatives]))
    owners = sorted({material.groups[i] for i in negatives})
    first = set(np.random.default_rng(seed).permutation(owners)[: len(owners) // 2].tolist())
    inside = np.array([material.groups[i] in first for i in negatives])
    who = np.array(material.groups)
    P = np.zeros((len(tested) + len(negatives), 2))
    for taught in (inside, ~inside):
        train = np.concatenate([kept, negatives[taught]])
        # A source may have cries as well as other sounds.
        asked = np.concatenate([tested, negatives[~taught]])
        train = train[~np.isin(who[train], who[asked])]
        groups = [material.groups[i] for i in train]
        fitted = procedure.fit(train, material.y[train], groups, seed)
        P[: len(tested)] += spread(fitted, tested, 2) / 2
        P[len(tested) + np.flatnonzero(~taught)] = spread(fitted, negatives[~taught], 2)
    return P


def left_out(
    material: Material, threshold: float, seeds: Sequence[int], draws: int, tell: Tell
) -> list[Measurements]:
    """Leave a whole corpus out, cries and other sounds alike, and ask the detector of the others about it.

    None where no corpus is taught by others that hold both kinds.
    """
    corpora = [example.sound.corpus for example in material.examples]
    if len(set(corpora)) < 2:
        return []
    tell("corpora left out")
    found = leave_one_out(
        material.procedure, material.rows, material.y, material.groups, corpora, seeds=seeds, n_classes=2
    )
    rows = {
        corpus: _as_a_user_has_it(material, tested, P, threshold, draws)
        for corpus, (tested, P) in found.items()
    }
    note = (
        "Taught by the other corpora alone, so that recorders, codecs and rooms are new as well. Only the "
        "threshold, the model's own, was chosen on scores of all corpora, out of fold."
    )
    title = f"Corpora left out as a whole, at the threshold {threshold:g}"
    return [Measurements(title, "corpus", rows, (note,))] if rows else []


def _as_a_user_has_it(
    material: Material, tested: Labels, P: Sequence[Probabilities], threshold: float, draws: int
) -> Mapping[str, Interval | int]:
    y, groups = material.y[tested], [material.groups[i] for i in tested]
    rates = hit_rates([one[:, 1] >= threshold for one in P], y, groups, draws=draws)
    areas = bootstrap(lambda y, P: {"AUC": auc(y == 1, P[:, 1])}, y, P, groups, draws=draws)
    cries = int(y.sum())
    return {
        "cries": cries,
        "recall": rates["recall"],
        "other sounds": len(y) - cries,
        "false positives": rates["false positives"],
        "ROC AUC": areas["AUC"],
    }
