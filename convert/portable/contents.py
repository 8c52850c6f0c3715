"""What a scanned pickle holds: estimators, transformers, label encoders, by class and width."""

from __future__ import annotations

from typing import Any, NamedTuple

from .inert import Inert

_MAX_NESTING = 20
#: Parts of a dict or a list that are told.
_MOST_PARTS = 50
_MOST_FEATURES = 10**9
#: Layers and coefficients, by the axis that counts the features: what tells the width of old estimators.
_WIDTHS = (("coefs_", 0), ("coef_", 1))


class Part(NamedTuple):
    """One thing in a pickle. ``key`` is its key or position, "" for the whole."""

    key: str
    kind: str
    n_features: int | None


def describe(root: Any, key: str = "") -> Part:
    """Name what an object would load to, and how many features it reads, where it says so."""
    return Part(key, _kind(root), _n_features(root))


def list_parts(root: Any) -> tuple[Part, ...]:
    """What a dict, a list or a tuple holds; nothing of any other object."""
    if (
        isinstance(root, Inert)
        and root.items
        and root.path in ("collections.OrderedDict", "sklearn.utils.Bunch")
    ):
        root = dict(item for item in root.items if isinstance(item, tuple) and isinstance(item[0], str))
    if isinstance(root, dict):
        items = [(str(key), value) for key, value in root.items()]
    elif isinstance(root, (list, tuple)):
        items = [(str(position), value) for position, value in enumerate(root)]
    else:
        return ()
    return tuple(describe(value, key) for key, value in items[:_MOST_PARTS])


def _kind(root: Any) -> str:
    if isinstance(root, Inert):
        rebuilt = root.path == "copyreg._reconstructor" and root.args and isinstance(root.args[0], Inert)
        return str(root.args[0].path if rebuilt else root.path)
    if isinstance(root, dict):
        return "a dict with the keys " + ", ".join(str(key) for key in list(root)[:8])
    return f"a {type(root).__name__}"


def _n_features(root: Any) -> int | None:
    """``n_features_in_`` of the estimator, or of its first step or member."""
    for _ in range(_MAX_NESTING):
        state = getattr(root, "state", None)
        if not isinstance(state, dict):
            return None
        if "n_features_in_" in state:
            return _number(state["n_features_in_"])
        steps = state.get("steps") or state.get("transformer_list")
        if isinstance(steps, list):
            # What passes everything through does not change the width.
            parts: Any = [
                s for s in steps if isinstance(s, tuple) and len(s) == 2 and isinstance(s[1], Inert)
            ]
        else:
            parts = state.get("estimators_") or [state.get("best_estimator_")]
        if not isinstance(parts, list) or not parts:
            return _width(state)
        found = parts[0][1] if isinstance(parts[0], tuple) and len(parts[0]) == 2 else parts[0]
        if found is None:
            return _width(state)
        root = found
    return None


def _width(state: dict[Any, Any]) -> int | None:
    """The width that old estimators tell by ``n_features_`` or by the shape of what they learned."""
    for name in ("n_features_", "n_features"):
        if _number(state.get(name)) is not None:
            return _number(state[name])
    for name, axis in _WIDTHS:
        value = state.get(name)
        value = value[0] if isinstance(value, list) and value else value
        shape = _shape(value)
        if len(shape) > axis and _number(shape[axis]) is not None:
            return _number(shape[axis])
    return None


def _number(value: Any) -> int | None:
    """Read a number of features, if it can be one."""
    return value if type(value) is int and 0 < value <= _MOST_FEATURES else None


def _shape(value: Any) -> tuple[Any, ...]:
    """Shape of a pickled array; () where that does not say."""
    if not isinstance(value, Inert):
        return ()
    told = value.state[1:2] if isinstance(value.state, tuple) else value.args[2:3]
    return told[0] if told and isinstance(told[0], tuple) else ()
