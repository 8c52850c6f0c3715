"""``edgecry measure``: what the cries of each recording sound like, in numbers."""

from __future__ import annotations

import argparse
from typing import IO, TYPE_CHECKING, Any

from edgecry.answers.records import dump
from edgecry.cli.inputs import add_files, audio_options, each, find
from edgecry.cli.outputs import file_name, output
from edgecry.errors import EdgecryError

if TYPE_CHECKING:
    from edgecry.measure.meter import Measured


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "measure",
        help="measure the cries of each recording: pitch, jitter, noise, pauses",
        description="Measures the cries of each recording, and the units in them, which are mostly one "
        "expiration each. It is no diagnosis.",
        allow_abbrev=False,
    )
    add_files(parser)
    parser.add_argument(
        "--format",
        choices=("csv", "json"),
        default="csv",
        help="csv, a row for each unit or cry; json, one array with all (default: csv)",
    )
    parser.add_argument(
        "--per", choices=("unit", "cry"), default="unit", help="what has a row in csv (default: unit)"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=file_name, help="the file to write (default: stdout)"
    )
    parser.add_argument("--f0-min", metavar="HZ", type=float, help="lowest fundamental (default: 150)")
    parser.add_argument("--f0-max", metavar="HZ", type=float, help="highest fundamental (default: 1500)")
    cries = parser.add_mutually_exclusive_group()
    cries.add_argument("--detector", metavar="M", help="the model that finds the cries (default: cry)")
    cries.add_argument("--no-detector", action="store_true", help="take each recording for one cry")
    parser.add_argument(
        "--threshold",
        metavar="P",
        type=float,
        help="probability from which on a window is a cry (default: the detector's)",
    )
    parser.set_defaults(run=lambda args: run(args, parser), decodes=True)


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Measure the files. Return 1 if any failed."""
    inputs = find(args.files, parser)
    if not inputs:
        parser.error("name a recording, or - for stdin")
    if args.format == "json" and args.per != "unit":
        parser.error("--per chooses the rows of csv; json has both, so leave it out")
    if args.no_detector and args.threshold is not None:
        parser.error("--threshold is a setting of the detector; leave it or --no-detector out")
    from edgecry.measure.meter import Meter
    from edgecry.measure.settings import MeasureSettings

    chosen = {name: value for name in ("f0_min", "f0_max") if (value := getattr(args, name)) is not None}
    detector = None if args.no_detector else args.detector or "cry"
    meter = Meter(MeasureSettings(**chosen), detector, args.threshold, audio_options(args))
    found = each(inputs, meter.measure)
    with output(args.output, args.files) as stream:
        return _write(stream, found, args)


def _write(stream: IO[Any], found: Any, args: argparse.Namespace) -> int:
    from edgecry.measure.table import columns, rows

    failed, records = 0, []
    if args.format == "csv":
        import csv

        writer = csv.DictWriter(stream, columns(args.per), quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writeheader()
    for name, result in found:
        failed += isinstance(result, EdgecryError)
        if args.format == "csv":
            writer.writerows(rows(name, result, args.per))
            stream.flush()
        else:
            records.append({"file": name, **_record(result)})
    if args.format == "json":
        print(dump(records, indent=2), file=stream)
    return 1 if failed else 0


def _record(result: Measured | EdgecryError) -> dict[str, Any]:
    return {"error": str(result)} if isinstance(result, EdgecryError) else result.to_dict()
