"""What a search of settings keeps beside the model that it found: measures and distributions.

By these it judged models and drew their settings. It keeps them and never asks them again, so nothing of
them is imported: scipy's distributions run the text of their state as code. Something harmless stands in.
"""

from __future__ import annotations

import re
from typing import Any

from . import Refused
from .inert import Inert
from .states import class_of

_MEASURE = re.compile(r"sklearn\.metrics\.(_scorer\._passthrough_scorer|_(classification|ranking)\.[a-z]\w*)")
_DISTRIBUTION = re.compile(
    r"scipy\.stats\.(_(continuous|discrete)_distns\.\w+_gen|_distn_infrastructure\.rv_\w*frozen)|numpy\.vectorize"
)
#: By which a distribution of whole numbers names its own methods. It may be called for nothing else.
GETATTR = ("builtins", "getattr")


def stand_in(module: str, name: str) -> Any:
    """What stands for ``module.name`` of a search; None if it is nothing of that kind."""
    if (module, name) == GETATTR:
        return _method
    path = f"{module}.{name}"
    if _MEASURE.fullmatch(path):
        return _measure
    return _Distribution if _DISTRIBUTION.fullmatch(path) else None


def is_method(args: tuple[Any, ...]) -> bool:
    """Tell whether these arguments of ``getattr``, as the scan sees them, name a distribution's method."""
    return len(args) == 2 and isinstance(args[0], Inert) and bool(_DISTRIBUTION.fullmatch(class_of(args[0])))


def _measure(*_: Any, **__: Any) -> Any:
    """Stand in for a function by which a search judges models, and that nothing calls."""
    raise Refused("calls the scorer of a grid search, which no model's pickle does")


class _Distribution:
    """Stands in for the random numbers from which a search draws settings."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        """Leave it."""


def _method(*args: Any) -> Any:
    """Stand in for ``getattr`` of a distribution."""
    if len(args) != 2 or not isinstance(args[0], _Distribution):
        raise Refused("calls getattr of what is no distribution, which no model's pickle does")
    return args[0]
