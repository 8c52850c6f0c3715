"""``edgecry models``: the models that come with edgecry, and their cards."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edgecry.answers.records import dump
from edgecry.errors import ModelError
from edgecry.terminal import printable, quiet_stderr

if TYPE_CHECKING:
    from edgecry.models.model import CryModel


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "models",
        help="list the models that come with edgecry, or show a model's card",
        description="Lists the models that come with edgecry; with MODEL shows its card: what it was made "
        "of, how good it is, and what it must not be used for.",
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", nargs="?", help="one of the list, or a model file")
    parser.add_argument("--json", action="store_true", help="the same facts as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the models, or show a card."""
    with quiet_stderr(), suppress(ImportError):  # opening a model reports this
        import onnxruntime  # noqa: F401
    from edgecry.models.bundled import BUNDLED
    from edgecry.models.card import render
    from edgecry.models.model import CryModel

    if args.model is not None:
        model = CryModel.load(args.model)
        print(dump(_facts(model), indent=2) if args.json else render(model.metadata), end="\n" * args.json)
        return 0
    models = {name: _open(name) for name in BUNDLED}
    if args.json:
        print(dump([_entry(name, model) for name, model in models.items()], indent=2))
        return 0
    for name, found in models.items():
        print(f"{name:<8}{_line(found)}")
    return 0


def _line(model: CryModel | ModelError) -> str:
    from edgecry.models.card import summary

    if isinstance(model, ModelError):
        return f"not here: {printable(str(model))}"
    size = f"{model.path.stat().st_size / 1e3:.0f} kB"
    labels = ", ".join(map(printable, model.labels))
    return f"{model.metadata.task:<8}{size:<8}{labels}\n{'':8}{summary(model.metadata)}"


def _open(name: str) -> CryModel | ModelError:
    """One that is missing or broken does not keep the others from being listed."""
    from edgecry.models.model import CryModel

    try:
        return CryModel.load(name)
    except ModelError as error:
        return error


def _entry(name: str, model: CryModel | ModelError) -> dict[str, Any]:
    return (
        {"name": name, "error": str(model)}
        if isinstance(model, ModelError)
        else {**_facts(model), "name": name}
    )


def _facts(model: CryModel) -> dict[str, Any]:
    from edgecry.models.card import render, summary

    metadata = model.metadata
    return {
        "name": metadata.name,
        "file": str(model.path),
        "bytes": model.path.stat().st_size,
        "task": metadata.task,
        "labels": list(model.labels),
        "summary": summary(metadata),
        "decision": dict(metadata.decision),
        "evaluation": dict(metadata.evaluation),
        "data": dict(metadata.data),
        "card": render(metadata),
    }
