"""Decision functions, and the probabilities that are simple functions of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from ..boosted import is_boosted
from . import boosting, support_vectors
from .nodes import Nodes
from .trees import hist_scores


def linear_discriminant_analysis(nodes: Nodes, model: Any, x: str) -> str:
    """Convert LinearDiscriminantAnalysis: logistic (two classes) or softmax of linear scores."""
    scores = _linear(nodes, model, x)
    if len(model.classes_) == 2:
        return nodes.two_classes(nodes("Sigmoid", scores))
    return nodes("Softmax", scores, axis=1)


def quadratic_discriminant_analysis(nodes: Nodes, model: Any, x: str) -> str:
    """Convert QuadraticDiscriminantAnalysis: a softmax of the logarithms of Gaussians and their priors."""
    scores = []
    parts = zip(model.means_, model.rotations_, model.scalings_, model.priors_)  # noqa: B905 - Python 3.8
    for mean, rotation, spread, prior in parts:
        far = nodes("MatMul", nodes("Sub", x, np.asarray(mean)[None]), rotation * np.asarray(spread) ** -0.5)
        squares = nodes("Mul", nodes.total(nodes("Mul", far, far)), -0.5)
        scores.append(nodes("Add", squares, float(np.log(prior) - 0.5 * np.log(spread).sum())))
    return nodes("Softmax", nodes.concat(scores), axis=1)


def decision_function(nodes: Nodes, model: Any, x: str) -> str:
    """``model.decision_function``: [N, 1] for two classes, else [N, C]."""
    from sklearn.linear_model._base import LinearClassifierMixin

    model, x = nodes.last(model, x)
    kind = type(model).__name__
    if isinstance(model, LinearClassifierMixin):
        return _linear(nodes, model, x)
    if kind in ("SVC", "NuSVC"):
        return support_vectors.decision_function(nodes, model, x)
    if kind == "HistGradientBoostingClassifier":
        return hist_scores(nodes, model, x)
    if kind in ("GradientBoostingClassifier", "AdaBoostClassifier"):
        scores = nodes.leaf_in_float32(model, x, raw_scores=True)
        return nodes.column(scores, 1) if len(model.classes_) == 2 else scores
    if is_boosted(model):
        return boosting.scores(nodes, model, x)
    raise Refused(
        f"the decision function of {kind} cannot be converted; edgecry has no ONNX counterpart of it"
    )


def predicted(nodes: Nodes, model: Any, x: str) -> str:
    """``model.predict`` of a classifier without probabilities, as the position of the class, [N]."""
    from onnx import TensorProto

    model, x = nodes.last(model, x)
    if type(model).__name__ in ("SVC", "NuSVC"):
        return support_vectors.predicted(nodes, model, x)
    scores = decision_function(nodes, model, x)
    if len(model.classes_) > 2:
        return nodes("ArgMax", scores, axis=1, keepdims=0)
    is_second = nodes("Cast", nodes("Greater", scores, 0.0), to=TensorProto.INT64)
    return nodes("Squeeze", is_second, np.array([1]))


def _linear(nodes: Nodes, model: Any, x: str) -> str:
    return nodes("Add", nodes("MatMul", x, model.coef_.T), np.atleast_1d(model.intercept_)[None, :])
