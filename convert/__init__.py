"""The workstation's side of edgecry: from scikit-learn to a model file.

``python -m convert`` has the commands; :func:`convert.convert` is the same from Python. This package
is not installed with edgecry, it runs from a checkout, and the device never meets it.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["ConversionError", "Converted", "convert"]

_HOME = {"ConversionError": "convert.errors", "Converted": "convert.export", "convert": "convert.export"}

if TYPE_CHECKING:
    from convert.errors import ConversionError
    from convert.export import Converted, convert


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'convert' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
