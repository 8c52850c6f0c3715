"""Reasoner: asks a model why a baby cries, about the last seconds of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edgecry.decision import Decision, decide, find_reasons
from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel
from edgecry.models.rules import Conformal
from edgecry.stream.vectors import Vectors

#: The most seconds that a model of reasons is asked about, unless its recipe says otherwise. The
#: recordings of the public corpus are that long.
SECONDS: Final = 7.0


def reach(spec: FeatureSpec, sr: int) -> int:
    """Return the most samples of a stream that a model of reasons is asked about."""
    return round((spec.length or SECONDS) * sr)


class Reasoner:
    """Asks a model of reasons about stretches of a stream, and names the result.

    Parameters
    ----------
    model : CryModel
        A model of the task "reason".
    conformal : Conformal, or None
        Its rule, if it knows of sets.
    vectors : Vectors
        Vectors by its recipe.
    length : int
        The most samples that are asked about.
    decision : Decision
        Settings in place of the model's own.
    """

    def __init__(
        self, model: CryModel, conformal: Conformal | None, vectors: Vectors, length: int, decision: Decision
    ) -> None:
        self.model = model
        self._conformal, self._decision = conformal, decision
        self._vectors, self._length = vectors, length

    def ask(self, start: int, stop: int) -> dict[str, float]:
        """Give the probabilities of the model's labels for the last of samples ``start`` to ``stop``.

        ``Classifier(model, detector=None)`` gives the same for these samples alone.

        Raises
        ------
        ModelError
            The model gives values that are not probabilities.
        """
        vector = self._vectors.of(max(start, stop - self._length), stop)
        (row,) = self.model.predict_proba(vector).tolist()
        return dict(zip(self.model.labels, row, strict=True))

    def expect(self, start: int, stop: int, most: int) -> None:
        """Work ahead on a question about the last of samples ``start`` to ``stop``, which is yet to come.

        What is computed is certain, whatever comes. Nothing is, if it would be of more than ``most`` samples
        at once.
        """
        self._vectors.expect(max(start, stop - self._length), most)

    def conclude(self, probabilities: Mapping[str, float]) -> tuple[str, tuple[str, ...]]:
        """Say what probabilities of reasons, or an average of several, amount to.

        Returns
        -------
        label : str
            The reason that they single out, or "uncertain".
        reason_set : tuple of str
            The reasons that the evidence leaves; empty if the model knows of no sets.
        """
        if self._conformal is None:
            return decide(None, None, (), probabilities)[0], ()
        reasons = find_reasons(probabilities, self._conformal, self._decision)
        return decide(None, reasons, self._conformal.nameable, probabilities)[0], reasons.set
