"""Arguments that commands share, and what they stand for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.export import as_vectors
from convert.jobs import Limits, Source
from convert.labels import read_labels
from convert.parity import TOLERANCE
from convert.pickles import PickleFile
from convert.portable.kinds import ENCODER, TRANSFORMER, kind_of
from convert.stranger import Trial
from edgecry.errors import SpecError
from edgecry.features.spec import FeatureSpec


def add_source_arguments(parser: argparse.ArgumentParser, tolerance: float | None = TOLERANCE) -> None:
    """Declare how a pickle is opened. Without a ``tolerance`` it is that of the model file."""
    parser.add_argument(
        "--labels", metavar="FILE", help="LabelEncoder's pickle, or text: one name a line in class order"
    )
    parser.add_argument(
        "--scaler",
        metavar="FILE",
        action="append",
        default=[],
        help="pickle of a transformer that comes before the classifier, such as a StandardScaler or a PCA; "
        "again for each, in the order in which they are applied",
    )
    _add_proof(parser, tolerance)
    _add_loading(parser)


def _add_proof(parser: argparse.ArgumentParser, tolerance: float | None) -> None:
    """Add the options that say what the model file is compared on, and how exactly."""
    parser.add_argument(
        "--recordings", metavar="DIR", type=Path, help="recordings to compare on as well, from file to answer"
    )
    parser.add_argument(
        "--vectors", metavar="FILE", help="feature vectors to compare on as well, .npy or .csv, one a row"
    )
    parser.add_argument(
        "--tolerance",
        metavar="P",
        type=float,
        default=tolerance,
        help="largest difference of a probability that counts as the same answer (default: "
        f"{'that of the model file' if tolerance is None else f'{tolerance:g}'})",
    )


def _add_loading(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where a pickle is loaded, and what it may take."""
    parser.add_argument(
        "--isolated",
        action="store_true",
        help="load it under its own scikit-learn, in a throw-away environment that pip fills",
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load what is not on the allow-list: runs whatever the file's author wrote",
    )
    parser.add_argument(
        "--memory",
        metavar="GB",
        type=float,
        default=Limits.memory,
        help="memory that a process that works on the model may take (default: %(default)g GB)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=int,
        default=Limits.seconds,
        help="time that it may take (default: %(default)s s)",
    )


def read_source(args: argparse.Namespace) -> tuple[Source, tuple[str, ...] | None]:
    """Read the files that make up a model, and the names of its classes where a text gives them.

    Raises
    ------
    ConversionError
        One cannot be read, or is not a pickle; or it is not a classifier but one of its parts.
    """
    labels = None if args.labels is None else read_labels(args.labels)
    model = PickleFile.read_model(args.model)
    part = {TRANSFORMER: "--scaler", ENCODER: "--labels"}.get(kind_of(model.scan.estimator))
    if part and not model.scan.refused:
        raise ConversionError(
            f"{model.origin}: holds a {model.scan.estimator.rpartition('.')[2]}, which is not a classifier; "
            f"convert the classifier, and give this file with {part}"
        )
    scalers = tuple(PickleFile.read(path) for path in args.scaler)
    if len({scaler.sha256 for scaler in scalers}) < len(scalers):
        raise ConversionError(
            f"--scaler: {', '.join(args.scaler)} name the same transformer twice; name each once, in order"
        )
    encoder = labels if isinstance(labels, PickleFile) else None
    return Source(model, scalers, encoder), labels if isinstance(labels, tuple) else None


def read_trial(args: argparse.Namespace, spec: FeatureSpec) -> Trial:
    """How the model is to be opened and proven.

    Raises
    ------
    ConversionError
        A limit is out of range, or the vectors cannot be read.
    """
    return Trial(
        vectors=read_vectors(args.vectors, spec),
        recordings=args.recordings,
        tolerance=args.tolerance,
        isolated=args.isolated,
        trust=args.trust,
        anyway=getattr(args, "anyway", True),
        limits=Limits(args.memory, args.timeout),
    )


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the recordings are, and how their labels and groups are told."""
    data = os.environ.get("EDGECRY_DATA")
    parser.add_argument(
        "folders",
        metavar="DIR",
        nargs="*" if data else "+",
        default=[Path(data)] if data else None,
        type=Path,
        help="recordings in class folders, or with a manifest.csv; several for the task cry only "
        "(default: EDGECRY_DATA, where that is set)",
    )
    parser.add_argument("--spec", metavar="FILE", help="feature spec, JSON (default: the task's own)")
    parser.add_argument(
        "--label-column", metavar="NAME", help="manifest's column of labels (default: label or category)"
    )
    parser.add_argument(
        "--group-by",
        metavar="NAME",
        help="manifest's column that tells whose recording it is (default: instance, group, author or "
        "clip_id), 'prefix:N' for the first N characters of the file's name, or 'none' for LEAKY figures",
    )


def add_steps_argument(parser: argparse.ArgumentParser) -> None:
    """Declare for how many steps the networks of the task cry are trained."""
    parser.add_argument(
        "--steps",
        metavar="N",
        type=count,
        help="of the task cry, train every network for N steps, such as 100 to try the command: its figures "
        "are poor (default: those of the recipe, which take hours)",
    )


def count(text: str) -> int:
    """Read a whole number of at least 1, as a ``type`` of argparse."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def one_folder(folders: Sequence[Path]) -> Path:
    """The folder, where a task takes one only.

    Raises
    ------
    ConversionError
        There are several.
    """
    if len(folders) > 1:
        raise ConversionError(
            f"found {len(folders)} folders, {', '.join(map(str, folders))}; this task takes one"
        )
    return folders[0]


def require_clip(args: argparse.Namespace, task: str) -> None:
    """Refuse what is the choice of the task "clip" alone, where another task has its own recipe.

    Raises
    ------
    ConversionError
        An estimator or what it tells is named, and the task is another.
    """
    for name in ("estimator", "tells"):
        value = getattr(args, name, None)
        if value is not None and task != "clip":
            raise ConversionError(
                f"--{name}: {value} cannot be chosen, as the task {task} has its own recipe; "
                "leave it out, or take --task clip"
            )


def require_cry(args: argparse.Namespace, *names: str) -> None:
    """Refuse the arguments of these names, which are for the task cry alone, for another task.

    Raises
    ------
    ConversionError
        One is given, and the task is another.
    """
    for name in names:
        if getattr(args, name) not in (None, False) and args.task != "cry":
            option = name.replace("_", "-")
            raise ConversionError(f"--{option}: is for the task cry; leave it out, or add --task cry")


def stated_data(args: argparse.Namespace) -> dict[str, str]:
    """What the arguments say of the recordings; called as their folders are, if they say no name."""
    stated = {
        "name": args.data_name or ", ".join(folder.resolve().name for folder in args.folders),
        "licence": args.data_licence,
        "attribution": args.attribution,
    }
    return {key: text for key, text in stated.items() if text}


def read_spec(path: str | None) -> FeatureSpec:
    """Read a feature spec; the default one for None.

    Raises
    ------
    ConversionError
        It cannot be read or is no spec.
    """
    if path is None:
        return FeatureSpec()
    try:
        return FeatureSpec.from_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConversionError(f"{path}: cannot be read ({error.strerror})") from error
    except (SpecError, UnicodeDecodeError) as error:
        raise ConversionError(f"{path}: {error}") from error


def read_vectors(path: str | None, spec: FeatureSpec) -> NDArray[np.float32] | None:
    """Read feature vectors, if a file of them is given.

    Raises
    ------
    ConversionError
        It cannot be read or does not fit the spec.
    """
    if path is None:
        return None
    values: NDArray[Any]
    try:
        if Path(path).suffix == ".npy":
            values = np.load(path, allow_pickle=False)
        else:
            values = np.loadtxt(path, delimiter=",", ndmin=2)
    except OSError as error:
        raise ConversionError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise ConversionError(f"{path}: not numbers, one vector a row ({error})") from error
    return as_vectors(values, spec, path)
