"""Was every transformer of a model fitted? One that was saved too early does not tell its width, either."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from . import Refused
from .widths import is_passthrough, width_of


def require_fitted(part: Any, holder: str = "") -> None:
    """Refuse a transformer that was never fitted, also inside a pipeline or a union.

    Parameters
    ----------
    part : estimator
    holder : str
        What holds it, for the message, where it is not the model's file.

    Raises
    ------
    Refused
        There is one; the message names its class.
    """
    import numpy as np
    from sklearn.exceptions import NotFittedError

    inner = list(_steps(part))
    for step in inner:
        if hasattr(step, "transform"):
            require_fitted(step, holder)
    if inner or not hasattr(part, "transform"):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            part.transform(np.zeros((1, width_of(part) or 1)))
    except NotFittedError as error:
        said = f"{holder} holds a {type(part).__name__} that is not fitted".lstrip()
        raise Refused(f"{said}; fit it on the training data, and save it then") from error
    except MemoryError:
        raise
    except Exception:  # it wants other values, which is not the question here
        return


def _steps(part: Any) -> Iterator[Any]:
    """The parts of a pipeline or a union that a model is made of."""
    for name in ("steps", "transformer_list"):
        steps = getattr(part, name, None)
        if isinstance(steps, list):
            yield from (step for _, step in steps if not is_passthrough(step))
