"""``edgecry features``: the vector of each recording, as a model would read it, or its embedding."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from edgecry.answers.records import dump
from edgecry.cli.inputs import Input, add_files, audio_options, each, find
from edgecry.cli.outputs import file_name, output
from edgecry.errors import EdgecryError, SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgecry.features.spec import FeatureSpec

    Outcome = tuple[str, NDArray[np.float64] | EdgecryError]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "features",
        help="print the feature vector of each recording",
        description="Prints the feature vector of each recording, as a model would read it.",
        allow_abbrev=False,
    )
    add_files(parser)
    parser.add_argument(
        "--spec", metavar="S", help="a JSON file of FeatureSpec's parameters (default: the 194-value recipe)"
    )
    parser.add_argument(
        "--embedding",
        action="store_true",
        help="print the embedding of each window instead: what the last layer of a detector's network reads",
    )
    parser.add_argument("--model", metavar="M", help="the detector that gives the embedding (default: cry)")
    parser.add_argument(
        "--format",
        choices=("csv", "json", "npy"),
        default="csv",
        help="csv, a row a file under a header; json, one array; npy, a float64 array of a row a file "
        "(of embeddings: a row a window)",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=file_name, help="the file to write (default: stdout)"
    )
    parser.set_defaults(run=lambda args: run(args, parser), decodes=True)


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Extract from the files; 1 if any failed."""
    inputs = find(args.files, parser)
    if not inputs:
        parser.error("name a recording, or - for stdin")
    if args.format == "npy" and args.output is None and sys.stdout.isatty():
        parser.error("npy is binary, and stdout is a terminal; add -o OUT, or redirect stdout")
    if args.embedding:
        if args.spec is not None:
            parser.error("--spec: an embedding is made by the recipe in the model file; leave it out")
        return _embeddings(args, inputs)
    if args.model is not None:
        parser.error("--model: add --embedding, as the vector is made by --spec")
    return _vectors(args, inputs)


def _vectors(args: argparse.Namespace, inputs: Sequence[Input]) -> int:
    spec = read_spec(args.spec)

    from edgecry.audio.load import load_audio
    from edgecry.features.extractor import FeatureExtractor

    extractor, options = FeatureExtractor(spec), audio_options(args)

    def extract(source: str | BinaryIO) -> NDArray[np.float64]:
        return extractor.extract(load_audio(source, spec.sr, options).samples)

    # Opened first: an output that cannot be written is better known before the work than after.
    with output(args.output, args.files, binary=args.format == "npy") as stream:
        outcomes = list(each(inputs, extract))
        if args.format == "csv":
            _write_csv(stream, outcomes, spec.names)
        elif args.format == "json":
            _write_json(stream, outcomes, spec.names)
        else:
            _write_npy(stream, outcomes, spec.n_features)
    return 1 if any(isinstance(result, EdgecryError) for _, result in outcomes) else 0


def _embeddings(args: argparse.Namespace, inputs: Sequence[Input]) -> int:
    from edgecry.cli.embeddings import open_network, work_of, write

    network = open_network(args.model or "cry")
    with output(args.output, args.files, binary=args.format == "npy") as stream:
        outcomes = list(each(inputs, work_of(network, audio_options(args))))
        write(stream, args.format, outcomes, network.model.embedding_size)
    return 1 if any(isinstance(result, EdgecryError) for _, result in outcomes) else 0


def read_spec(path: str | None) -> FeatureSpec:
    """Read a spec from a JSON file; None gives the default one.

    Raises
    ------
    SpecError
        The file cannot be read, or what it says is refused.
    """
    from edgecry.features.spec import FeatureSpec

    if path is None:
        return FeatureSpec()
    try:
        return FeatureSpec.from_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error.strerror}); name a JSON file") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not text; name a JSON file") from error
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def _write_csv(stream: IO[str], outcomes: Iterable[Outcome], names: Sequence[str]) -> None:
    """Write a row a file; the cells of one that failed are empty."""
    rows = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow(["file", *names])
    for file, result in outcomes:
        cells = [""] * len(names) if isinstance(result, EdgecryError) else result.tolist()
        rows.writerow([file, *cells])


def _write_json(stream: IO[str], outcomes: Iterable[Outcome], names: Sequence[str]) -> None:
    records = [
        {"file": file, "error": str(result)}
        if isinstance(result, EdgecryError)
        else {"file": file, "features": dict(zip(names, result.tolist(), strict=True))}
        for file, result in outcomes
    ]
    print(dump(records, indent=2), file=stream)


def _write_npy(stream: IO[bytes], outcomes: Sequence[Outcome], n_features: int) -> None:
    """Write float64 [shape=(n_files, n_features)]; the row of a file that failed is NaN."""
    import numpy as np

    table = np.full((len(outcomes), n_features), np.nan)
    for row, (_, result) in zip(table, outcomes, strict=True):
        if not isinstance(result, EdgecryError):
            row[:] = result
    content = BytesIO()  # numpy seeks in what it takes for a file, and a pipe cannot
    np.save(content, table, allow_pickle=False)
    stream.write(content.getbuffer())
