"""``python -m convert card``: write the card of a model file beside it."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from convert.errors import ConversionError
from edgecry.models.card import render
from edgecry.models.model import CryModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``python -m convert card`` takes."""
    parser.add_argument(
        "models",
        metavar="MODEL",
        nargs="+",
        type=Path,
        help="a model file; NAME.md is written beside NAME.onnx",
    )


def run(args: argparse.Namespace) -> int:
    """Write the cards."""
    for path in args.models:
        card = path.with_suffix(".md")
        content = render(CryModel.load(path).metadata)
        try:
            card.write_text(content, encoding="utf-8")
        except OSError as error:
            raise ConversionError(
                f"{card}: cannot be written ({error.strerror}); check the folder"
            ) from error
        logging.getLogger("edgecry").info("%s: %d lines", card, content.count("\n"))
    return 0
