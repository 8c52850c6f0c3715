"""Names of the classes, in the order of the probabilities."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convert.errors import ConversionError
from convert.pickles import PickleFile, read_file
from edgecry.models.metadata import LONGEST_NAME

_TEXTS = (".txt", ".json")
_HOW = "give --labels: the LabelEncoder's pickle, or a text file, one name a line in the order of the classes"


def read_labels(path: str | os.PathLike[str]) -> PickleFile | tuple[str, ...]:
    """Read a label file: a LabelEncoder's pickle (not loaded yet), or names as text or JSON.

    Raises
    ------
    ConversionError
        It cannot be read, or is neither.
    """
    path, data = Path(path), read_file(path)
    text = None if path.suffix not in _TEXTS and _is_binary(path, data) else _decode(data)
    if text is None:
        file = PickleFile.of(data, str(path))
        if not file.scan.estimator.endswith(".LabelEncoder"):
            raise ConversionError(f"{path}: holds {file.scan.estimator}, not a LabelEncoder")
        return file
    if path.suffix == ".json":
        return _from_json(path, text)
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def class_names(
    classes: Sequence[Any], encoder: Sequence[Any] | None, names: Sequence[str] | None
) -> tuple[str, ...]:
    """Name an estimator's classes.

    Parameters
    ----------
    classes : sequence of str or int
        The estimator's ``classes_``.
    encoder : sequence of str, optional
        ``classes_`` of the LabelEncoder whose numbers the estimator was trained on.
    names : sequence of str, optional
        A name for each class, in their order, instead.

    Raises
    ------
    ConversionError
        The names do not fit the classes, or the classes are numbers and nobody names them.
    """
    if encoder is not None:
        return _checked(_decoded(classes, encoder))
    if names is not None:
        return _checked(_given(classes, names))
    if not all(isinstance(c, str) for c in classes):
        raise ConversionError(
            f"the model's {len(classes)} classes are {_shown(classes)}, which are not names; {_HOW}: "
            f"{len(classes)} lines, {_example(classes)}"
        )
    return _checked(classes)


def _decoded(classes: Sequence[Any], encoder: Sequence[Any]) -> list[Any]:
    """Translate classes as ``LabelEncoder.inverse_transform`` does."""
    misfit = f"the label encoder knows {_shown(encoder)}, the model's classes are {_shown(classes)}; "
    if len(encoder) != len(classes):
        raise ConversionError(
            f"{misfit}{len(encoder)} names for {len(classes)} classes: it belongs to another model"
        )
    if all(isinstance(c, str) for c in classes):
        if set(classes) != set(encoder):
            raise ConversionError(f"{misfit}they differ: it belongs to another model")
        return list(classes)
    if list(classes) != list(range(len(classes))):
        raise ConversionError(f"{misfit}an encoder's numbers are 0 to {len(encoder) - 1}; {_HOW}")
    return [str(name) for name in encoder]


def _given(classes: Sequence[Any], names: Sequence[str]) -> list[str]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ConversionError(f"labels: {names!r:.80} is not a list of names")
    if len(names) != len(classes):
        raise ConversionError(
            f"labels: {len(names)} names, {_shown(names)}, for {len(classes)} classes, {_shown(classes)}; "
            "give one for each, in the order of the classes"
        )
    if set(names) == set(classes) and list(names) != list(classes):
        raise ConversionError(
            f"labels: {_shown(names)} are the model's classes in another order; "
            f"its order is {_shown(classes)}"
        )
    return list(names)


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if not name.strip():
            raise ConversionError(f"labels: one of {_shown(names)} is empty; name every class")
        if len(name) > LONGEST_NAME:
            raise ConversionError(
                f"labels: a name of {len(name):,} characters, {name[:20]}...; allowed are {LONGEST_NAME}"
            )
    if len(set(names)) < len(names):
        raise ConversionError(f"labels: {_shown(names)} names one twice; name each class once")
    return tuple(names)


def _example(classes: Sequence[Any]) -> str:
    """How a text file of names begins, in words."""
    first, second = classes[:2]
    return (
        f"the first for class {first}, the second for class {second} and so on, such as 'hungry' and 'tired'"
    )


def _shown(values: Sequence[Any]) -> str:
    shown = ", ".join(f"{value!s:.{LONGEST_NAME}}" for value in values[:12])
    return shown + (", ..." if len(values) > 12 else "")


def _is_binary(path: Path, data: bytes) -> bool:
    return path.suffix in (".joblib", ".pickle", ".pkl", ".z", ".gz", ".bz2", ".xz") or _decode(data) is None


def _decode(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _from_json(path: Path, text: str) -> tuple[str, ...]:
    try:
        names = json.loads(text)
    except ValueError as error:
        raise ConversionError(f"{path}: not JSON ({error}); write a list of names") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConversionError(
            f"{path}: found {names!r:.80}; write a list of names in the order of the classes"
        )
    return tuple(names)
