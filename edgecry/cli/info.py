"""``edgecry info``: what a model file says of itself."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from edgecry.cli.output import dump
from edgecry.models.bundled import SAMPLE
from edgecry.terminal import printable, quiet_stderr

if TYPE_CHECKING:
    from edgecry.models.model import CryModel

INDENT = 2
#: Measurements of the cost, and how many of them build tables and are left out.
ROUNDS, WARM_UP = 9, 2


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "info",
        help="show what a model file says of itself",
        description="Checks a model file as 'classify' does, and shows what it says of itself.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        default="reason",
        help="a model file, or one of 'edgecry models' (default: reason)",
    )
    parser.add_argument("--json", action="store_true", help="as a JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the metadata."""
    with quiet_stderr(), suppress(ImportError):  # which opening the model will report
        import onnxruntime  # noqa: F401
    from edgecry.models.model import CryModel

    facts = describe(CryModel.load(args.model))
    print(dump(facts, indent=2) if args.json else "\n".join(_lines(facts)))
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
    from edgecry.models.rules import Threshold

    y, rule = load_audio(SAMPLE, model.spec.sr).samples, model.metadata.rule
    if isinstance(rule, Threshold):
        y = y[: round(rule.window * model.spec.sr)]
    choices = dict.fromkeys((model.metadata.families_read, model.spec.families))  # one, if it reads all
    extractors = [FeatureExtractor(model.spec, only=families) for families in choices]
    times: list[list[float]] = [[] for _ in extractors]
    for _ in range(ROUNDS):  # in turns, so that whatever else the machine does falls on both
        for extractor, taken in zip(extractors, times, strict=True):
            begin = time.perf_counter()
            extractor.extract(y)
            taken.append(1000 * (time.perf_counter() - begin))
    read, *whole = (sorted(taken[WARM_UP:])[(ROUNDS - WARM_UP) // 2] for taken in times)
    length = f"{read:.1f} ms for {len(y) / model.spec.sr:g} s of sound here"
    return f"{length}, {whole[0]:.1f} ms with all families" if whole else f"{length}, all families being read"


def _lines(values: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """One line a value, nested objects indented."""
    margin = " " * (INDENT * depth)
    names = {key: printable(key) or "(default)" for key in values}  # as ONNX calls its own domain
    width = max(map(len, names.values()))
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield f"{margin}{names[key]}"
            yield from _lines(value, depth + 1)
        else:
            yield f"{margin}{names[key]:<{width}}  {printable(_shown(value))}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "none"
    return value if isinstance(value, str) else dump(value)
