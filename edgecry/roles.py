"""Which models to open, and what each of them is for: decided once, for recordings and for streams."""

from __future__ import annotations

import os
from dataclasses import dataclass

from edgecry.decision import Decision
from edgecry.detector import detector_rule
from edgecry.errors import EdgecryError, ModelError
from edgecry.models.model import CryModel
from edgecry.models.rules import CRY, NO_CRY, Conformal, Threshold
from edgecry.models.runtimes import RuntimeOptions

#: What names a model: a path, the name of a bundled one, or an open one.
ModelSource = str | os.PathLike[str] | CryModel


@dataclass(frozen=True)
class Models:
    """Open models, by what they are for. One of the first two is there.

    Attributes
    ----------
    reasons : CryModel, or None
        The model whose labels are the answer; None if a detector works alone.
    detector : CryModel, or None
        The model that tells whether there is a cry; None takes every sound for a cry.
    conformal : Conformal, or None
        The rule of ``reasons``, if that model knows of sets and a decision is asked for.
    threshold : Threshold, or None
        The rule of ``detector``.
    """

    reasons: CryModel | None
    detector: CryModel | None = None
    conformal: Conformal | None = None
    threshold: Threshold | None = None

    @property
    def named(self) -> CryModel:
        """The model that was asked for by name: that of reasons, or the detector that works alone."""
        if self.reasons is not None:
            return self.reasons
        if self.detector is None:
            raise ModelError("models: neither a model of reasons nor a detector; name one of them")
        return self.detector

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the probabilities of an answer, in order; "cry" and "no_cry" of a detector alone."""
        return (CRY, NO_CRY) if self.reasons is None else self.reasons.labels

    def needed_detector(self) -> tuple[CryModel, Threshold]:
        """Return the detector and its rule, for a stream, which has no answer without them.

        Raises
        ------
        ModelError
            There is no detector.
        """
        if self.detector is None or self.threshold is None:
            model = self.named
            raise ModelError(
                f"{model.path}: cannot listen to a stream: its task is {model.metadata.task!r} and its "
                f"decision rule {model.metadata.decision['rule']!r}; name a model of reasons, or a detector "
                "with the rule 'threshold'"
            )
        return self.detector, self.threshold


def models_for(
    model: ModelSource | None,
    detector: ModelSource | None,
    decision: Decision | None,
    runtime: RuntimeOptions = RuntimeOptions(),  # noqa: B008 - frozen
) -> Models:
    """Open the models that are needed, and no others.

    Parameters
    ----------
    model : path, str or CryModel, optional
        The model of reasons, or a detector (task "cry"); the bundled "reason" if left out.
    detector : path, str or CryModel, or None
        The model that is asked first. Ignored if ``model`` is itself a detector, or if ``decision`` is
        None.
    decision : Decision, or None
        Settings in place of the models' own. None decides nothing, so that only ``model`` is opened.
    runtime : RuntimeOptions
        How models are run that are opened here.

    Raises
    ------
    ModelError
        A model file is refused, or ``detector`` is not a detector.
    EdgecryError
        ``decision`` is not a Decision, or sets a value that these models do not use.
    """
    if decision is not None and not isinstance(decision, Decision):
        raise EdgecryError(f"decision: found {decision!r}; allowed are a Decision and None")
    named = opened("reason" if model is None else model, runtime)
    if decision is None:
        return Models(named)
    rule = named.metadata.rule
    if isinstance(rule, Threshold):
        models = Models(None, named, None, rule)
    else:
        conformal = rule if isinstance(rule, Conformal) else None
        ear = None if detector is None or named.metadata.task == "cry" else opened(detector, runtime)
        models = Models(named, ear, conformal, None if ear is None else detector_rule(ear))
    _check_use(decision, models)
    return models


def opened(model: ModelSource, runtime: RuntimeOptions) -> CryModel:
    """Open a model, unless it is open."""
    return model if isinstance(model, CryModel) else CryModel.load(model, runtime)


def _check_use(decision: Decision, models: Models) -> None:
    """Refuse settings that no model here uses: they would be taken for settings that work."""
    name = models.named.name
    if decision.threshold is not None and models.threshold is None:
        raise EdgecryError(f"threshold: {name} runs without a detector; leave it out, or name a detector")
    if decision.coverage is not None and models.conformal is None:
        raise EdgecryError(f"coverage: {name} knows of no sets of reasons; leave it out")
