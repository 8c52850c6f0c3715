"""Why a baby cries, asked of the last seconds of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edgecry.decision import Decision, decide, find_reasons
from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel
from edgecry.models.rules import Conformal
from edgecry.stream.vectors import Vectors

#: Seconds that a model of reasons is asked about at most, unless its recipe says: those of the recordings
#: that the public corpus consists of.
SECONDS: Final = 7.0


def reach(spec: FeatureSpec, sr: int) -> int:
    """How many of a stream's samples a model of reasons is asked about at most."""
    return round((spec.length or SECONDS) * sr)


class Reasoner:
    """Asks a model of reasons about stretches of a stream, and names what comes of it.

    Parameters
    ----------
    model : CryModel
        Of the task "reason".
    conformal : Conformal, or None
        Its rule, if it knows of sets.
    vectors : Vectors
        Of its recipe.
    length : int
        Samples that are asked about at most.
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
        """Give the probabilities of the model's labels for samples ``start`` to ``stop``, the last of them.

        They are those of ``Classifier(model, detector=None)`` for these samples alone.

        Raises
        ------
        ModelError
            The model gives values that are not probabilities.
        """
        vector = self._vectors.of(max(start, stop - self._length), stop)
        (row,) = self.model.predict_proba(vector).tolist()
        return dict(zip(self.model.labels, row, strict=True))

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
