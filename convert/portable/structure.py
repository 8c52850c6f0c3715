"""Is a loaded estimator whole? Checked before compiled code follows what it says.

The allow-list keeps a pickle from running programs. It does not look at numbers: a tree whose branch
leads to node 1,000,000,000 makes scikit-learn's compiled code read memory that is not its own, and a
tree that is its own child never ends. Each such thing is found here, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import Refused
from .arrays import CHECKS

#: Estimators and trees in one model, each as often as it is named. A thousand trees a class are 10,000.
_MOST = 200_000
#: Different estimators of them that are no trees: a scaler a step, a model a vote. Each takes longer than the
#: last to convert, and 250 of them half a minute.
_MOST_OTHERS = 2000
#: How often each part may be named on average where there are many. Nested votes name each twice a level.
_MOST_SHARED, _MANY = 50, 2000
#: How often one list may name the same part; a fitted ensemble names each once.
_MOST_REPEATS = 10
_DEEPEST = 60
#: Letters of the way to a part that are shown, of its beginning and of its end.
_SHOWN = 60
#: By which the leaves of Birch name one another, there and back.
_LINKS = ("next_leaf_", "prev_leaf_")


def check_structure(estimator: Any) -> None:
    """Walk through everything in an estimator, and refuse what cannot be a fitted model.

    Raises
    ------
    Refused
        Something in it holds itself, is nested too deeply, is named over and over, or points outside
        of what it belongs to.
    """
    sizes: dict[int, int] = {}
    open_: set[int] = set()
    different = others = 0
    pending: list[tuple[Any, str, bool]] = [(estimator, type(estimator).__name__, False)]
    while pending:
        item, where, is_done = pending.pop()
        if is_done:
            open_.discard(id(item))
            sizes[id(item)] = size = _counts(item) + sum(
                sizes.get(id(part), 0) for part, _ in _parts(item, where)
            )
            different += _counts(item)
            others += _counts(item) and "Tree" not in type(item).__name__
            if others > _MOST_OTHERS:
                raise Refused(
                    f"{_short(where)}: consists of more than {_MOST_OTHERS:,} different estimators besides "
                    "trees; no model for a small board does"
                )
            if size > _MOST:
                raise Refused(
                    f"{_short(where)}: consists of more than {_MOST:,} estimators; no fitted model does"
                )
            if size > _MANY and size > _MOST_SHARED * max(1, different):
                raise Refused(
                    f"{_short(where)}: names the same {different} parts {size:,} times; no fitted model does"
                )
            continue
        if id(item) in open_:
            raise Refused(f"{_short(where)}: holds itself; no fitted model does")
        if id(item) in sizes:
            continue
        if len(open_) > _DEEPEST:
            raise Refused(f"{_short(where)}: nested more than {_DEEPEST} deep; no fitted model is")
        _check(item, _short(where))
        open_.add(id(item))
        pending.append((item, where, True))
        pending.extend((part, name, False) for part, name in _parts(item, where))


def _short(where: str) -> str:
    """Leave out the middle of a way that leads deep into a model."""
    return where if len(where) <= 2 * _SHOWN else f"{where[:_SHOWN]}...{where[-_SHOWN:]}"


def _counts(item: Any) -> int:
    return int(hasattr(item, "get_params") or _checker(item) is not None)


def _check(item: Any, where: str) -> None:
    check = _checker(item)
    if check is not None:
        try:
            check(item, where)
        except Refused:
            raise
        except Exception as error:  # what is missing or of another type than the check reads
            raise Refused(
                f"{where}: a damaged {type(item).__name__}; what it has learned is missing, or does not fit "
                "together"
            ) from error
    if isinstance(item, (list, tuple)):
        parts = [id(part) for part in item if _is_walked(part)]
        if len(parts) - len(set(parts)) > _MOST_REPEATS:
            raise Refused(
                f"{where}: names the same {len(set(parts))} parts {len(parts):,} times; no fitted model does"
            )


def _checker(item: Any) -> Callable[[Any, str], None] | None:
    """The check for an object's class or a class that it is made of, by name."""
    if isinstance(item, (list, tuple, dict)):
        return None
    return next((CHECKS[kind.__name__] for kind in type(item).__mro__ if kind.__name__ in CHECKS), None)


def _is_walked(item: Any) -> bool:
    """Tell whether there may be an estimator inside."""
    if isinstance(item, (list, tuple, dict)) or _checker(item) is not None:
        return True
    if _holds_objects(item):
        return True
    return type(item).__module__.startswith("sklearn.") and hasattr(item, "__dict__")


def _holds_objects(item: Any) -> bool:
    """Tell whether it is an array of objects; numpy as a module, which splines keep, has a dtype, too."""
    return isinstance(item, np.ndarray) and bool(item.dtype.hasobject)


def _parts(item: Any, where: str) -> Iterator[tuple[Any, str]]:
    """What an object holds that is worth a look, and how to call it."""
    if isinstance(item, dict):
        found = [(value, f"{where}[{key!r:.40}]") for key, value in item.items()]
    elif isinstance(item, (list, tuple)):
        found = [(value, f"{where}[{i}]") for i, value in enumerate(item)]
    elif _holds_objects(item):
        found = [(value, f"{where}[{i}]") for i, value in enumerate(item.ravel().tolist())]
    else:
        state = getattr(item, "__dict__", {})
        found = [(value, f"{where}.{name}") for name, value in state.items() if name not in _LINKS]
    return ((value, name) for value, name in found if _is_walked(value))
