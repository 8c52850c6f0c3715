"""Arguments that commands share, and what they stand for."""

from __future__ import annotations

import argparse
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
