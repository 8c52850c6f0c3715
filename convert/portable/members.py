"""Checks of ensembles: their members fit to them and to one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import Refused


def _forest(model: Any, where: str) -> None:
    """Check that the trees of a forest read as many features and know as many classes as it does."""
    members = getattr(model, "estimators_", None)
    if members is None:
        return
    _require_some(members, where)
    for i, member in enumerate(np.asarray(members, dtype=object).ravel()):
        if not hasattr(member, "tree_"):
            raise Refused(f"{where}.estimators_[{i}]: a {type(member).__name__}, not a fitted tree")
        width = getattr(model, "n_features_in_", member.tree_.n_features)
        if member.tree_.n_features != width:
            raise Refused(f"{where}: reads {width} features, its tree {i} reads {member.tree_.n_features}")
        classes = getattr(model, "classes_", None)
        known = int(member.tree_.n_classes[0])
        # Boosting fits trees that give one number, for every number of classes.
        if classes is not None and not isinstance(classes, list) and known not in (1, len(classes)):
            raise Refused(f"{where}: has {len(classes)} classes, its tree {i} has {known}")


def _gradient_boosting(model: Any, where: str) -> None:
    """Check that each step has a tree for each score, and that it begins with a model of some kind."""
    _forest(model, where)
    members = getattr(model, "estimators_", None)
    if members is None or not hasattr(model, "classes_"):
        return
    scores = 1 if len(model.classes_) == 2 else len(model.classes_)
    if np.ndim(members) != 2 or np.shape(members)[1] != scores:
        raise Refused(f"{where}: its trees have the shape {np.shape(members)}, for {scores} scores a step")
    if not np.isfinite(float(model.learning_rate)):
        raise Refused(f"{where}: its learning rate is {model.learning_rate!r:.30}")
    if getattr(model, "init_", None) is None:
        raise Refused(f"{where}: has nothing to begin with; it is damaged")


def _adaboost(model: Any, where: str) -> None:
    """Check that each member has a weight, and that the weights are finite and do not sum to zero."""
    members = getattr(model, "estimators_", None)
    if members is None:
        return
    _require_some(members, where)
    weights = np.asarray(model.estimator_weights_, dtype=float)
    if len(weights) < len(members) or not np.isfinite(weights).all() or not weights.sum() > 0:
        raise Refused(f"{where}: the weights of its {len(members)} members are not finite, or sum to zero")


def _bagging(model: Any, where: str) -> None:
    """Check that the members read columns that are there."""
    members, chosen = getattr(model, "estimators_", None), getattr(model, "estimators_features_", None)
    if members is None or chosen is None:
        return
    _require_some(members, where)
    if len(members) != len(chosen):
        raise Refused(f"{where}: has {len(members)} members, and the features of {len(chosen)}")
    width = getattr(model, "n_features_in_", None)
    for i, columns in enumerate(chosen):
        if not len(columns) or not np.issubdtype(np.asarray(columns).dtype, np.integer):
            raise Refused(f"{where}: the features of member {i} are not numbers of columns")
        if width is not None and not 0 <= int(np.min(columns)) <= int(np.max(columns)) < width:
            raise Refused(f"{where}: member {i} reads feature {int(np.max(columns))}, and there are {width}")
        reads = getattr(members[i], "n_features_in_", len(columns))
        if reads != len(columns):
            raise Refused(f"{where}: member {i} reads {reads} features, and is given {len(columns)}")


def _of_several_kinds(model: Any, where: str) -> None:
    """Check that votes, stacks, calibrations and one against the rest have members at all."""
    for name in ("estimators_", "calibrated_classifiers_"):
        members = getattr(model, name, None) if name in vars(model) else None
        if members is not None:
            _require_some(members, where)


def _network(model: Any, where: str) -> None:
    """Check that each layer has its offsets, and that the layers are no more than any network has."""
    layers, offsets = getattr(model, "coefs_", None), getattr(model, "intercepts_", None)
    if layers is None:
        return
    if len(layers) > _MOST_LAYERS:
        raise Refused(
            f"{where}: has {len(layers):,} layers; no fitted network has more than {_MOST_LAYERS:,}"
        )
    if offsets is None or len(offsets) != len(layers):
        raise Refused(f"{where}: has {len(layers)} layers, and the offsets of {len(offsets or [])}")


def _require_some(members: Any, where: str) -> None:
    if not len(members):
        raise Refused(f"{where}: has no members")


#: Layers take longer the more there are; 300 take seven seconds.
_MOST_LAYERS = 1000

#: By the name of the class.
MEMBERS: dict[str, Callable[[Any, str], None]] = {
    "BaseForest": _forest,
    "BaseGradientBoosting": _gradient_boosting,
    "BaseWeightBoosting": _adaboost,
    "BaseBagging": _bagging,
    "BaseMultilayerPerceptron": _network,
    **dict.fromkeys(
        ("_BaseHeterogeneousEnsemble", "CalibratedClassifierCV", "OneVsRestClassifier"), _of_several_kinds
    ),
}
