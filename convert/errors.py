"""What conversion raises on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from convert.portable import Refused
from edgecry.errors import EdgecryError


class ConversionError(EdgecryError):
    """A pickle, an estimator or a label file that cannot become a model file, and why."""


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what `convert.portable`, which cannot import edgecry, refuses as a ConversionError."""
    try:
        yield
    except Refused as error:
        raise ConversionError(str(error)) from error
