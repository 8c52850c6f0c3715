"""The card of a model: what its file says of itself, in Markdown, for people who want to rely on it.

Everything comes from the metadata, so that a card cannot say what the file does not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from edgecry.features.spec import FeatureSpec
from edgecry.models.metadata import ModelMetadata
from edgecry.models.rules import Argmax, Conformal, Rule, Threshold

#: Keys of ``evaluation``, and of its sections, with a place of their own. Others are shown as they are.
PLACED: Final = ("protocol", "sections", "parity")
PLACED_IN_SECTION: Final = ("title", "protocol", "case", "rows", "classes")

#: Parts of a spec that are told in words.
_TOLD: Final = ("sr", "families", "stats", "length")

LIMITS: Final = (
    "No diagnosis. It is no medical device, and knows nothing of pain or illness.",
    "No reassurance: a baby that is silent, or that it does not hear, may still not be well.",
    "No alarm to rely on: cries are missed, and other sounds are taken for cries.",
)
GUESSES: Final = (
    "No finding of a cause: the labels it learned from are what parents believed, and nobody checked them."
)


def render(metadata: ModelMetadata) -> str:
    """Lay a model's metadata out as a Markdown document, which ends with a newline."""
    parts = [
        [f"# {_text(metadata.name)}", "", summary(metadata)],
        _part("What it must not be used for", _bullets(_limits(metadata))),
        _part("How it decides", _decision(metadata.rule)),
        *_evaluation(metadata.evaluation),
        _part("What it learned from", _facts(metadata.data, ("name", "licence", "attribution"))),
        _part("What it reads", _bullets(_reads(metadata))),
        _part(
            "What it was made of", _facts({**metadata.source, **_runtime(metadata.runtime)}, ("estimator",))
        ),
        _part("Proof that the conversion answers alike", _facts(metadata.evaluation["parity"], ())),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def summary(metadata: ModelMetadata) -> str:
    """Say in a sentence what the model is for."""
    match metadata.rule:
        case Threshold(window=window):
            return f"Tells whether a baby cries, from windows of {window:g} s; says nothing of reasons."
        case Conformal():
            return (
                "Weighs what may be the reason of a cry, and says 'uncertain' unless the evidence leaves "
                "exactly one."
            )
    if metadata.task == "cry":
        return "Tells a cry from other sounds, as the more probable of its labels."
    return "Gives every sound the most probable of its reasons, be it a cry or not."


def _limits(metadata: ModelMetadata) -> Sequence[str]:
    if metadata.task == "cry":
        return LIMITS
    return (*LIMITS, GUESSES, "No telling of a cry from another sound: a detector has to listen first.")


def _reads(metadata: ModelMetadata) -> Iterator[str]:
    spec = metadata.spec
    yield f"Sound at {spec.sr} Hz" + ("" if spec.length is None else f", brought to {spec.length:g} s") + "."
    yield f"{len(metadata.reads)} of {spec.n_features} values:"
    for family, names in spec.stats_by_family:
        unread = "" if family in metadata.families_read else " (not read, so not computed)"
        yield f"{family}: {spec.width(family)} x {', '.join(names)}{unread}."
    usual = FeatureSpec().to_dict()
    unusual = {k: v for k, v in spec.to_dict().items() if k not in _TOLD and v != usual[k]}
    if unusual:
        settings = ", ".join(f"{key} {_cell(value)}" for key, value in unusual.items())
        yield f"Set otherwise than in the public recipe: {settings}."


def _runtime(runtime: Mapping[str, Any]) -> dict[str, Any]:
    opset = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in runtime["opset"].items())
    return {"operator set": opset, "onnxruntime": f"{runtime['onnxruntime']} or newer"}


# -- decision --------------------------------------------------------------------------------------


def _decision(rule: Rule) -> list[str]:
    match rule:
        case Argmax():
            return ["The most probable label is the answer, whatever the sound; it never says uncertain."]
        case Threshold():
            pooled = {"max": "largest", "mean": "mean", "top2": "mean of the two largest"}[rule.pool]
            lines = [
                f"It is a cry where the {pooled} probability of the windows is at least {rule.threshold:g}.",
                f"Windows are {rule.window:g} s long and begin every {rule.hop:g} s.",
            ]
            if rule.floor_dbfs is not None:
                lines.append(f"Those under {rule.floor_dbfs:g} dB of full scale are silent, and no cry.")
            return lines
        case Conformal():
            return [
                f"A reason is named where the {100 * rule.coverage:g} % class-conditional conformal set "
                "holds no other, and it may be named.",
                "Everything else is 'uncertain'. A set that would be empty keeps its most credible reason.",
                "",
                *_table(
                    ("reason", "share of the data", "calibrated on", "may be named"),
                    [
                        (k, f"{p:.3f}", str(len(rule.scores[k])), "yes" if k in rule.nameable else "no")
                        for k, p in rule.prior.items()
                    ],
                ),
            ]


# -- evaluation ------------------------------------------------------------------------------------


def _evaluation(record: Mapping[str, Any]) -> Iterator[list[str]]:
    yield _part("How good it is", [_text(record["protocol"])])
    for section in _records(record.get("sections")):
        yield list(_section(section))
    others = {key: value for key, value in record.items() if key not in PLACED}
    if others:
        yield _part("Further", _facts(others, ()))


def _section(section: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {_text(section.get('title', 'Figures'))}"
    if protocol := section.get("protocol"):
        yield from ("", _text(protocol))
    for key, title in (("rows", section.get("case", "figure")), ("classes", "label")):
        if rows := _records(section.get(key)):
            yield from ("", *_records_table(rows, title))
    if others := {key: value for key, value in section.items() if key not in PLACED_IN_SECTION}:
        yield from ("", *_facts(others, ()))


# -- Markdown --------------------------------------------------------------------------------------


def _part(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *lines]


def _bullets(sentences: Sequence[str] | Iterator[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _facts(values: object, first: Sequence[str], depth: int = 0) -> list[str]:
    """One bullet a value, nested objects indented; ``first`` lead."""
    if not isinstance(values, Mapping):
        return _bullets([_cell(values)])
    keys = [*(key for key in first if key in values), *(key for key in values if key not in first)]
    lines = []
    for key in keys:
        value, margin = values[key], "  " * depth
        if isinstance(value, Mapping):
            lines += [f"{margin}- {_words(key)}:", *_facts(value, (), depth + 1)]
        else:
            lines.append(f"{margin}- {_words(key)}: {_cell(value)}")
    return lines


def _records(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _records_table(records: Sequence[Mapping[str, Any]], title: object) -> list[str]:
    """A table of objects: a column for each key that any of them has; ``title`` is that of their names."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    head = [_text(title) if key == "name" else _words(key) for key in keys]
    return _table(head, [[_cell(record.get(key)) for key in keys] for record in records])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(_text(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, Mapping) and {"value", "low", "high"} <= set(value):
        ends = "" if value["low"] is None else f" ({_cell(value['low'])} to {_cell(value['high'])})"
        return f"{_cell(value['value'])}{ends}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)} {_cell(item)}" for key, item in value.items())
    return _text(value)


def _words(key: str) -> str:
    return _text(key.replace("_", " "))


def _text(value: object) -> str:
    """In one line, as Markdown's structure is made of lines."""
    return " ".join(str(value).split())
