"""The adapted model file: made, proven, and refused where it would not help."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from convert.adapt.clips import Clip, read_clips
from convert.adapt.fit import CAUTIOUS, STRENGTHS, choose, correct
from convert.adapt.heard import Heard, hear
from convert.adapt.layer import LastLayer, read_layer, with_layer
from convert.adapt.measure import FEWEST_CLIPS, FEWEST_DAYS, Gain, describe, measure, too_few
from convert.errors import ConversionError
from convert.evaluation.bootstrap import DRAWS
from convert.evaluation.record import record
from convert.evaluation.report import Report
from convert.seen import recordings_of, seen, stated
from convert.tell import Tell
from edgecry.detector import Detector
from edgecry.models.model import CryModel

if TYPE_CHECKING:
    from convert.export import Converted
    from convert.portable.examine import Examined

ANYWAY: Final = "or write it nevertheless with --anyway"


@dataclass(frozen=True, eq=False)
class Base:
    """The detector that is adapted.

    Parameters
    ----------
    detector : Detector
    onnx : bytes
        Its model file.
    layer : LastLayer
    """

    detector: Detector
    onnx: bytes
    layer: LastLayer

    @classmethod
    def load(cls, model: str) -> Base:
        """Open a model file, or a bundled model by its name.

        Raises
        ------
        ModelError
            It is not a detector, or has no embedding.
        ConversionError
            Its last layer cannot be fitted again.
        """
        opened = CryModel.load(model)
        opened.require_embedding()
        detector = Detector(opened)
        onnx = opened.path.read_bytes()
        positive = opened.labels.index(detector.rule.positive)
        return cls(detector, onnx, read_layer(onnx, positive, str(opened.path)))

    @property
    def model(self) -> CryModel:
        """The model, open."""
        return self.detector.model

    @property
    def positive(self) -> int:
        """Column of a cry."""
        return self.model.labels.index(self.detector.rule.positive)

    @property
    def sha256(self) -> str:
        """Digest of the model file."""
        return hashlib.sha256(self.onnx).hexdigest()


def adapt(
    base: Base,
    source: Path,
    name: str,
    *,
    anyway: bool = False,
    draws: int = DRAWS,
    tell: Tell = lambda _: None,
    show: Callable[[Report], None] = lambda _: None,
) -> Converted:
    """Fit the last layer of a detector again to clips with a verdict, and make a model file of it.

    Parameters
    ----------
    base : Base
    source : Path
        See :func:`convert.adapt.clips.read_clips`.
    name : str
        What the new model is called in answers.
    anyway : bool
        Whether it is made although there are too few clips, or although it is worse than the base.
    draws : int
        Resamples of the intervals.
    tell, show : callable
        Called with lines on the way, and with the figures, before anything is refused because of them.

    Raises
    ------
    ConversionError
        The clips cannot be used, or are too few; no correction is better than none; it finds fewer cries
        or takes more other sounds for cries, on the days left out; or ONNX answers otherwise.
    """
    heard = hear(_unseen(base, source, tell), base.detector, tell)
    tell(describe(heard))
    if (found := too_few(heard)) and not anyway:
        raise ConversionError(
            f"{source}: {found}; adapting needs at least {FEWEST_CLIPS} cries and {FEWEST_CLIPS} other "
            f"sounds, each of {FEWEST_DAYS} days, so add clips, {ANYWAY}"
        )
    if len(set(heard.is_cry.tolist())) < 2:
        raise ConversionError(f"{source}: {found}; without both kinds there is nothing to fit, so add clips")
    gain = _measured(base, heard, draws, tell)
    if gain is None:
        report = Report(f"{base.model.name}, adapted", "not evaluated: no second day", describe(heard), ())
    else:
        report = gain.report
        show(report)
        _refuse_losses(gain, heard, source, anyway)
    everything = np.ones(len(heard.clips), dtype=np.bool_)
    strength = choose(heard, base.layer, everything)
    if not strength:
        if not anyway:
            raise ConversionError(
                f"{source}: on days left out no correction is better than the base as it is, so there is "
                f"nothing to gain by adapting to these clips; add clips of sounds it gets wrong, {ANYWAY}"
            )
        strength = min(s for s in STRENGTHS if s)
    layer = correct(heard, base.layer, everything, strength)
    return _made(base, heard, layer, strength, report, name)


def _unseen(base: Base, source: Path, tell: Tell) -> list[Clip]:
    """Clips that the base has not learned from, which would flatter it."""
    clips = read_clips(source, tell)
    known = seen(base.model.metadata, [clip.path for clip in clips]) or set()
    if known:
        tell(f"{len(known)} of {len(clips)} clips are left out: {base.model.name} was trained on them")
    if len(known) == len(clips):
        raise ConversionError(f"{source}: {base.model.name} was trained on all of its clips; add others")
    return [clip for clip in clips if clip.path not in known]


def _measured(base: Base, heard: Heard, draws: int, tell: Tell) -> Gain | None:
    """Measure by days that are left out; None if there are not two."""
    if len(set(heard.days.tolist())) < 2:
        tell(f"all clips are of one day, so nothing is measured, and the correction is of {CAUTIOUS:g}")
        return None
    tell("leaving one day out, each in turn")
    return measure(heard, base.layer, base.detector.rule.threshold, base.model.name, draws)


def _refuse_losses(gain: Gain, heard: Heard, source: Path, anyway: bool) -> None:
    lost = list(gain.losses(heard.is_cry))
    if lost and not anyway:
        raise ConversionError(
            f"{source}: adapted it is worse on days left out: {'; '.join(lost)}; look whether the verdicts "
            f"are right, add clips, {ANYWAY}"
        )


def _made(
    base: Base, heard: Heard, layer: LastLayer, strength: float, report: Report, name: str
) -> Converted:
    from convert.export import Card, package

    known = base.model.metadata
    counts = {"cries": int(heard.is_cry.sum()), "other sounds": int((~heard.is_cry).sum())}
    days = len(set(heard.days.tolist()))
    data = {
        **known.data,
        "name": f"{known.data['name']}; its last layer also {len(heard.clips)} clips of a home",
        "adapted": {
            "from": known.name,
            "sha256": base.sha256,
            **counts,
            "days": days,
            "strength of the correction": strength,
        },
    }
    learned = recordings_of(known)
    # If the base does not say what it was trained on, the clips alone would pass for all of it.
    recordings = None if learned is None else stated([clip.path for clip in heard.clips], learned)
    card = Card(name, "cry", data, record(report), dict(known.decision), recordings)
    examined = _examined(base, heard, layer)
    digest = hashlib.sha256(examined.graph).hexdigest()
    return package(examined, known.labels, known.spec, card, digest)


def _examined(base: Base, heard: Heard, layer: LastLayer) -> Examined:
    """Write the layer into the base's graph, and have scikit-learn answer for every window."""
    import sklearn
    from sklearn.linear_model import LogisticRegression

    from convert.portable.examine import Examined

    graph = with_layer(base.onnx, layer, base.positive, str(base.model.path))
    kept = read_layer(graph, base.positive, str(base.model.path))  # as float32 holds it
    regression = LogisticRegression()
    regression.classes_ = np.array([0, 1])
    regression.coef_, regression.intercept_ = kept.weight[None], np.array([kept.bias])
    regression.n_features_in_ = len(kept.weight)
    columns = [1 - base.positive, base.positive]
    P = np.empty((len(heard.E), 2))
    P[:, columns] = regression.predict_proba(heard.E)
    return Examined(
        estimator=f"sklearn.linear_model.LogisticRegression on the embedding of {base.model.name}",
        sklearn=sklearn.__version__,
        n_features=base.model.spec.n_features,
        classes=[0, 1],
        encoder=None,
        graph=graph,
        given=len(heard.vectors),
        vectors=heard.vectors,
        probabilities=P,
        predicted=P.argmax(axis=1),
    )
