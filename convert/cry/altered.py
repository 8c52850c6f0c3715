"""How many cries are found when they are cut short, far away or under other sounds, beside the peer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from convert.cry import conditions, recipe
from convert.cry.examples import Listener
from convert.cry.folds import OutOfFold
from convert.cry.questions import LENGTHS, OVER, RATIOS, backgrounds, changed, cut_short, far_away, under
from convert.cry.teacher import levelled, open_teacher
from convert.evaluation.figures import Probabilities, threshold_at_fpr
from convert.evaluation.report import Measurements, Value
from convert.evaluation.sections import hit_rates
from convert.tell import Tell
from edgecry.arrays import Float32

#: Shares of all other sounds, unaltered, that may be taken for cries. Recall is told at each.
RATES: Final = (recipe.MAX_FPR, 0.02)
#: Ratios in dB for the loudest 3 s, and the one for whole recordings.
_MIXES: Final = (*((ratio, False) for ratio in RATIOS), (0.0, True))
_SHARES: Final = (
    "What passes are other sounds as recorded: 1 % at the threshold of the model file, 2 % at a lower one. "
    "Each detector has thresholds of its own."
)
#: Probabilities by the name of who gives them ("" is the network) and by the row of a cry.
_Said = Mapping[str, Mapping[int, float]]


def altered_cries(
    found: OutOfFold, judge: Probabilities | None, draws: int, tell: Tell
) -> list[Measurements]:
    """Alter every cry, and ask the network that has not learned it. Ask the peer as well, if there is one."""
    asking = _Asking(found, judge, draws)
    return [*_short_and_far(asking, tell), *_under(asking, tell)]


class _Asking:
    """Asks the networks and the peer about sounds made of the cries. Each is judged by its own thresholds."""

    def __init__(self, found: OutOfFold, judge: Probabilities | None, draws: int) -> None:
        self.found, self._draws = found, draws
        self.cries = np.flatnonzero(found.material.y == 1).tolist()
        self._peer = None if judge is None else open_teacher()
        is_cry = found.material.y == 1
        scores = [("", found.P)] if judge is None else [("", found.P), ("YAMNet ", judge)]
        self._limits = {
            f"{who}recall where {100 * rate:g} % pass": (who, threshold_at_fpr(is_cry, P[:, 1], rate))
            for rate in RATES
            for who, P in scores
        }
        self._limits[f"recall where {100 * recipe.MAX_FPR:g} % pass"] = "", found.threshold
        self._as_recorded = {who: dict(enumerate(P[:, 1].tolist())) for who, P in scores}

    def as_recorded(self) -> _Said:
        """Give the probabilities of the unaltered cries."""
        return {who: {row: of[row] for row in self.cries} for who, of in self._as_recorded.items()}

    def about(self, sounds: Iterable[tuple[int, Float32]]) -> _Said:
        """Ask about sounds. Each is named by the row of the cry that it is made of."""
        listener, features, peer = Listener(), {}, {}
        for row, y in sounds:
            features[row] = listener.hear(y)
            if self._peer is not None:
                peer[row] = float(self._peer.hear(levelled(y))[0].max())
        return {"": self.found.judge(features), "YAMNet ": peer}

    def row(self, said: _Said, corpus: str | None = None) -> dict[str, Value]:
        """Count the cries that are found, among all cries or among those of a corpus."""
        examples = self.found.material.examples
        asked = [row for row in said[""] if corpus in (None, examples[row].sound.corpus)]
        groups = [self.found.material.groups[row] for row in asked]
        out: dict[str, Value] = {"cries": len(asked)}
        for name, (who, threshold) in self._limits.items():
            hit = np.array([said[who][row] >= threshold for row in asked])
            rates = hit_rates([hit], np.ones(len(hit), np.intp), groups, draws=self._draws)
            out[name] = rates["recall"]
        return out


def _short_and_far(asking: _Asking, tell: Tell) -> list[Measurements]:
    tell("cries cut short, and far away")
    examples = asking.found.material.examples
    asked = {name: cut_short(*limits) for name, limits in LENGTHS.items()} | {"far away": far_away}
    said = {
        name: asking.about((row, changed(examples[row], change)) for row in asking.cries)
        for name, change in asked.items()
    }
    rows = {name: asking.row(one) for name, one in ({"as recorded": asking.as_recorded()} | said).items()}
    notes = (
        "The loudest stretch of every cry, by itself, with nothing before or after. Far away: 1.5 m or more "
        "across a room with flat walls that fades in 0.2 to 0.6 s, by image sources.",
        _SHARES,
    )
    count = Counter(examples[row].sound.corpus for row in asking.cries)
    by_corpus = {
        f"{name}, {corpus}": asking.row(said[name], corpus)
        for name in LENGTHS
        for corpus, n in count.items()
        if n >= conditions.ENOUGH
    }
    return [
        Measurements("Short cries, and far ones", "cries", rows, notes),
        *([Measurements("The same short cries by corpus", "cries", by_corpus)] if by_corpus else []),
    ]


def _under(asking: _Asking, tell: Tell) -> list[Measurements]:
    """Mix the loudest 3 s of cries with other sounds that the same network has not learned."""
    examples, fold = asking.found.material.examples, asking.found.fold_of()
    rows: dict[str, Mapping[str, Value]] = {}
    for name, categories in OVER.items():
        tell(f"cries under {name}")
        there = backgrounds(dict(enumerate(examples)), categories)
        by_fold = {number: [row for row in there if fold[row] == number] for number in set(fold.values())}
        rng = np.random.default_rng(recipe.SEED)
        pairs = {row: int(rng.choice(by_fold[fold[row]])) for row in asking.cries if by_fold[fold[row]]}
        for ratio, whole in _MIXES if pairs else ():
            said = asking.about(
                (row, under(examples[row], examples[other], ratio, whole)) for row, other in pairs.items()
            )
            rows[f"{name}, {ratio:+g} dB{', whole recordings' if whole else ''}"] = asking.row(said)
    notes = (
        "The ratio is that of the powers of the loudest 3 s of a cry, by themselves, and of what lies over "
        "them. Of whole recordings it is that of the whole, and the best window counts.",
        _SHARES,
    )
    return [Measurements("Cries under other sounds", "under", rows, notes)] if rows else []
