"""Answers in words, as one would tell a parent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgecry.answers.records import is_timeline, most_probable
from edgecry.errors import EdgecryError
from edgecry.models.rules import CRY, UNCERTAIN
from edgecry.terminal import printable

if TYPE_CHECKING:
    from edgecry.answers.records import Result
    from edgecry.decision import Cry, Reasons
    from edgecry.prediction import Prediction
    from edgecry.stream.events import CryEvent
    from edgecry.timeline import Timeline

#: A probability as near as this to the share in the data is treated as equal to it.
NO_NEWS = 0.02
#: From this probability on people expect to hear yes.
LIKELY = 0.5


def sentence(file: str, result: Result, top: int | None = None, raw: bool = False) -> str:
    """Say in a sentence or two what became of a file.

    Parameters
    ----------
    file : str
        The name of the file.
    result : Prediction, Timeline or EdgecryError
    top : int, optional
        Number of labels to list after the sentence. Without it none are listed.
    raw : bool
        True for the model's own answer: its label, and the others after it.
    """
    if isinstance(result, EdgecryError):
        return complaint(file, result)
    if is_timeline(result):
        return timeline_in_words(result)
    if raw or (result.cry is None and result.reasons is None):
        return ranking(result, top)
    text = in_words(result)
    if top is None or not result.probabilities:
        return text
    return f"{text}   {listed(most_probable(result.probabilities, top))}"


def in_words(result: Prediction) -> str:
    """Say to a parent what was found."""
    words = []
    if result.heard != "sound":
        words.append(_nothing_in_words(result))
    elif result.cry is not None:
        words.append(_cry_in_words(result.cry))
    if result.reasons is not None:
        words.append(_reason_in_words(result.label, result.reasons))
    elif result.cry is not None and result.cry.detected and result.label != CRY:
        words.append(f"Perhaps {_readable(result.label)} ({_chance(result.probabilities[result.label])}).")
    return " ".join(words)


def timeline_in_words(result: Timeline) -> str:
    """Say when there was a cry: ``2 cries: 0:30:12 for 14 s, 1:31:03 for 39 s``."""
    if result.heard == "sound" and not result.cries:
        return f"No cry in {clock(result.duration)}."
    if not result.cries:
        return _nothing_in_words(result)
    count = f"{len(result.cries)} {'cry' if len(result.cries) == 1 else 'cries'}"
    return f"{count}: {', '.join(map(_when, result.cries))}"


def _when(cry: CryEvent) -> str:
    """Say when a cry began, how long it lasted, and its reason if one was named."""
    text = f"{clock(cry.start)} for {cry.duration:.0f} s"
    return text if cry.label in (CRY, UNCERTAIN) else f"{text} (perhaps {_readable(cry.label)})"


def clock(seconds: float) -> str:
    """Write a time of a recording as ``h:mm:ss``, cut to whole seconds."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _nothing_in_words(result: Prediction | Timeline) -> str:
    """Say why nothing can be told. That is not the same as a quiet room."""
    if result.heard == "digital_silence":
        return "Nothing but digital silence: a live microphone always gives some noise."
    if result.heard == "too_quiet":
        return "Too quiet to tell: raise the gain of the microphone, or move it nearer."
    cry = None if is_timeline(result) else result.cry
    chance = "" if cry is None else f" (cry {_chance(cry.probability)})"
    return f"Too short to tell: {result.duration:.2g} s{chance}."


def _cry_in_words(cry: Cry) -> str:
    """Say whether there is a cry, with its chance. If "no" surprises beside it, name the threshold too."""
    if cry.detected:
        return f"Crying ({_chance(cry.probability)})."
    if cry.probability < LIKELY:
        return f"No cry (cry {_chance(cry.probability)})."
    under = math.floor(100 * cry.probability) / 100  # never shown as equal to the threshold
    return f"No cry (cry {under:.2f}, counted from {cry.threshold:g})."


def _reason_in_words(label: str, reasons: Reasons) -> str:
    """Name a reason only if the evidence does, and say how common the reason is in the data."""
    if label == UNCERTAIN:
        return "No reason can be told apart."
    p, prior = reasons.probabilities[label], reasons.prior[label]
    if abs(p - prior) < NO_NEWS:
        how = f"{_chance(p)}, which is how common it is in the data"
    else:
        how = f"{_chance(p)}; {_chance(prior)} of the recordings in the data are"
    return f"Perhaps {_readable(label)} ({how})."


def ranking(result: Prediction, top: int | None) -> str:
    """Return the answer and its probability, and then the other labels."""
    (_, *others) = most_probable(result.probabilities, top or len(result.probabilities)).items()
    confidence = "" if result.confidence is None else f" ({result.confidence:.2f})"
    return f"{printable(result.label)}{confidence}   {listed(dict(others))}".rstrip()


def listed(probabilities: Mapping[str, float]) -> str:
    """List labels with their probabilities."""
    return "  ".join(f"{printable(label)} {p:.2f}" for label, p in probabilities.items())


def _chance(p: float) -> str:
    """Write a probability with two decimals, but never as certain."""
    if p >= 0.995:
        return "over 0.99"
    return "under 0.01" if p < 0.005 else f"{p:.2f}"


def _readable(label: str) -> str:
    return printable(label.replace("_", " "))


def complaint(file: str, error: EdgecryError) -> str:
    """Say what is wrong, without the name in front. What to do about it is printed on stderr."""
    text = str(error).removeprefix(f"{file}: ").removeprefix("<stdin>: ")
    return f"not classified: {printable(text.split('; ')[0])}"
