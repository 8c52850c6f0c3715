"""``python -m convert web``: write a detector as one graph from samples to probability."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

from convert.errors import ConversionError
from convert.web.graph import facts, web_graph
from convert.web.proof import prove
from edgecry.models.model import CryModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``python -m convert web`` takes."""
    parser.add_argument("model", metavar="MODEL", help="a detector on log-mel frames: a model file, or 'cry'")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        required=True,
        help="the graph to write, and beside it a .json with what a page must know; it reads 'samples' and "
        "is not a model file of edgecry",
    )


def run(args: argparse.Namespace) -> int:
    """Write the graph, if it gives what the device gives."""
    model = CryModel.load(args.model)
    graph = web_graph(model)
    windows, difference = prove(graph, model)
    try:
        args.output.write_bytes(graph)
        args.output.with_suffix(".json").write_text(json.dumps(facts(model), indent=2) + "\n")
    except OSError as error:
        raise ConversionError(
            f"{args.output}: cannot be written ({error.strerror}); check the folder"
        ) from error
    logging.getLogger("edgecry").info(
        "%s: %d kB; on %d windows its probabilities are the device's within %.1g",
        args.output, round(len(graph) / 1000), windows, difference,
    )  # fmt: skip
    return 0
