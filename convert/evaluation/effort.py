"""How much is measured, and how finely."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from convert.evaluation.bootstrap import DRAWS
from convert.evaluation.protocol import SEEDS


@dataclass(frozen=True)
class Effort:
    """What an evaluation costs.

    Parameters
    ----------
    repeats : int
        Seeds of the splits.
    draws : int
        Resamples of the intervals.
    permutations : int
        Draws of the permutation test; 0 leaves it out.
    gain : bool
        Whether the gain test is made.
    """

    repeats: int = len(SEEDS)
    draws: int = DRAWS
    permutations: int = 0
    gain: bool = True

    @classmethod
    def of(cls, args: argparse.Namespace, permutations: int = 0) -> Effort:
        """As arguments say; ``permutations`` if they do not say how many."""
        chosen = permutations if args.permutations is None else args.permutations
        return cls(args.repeats, args.draws, chosen, args.gain)
