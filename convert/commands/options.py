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
from edgecry.errors import SpecError
from edgecry.features.spec import FeatureSpec


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how a pickle is opened."""
    parser.add_argument(
        "--labels", metavar="FILE", help="LabelEncoder's pickle, or text: one name a line in class order"
    )
    parser.add_argument(
        "--vectors", metavar="FILE", help="feature vectors to compare on as well, .npy or .csv, one a row"
    )
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
