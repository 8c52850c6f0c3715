"""``edgecry info``: what a model file says of itself."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from edgecry.answers.records import dump
from edgecry.models.bundled import BUNDLED, SAMPLE
from edgecry.models.rules import Conformal, Rule, Threshold
from edgecry.terminal import printable, quiet_stderr

if TYPE_CHECKING:
    from edgecry.models.model import CryModel

#: Columns of the screen, unless the terminal has fewer.
COLUMNS = 100
#: What is told of the figures: the first of each name, in this order.
FIGURES = (
    "accuracy",
    "balanced accuracy",
    "ROC AUC",
    "recall at 1 % false positives",
    "share with a reason",
    "recall on days left out",
    "false alarms on days left out",
)
#: Measurements of the cost, and how many of them build tables and are left out.
ROUNDS, WARM_UP = 9, 2

#: How the proof of a network begins, which is against PyTorch alone.
NETWORK = "scikit-learn not used, "


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "info",
        help="show what a model file says of itself",
        description="Checks a model file as 'classify' does, and shows on one screen what it is for, what "
        "it reads and costs, and how well it does; --json shows everything that the file states.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        default="reason",
        help="a model file, or one of 'edgecry models' (default: reason)",
    )
    parser.add_argument(
        "--json", action="store_true", help="everything that the file states, as a JSON object"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the metadata."""
    with quiet_stderr(), suppress(ImportError):  # opening the model reports this
        import onnxruntime  # noqa: F401
    from edgecry.models.model import CryModel

    model = CryModel.load(args.model)
    print(dump(describe(model), indent=2) if args.json else screen(model))
    return 0


def describe(model: CryModel) -> dict[str, Any]:
    """Put all that a model file states into plain types."""
    spec = model.spec
    facts = {field.name: getattr(model.metadata, field.name) for field in fields(model.metadata)}
    facts["labels"] = list(model.labels)
    read = model.metadata.reads
    facts["reads"] = {
        "features": f"{len(read)} of {spec.n_features}",
        "families": list(model.metadata.families_read),
        "cost": cost(model),
    }
    facts["spec"] = {"hash": spec.hash, "n_features": spec.n_features, **spec.to_dict()}
    return {"file": str(model.path), "bytes": model.path.stat().st_size, **facts}


def cost(model: CryModel) -> str:
    """What the families that the model reads cost here, beside all of its spec's; a window of a detector."""
    from edgecry.audio.load import load_audio
    from edgecry.features.extractor import FeatureExtractor

    y, rule = load_audio(SAMPLE, model.spec.sr).samples, model.metadata.rule
    if isinstance(rule, Threshold):
        y = y[: round(rule.window * model.spec.sr)]
    choices = dict.fromkeys((model.metadata.families_read, model.spec.families))  # one, if it reads all
    extractors = [FeatureExtractor(model.spec, only=families) for families in choices]
    times: list[list[float]] = [[] for _ in extractors]
    for _ in range(ROUNDS):  # in turns, so that other work of the machine slows both alike
        for extractor, taken in zip(extractors, times, strict=True):
            begin = time.perf_counter()
            extractor.extract(y)
            taken.append(1000 * (time.perf_counter() - begin))
    read, *whole = (sorted(taken[WARM_UP:])[(ROUNDS - WARM_UP) // 2] for taken in times)
    length = f"{read:.1f} ms for {len(y) / model.spec.sr:g} s of sound here"
    return f"{length}, {whole[0]:.1f} ms with all families" if whole else f"{length}; it reads all families"


def screen(model: CryModel) -> str:
    """Tell a person what a model is for, what it needs, and how far to trust it."""
    from shutil import get_terminal_size
    from textwrap import fill

    from edgecry.models.card import LIMITS, summary

    metadata = model.metadata
    columns = max(40, min(COLUMNS, get_terminal_size().columns))
    parity, data = metadata.evaluation["parity"], metadata.data
    reference = str(parity.get("reference", "the original")).removeprefix(NETWORK)
    facts = {
        "for": summary(metadata),
        "not for": " ".join(limit.partition(":")[0].partition(".")[0] + "." for limit in LIMITS),
        "labels": ", ".join(model.labels),
        "decides": _decides(metadata.rule),
        "reads": f"sound at {model.spec.sr} Hz; {len(metadata.reads)} of {model.spec.n_features} features: "
        + ", ".join(metadata.families_read),
        "costs": cost(model),
        "how well": ", ".join(_figures(metadata.evaluation)) or "the file states no figures",
        "measured": str(metadata.evaluation["protocol"]).partition(". ")[0],
        "parity": f"answers as {reference} on {parity.get('vectors', '?')} "
        f"vectors, to {parity.get('max_difference', float('nan')):.1g}",
        "learned": str(data.get("name", "the file does not say from what")),
        "licence": str(data.get("licence", "the file does not say")),
        "file": f"{model.path} ({model.path.stat().st_size / 1e3:.0f} kB)",
    }
    lines = [
        fill(printable(text), columns, initial_indent=f"{name:<10}", subsequent_indent=" " * 10)
        for name, text in facts.items()
    ]
    known = metadata.name if metadata.name in BUNDLED else "MODEL"
    more = f"edgecry models {known} shows its whole card, edgecry info {known} --json every number."
    return "\n".join((printable(metadata.name), "", *lines, "", fill(more, columns)))


def _decides(rule: Rule) -> str:
    match rule:
        case Threshold():
            quiet = (
                ""
                if rule.floor_dbfs is None
                else f"; under {rule.floor_dbfs:g} dB of full scale it is silence"
            )
            return (
                f"a cry from {rule.threshold:g} on ({rule.pool} of the windows, {rule.window:g} s long and "
                f"{rule.hop:g} s apart){quiet}"
            )
        case Conformal():
            return (
                f"names a reason if the {100 * rule.coverage:g} % conformal set holds no other and it is "
                f"one of: {', '.join(rule.nameable) or 'none'}"
            )
    return "the most probable label"


def _figures(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """The best-known figures, each of the first section that has it, beside what no skill would give."""
    sections = evaluation.get("sections")
    rows = [
        row
        for section in (sections if isinstance(sections, list) else [])
        if isinstance(section, Mapping) and isinstance(section.get("rows"), list)
        for row in section["rows"]
        if isinstance(row, Mapping)
    ]
    for name in FIGURES:
        row = next((row for row in rows if row.get("name") == name and len(row) > 1), None)
        if row is None:
            continue
        value = _value(next(value for key, value in row.items() if key != "name"))
        blind = f" (the most common label for all: {_value(row['majority'])})" if "majority" in row else ""
        yield f"{name} {value}{blind}"


def _value(found: object) -> str:
    """A number, or one of an interval."""
    number = found.get("value") if isinstance(found, Mapping) else found
    return f"{number:.2f}" if isinstance(number, int | float) else "unknown"
