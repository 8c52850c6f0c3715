"""A model in several parts put together: scaler, selector, classifier and label encoder.

People save them side by side, as a dict, a tuple, or one file each.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

from . import Refused
from .fitted import require_fitted
from .widths import width_of

#: More transformers than this are not brought into order by trying.
_MOST_TRIED = 5
_NAMES = (
    "classes",
    "class_names",
    "label_names",
    "labels",
    "target_names",
    "categories",
    "id2label",
    "label_map",
)


def assemble(loaded: Any, transformers: list[Any], n_features: int | None = None) -> tuple[Any, Any]:
    """Make one classifier of what files hold.

    Parameters
    ----------
    loaded : object
        A classifier, or a dict, list or tuple with one in it, and perhaps with transformers, a
        LabelEncoder and names of the classes.
    transformers : list
        Fitted transformers of other files, in the order in which they are applied.
    n_features : int, optional
        How many features the first of all reads.

    Returns
    -------
    classifier, encoder
        A pipeline, if there is a transformer; the label encoder, a list of names, or None.

    Raises
    ------
    Refused
        There is no classifier or more than one, or no order of the transformers fits.
    """
    encoder = None
    inside: list[Any] = []
    if isinstance(loaded, (dict, list, tuple)):
        loaded, inside, encoder = _sorted_out(_named(loaded), type(loaded).__name__)
    for transformer in transformers:
        _require_transformer(transformer)
        require_fitted(transformer, "--scaler")
    for transformer in inside:
        require_fitted(transformer)
    steps = transformers + _in_order(inside, loaded, n_features if not transformers else None)
    if not steps:
        return loaded, encoder
    from sklearn.pipeline import Pipeline

    names = [f"{type(step).__name__.lower()}{i}" for i, step in enumerate(steps)]
    return Pipeline([*zip(names, steps), ("classifier", loaded)]), encoder  # noqa: B905 - Python 3.8


def _named(loaded: Any) -> list[tuple[str, Any]]:
    if isinstance(loaded, dict):
        return [(str(key), value) for key, value in loaded.items()]
    return [(str(position), value) for position, value in enumerate(loaded)]


def _sorted_out(parts: list[tuple[str, Any]], what: str) -> tuple[Any, list[Any], Any]:
    from sklearn.base import BaseEstimator, is_classifier
    from sklearn.preprocessing import LabelEncoder

    classifiers, transformers, encoders, others = [], [], [], []
    for key, part in parts:
        if isinstance(part, LabelEncoder):
            encoders.append(part)
        elif isinstance(part, BaseEstimator) and is_classifier(part):
            classifiers.append((key, part))
        elif isinstance(part, BaseEstimator) and hasattr(part, "transform"):
            transformers.append(part)
        elif isinstance(part, BaseEstimator):
            others.append(f"{key} ({type(part).__name__})")
        elif key.lower() in _NAMES:
            encoders.extend(_names_of(part))
    shown = ", ".join(f"{key} ({type(part).__name__})" for key, part in parts[:12])
    if len(classifiers) != 1:
        raise Refused(
            f"holds a {what} of {shown}, with {len(classifiers)} classifiers; edgecry serves one: "
            "save the classifier alone, or with its scaler, and convert that"
        )
    if others:
        raise Refused(
            f"holds a {what} with {', '.join(others)} beside the classifier, and what it does to the values "
            "is not known; save the classifier with its transformers alone"
        )
    return classifiers[0][1], transformers, encoders[0] if encoders else None


def _names_of(part: Any) -> list[list[str]]:
    """A list of class names in the order of the classes, if that is what this is."""
    if hasattr(part, "tolist"):
        part = part.tolist()
    if isinstance(part, dict):
        pairs = [(k, v) if isinstance(v, str) else (v, k) for k, v in part.items()]
        try:
            part = [name for _, name in sorted((int(number), name) for number, name in pairs)]
        except (TypeError, ValueError):
            return []
    if isinstance(part, (list, tuple)) and part and all(isinstance(name, str) for name in part):
        return [list(part)]
    return []


def _require_transformer(part: Any) -> None:
    from sklearn.base import BaseEstimator, is_classifier

    fits = isinstance(part, BaseEstimator) and hasattr(part, "transform") and not is_classifier(part)
    if not fits or type(part).__name__ == "LabelEncoder":
        raise Refused(f"--scaler holds a {type(part).__name__}, not a transformer such as a StandardScaler")


def _in_order(transformers: list[Any], classifier: Any, n_features: int | None) -> list[Any]:
    """The order in which each transformer makes as many values as the next one reads."""
    if not transformers:
        return []
    kinds = {type(step).__name__ for _, step in getattr(classifier, "steps", [])}
    twice = kinds.intersection(type(part).__name__ for part in transformers)
    if twice:
        raise Refused(
            f"holds a {', '.join(sorted(twice))} beside a pipeline that has one already, and it cannot be "
            "told whether it is applied twice; save the pipeline alone"
        )
    target = width_of(classifier)
    orders = permutations(transformers) if len(transformers) <= _MOST_TRIED else [tuple(transformers)]
    fitting = [order for order in orders if _fits(order, n_features, target)]
    if len(fitting) > 1:
        names = ", ".join(type(part).__name__ for part in transformers)
        raise Refused(
            f"its transformers, {names}, fit in more than one order, and the file does not tell which; save "
            "them as one Pipeline with the classifier"
        )
    if fitting:
        return list(fitting[0])
    shown = ", ".join(f"{type(part).__name__} (reads {width_of(part)})" for part in transformers)
    raise Refused(
        f"its transformers, {shown}, make no chain from {n_features or 'the'} features to the {target} that "
        f"the {type(classifier).__name__} reads"
    )


def _fits(order: Any, width: int | None, target: int | None) -> bool:
    import numpy as np

    for part in order:
        reads = width_of(part)
        if width is not None and reads is not None and reads != width:
            return False
        width = width if reads is None else reads
        if width is None:
            continue
        try:
            width = int(part.transform(np.zeros((1, width))).shape[1])
        except Exception:  # whatever a transformer that does not fit raises
            return False
    return None in (width, target) or width == target
