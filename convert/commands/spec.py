"""``python -m convert spec --features N``: recipes of features that give N values, each a spec file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from convert.errors import ConversionError
from convert.recipes import Recipe
from convert.widths import recipes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--features", metavar="N", type=int, required=True, help="how many values the model reads"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="also write each as a spec file into this folder"
    )
    parser.epilog = (
        "The same number does not make it the same recipe: rate, window and normalisation count as well. "
        "Compare with the code that the model was trained by. exit codes: 0 some are known, 1 none is"
    )


def run(args: argparse.Namespace) -> int:
    """List the recipes, and write them; 1 if there is none."""
    found = recipes(args.features)
    if not found:
        raise ConversionError(
            f"features: no recipe that edgecry knows gives {args.features} values; write a spec by hand, "
            "see docs/features.md"
        )
    lines = []
    for number, recipe in enumerate(found, start=1):
        lines.append(f"{number}. {recipe.title}")
        lines.append(f"   {_written(args.output, args.features, number, recipe)}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _written(folder: Path | None, n: int, number: int, recipe: Recipe) -> str:
    """Write a recipe, and tell where; or show what differs from the default."""
    if folder is None:
        return _differences(recipe)
    path = folder / f"spec-{n}-{number}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(recipe.spec.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise ConversionError(f"{path}: cannot be written ({error.strerror}); check the folder") from error
    return str(path)


def _differences(recipe: Recipe) -> str:
    from edgecry.features.spec import FeatureSpec

    default = FeatureSpec().to_dict()
    mine = {key: value for key, value in recipe.spec.to_dict().items() if value != default.get(key)}
    return json.dumps(mine) if mine else "no --spec is needed"
