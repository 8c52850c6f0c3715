"""What conversion raises on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from convert.portable import DETAILS, Refused
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


def in_own_words(error: Exception, said: str) -> str:
    """Return ``said``, or a sentence of edgecry's own where it repeats the words of onnxruntime."""
    if not type(error.__cause__).__module__.startswith("onnxruntime"):
        return said
    return (
        "onnxruntime cannot run it; a part of the model does not fit together, or has a setting that edgecry "
        f"does not know. docs/estimators.md lists what converts. {DETAILS}"
    )
