"""Decision functions, and the probabilities that are simple functions of them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes, unwrap
from .trees import hist_scores


def linear_discriminant_analysis(scope: Any, operator: Any, container: Any) -> None:
    """Convert LinearDiscriminantAnalysis: logistic (two classes) or softmax of linear scores."""
    nodes = Nodes(scope, operator, container)
    scores = _linear(nodes, nodes.model, nodes.x)
    if len(nodes.model.classes_) == 2:
        nodes.finish(nodes.two_classes(nodes("Sigmoid", scores)))
    else:
        nodes.finish(nodes("Softmax", scores, axis=1))


def decision_function(nodes: Nodes, model: Any, x: Any) -> str:
    """``model.decision_function``: [N, 1] for two classes, else [N, C].

    Parameters
    ----------
    nodes : Nodes
    model : fitted classifier
    x : skl2onnx variable
        What it reads.
    """
    from sklearn.linear_model._base import LinearClassifierMixin
    from sklearn.pipeline import Pipeline
    from sklearn.svm import SVC, NuSVC

    model = unwrap(model)
    if isinstance(model, Pipeline):
        for _, step in model.steps[:-1]:
            x = nodes.transformed(step, x)
        return decision_function(nodes, model.steps[-1][1], x)
    if isinstance(model, LinearClassifierMixin):
        return _linear(nodes, model, x.onnx_name)
    if isinstance(model, (SVC, NuSVC)):
        return _support_vectors(nodes, model, x.onnx_name)
    if type(model).__name__ == "HistGradientBoostingClassifier":
        return hist_scores(nodes, model, x.onnx_name)
    if type(model).__name__ in ("GradientBoostingClassifier", "AdaBoostClassifier"):
        scores = nodes.probabilities(model, x, raw_scores=True)
        return nodes.column(scores, 1) if len(model.classes_) == 2 else scores
    raise Refused(f"the decision function of {type(model).__name__} has no counterpart in ONNX")


def _linear(nodes: Nodes, model: Any, x: str) -> str:
    return nodes("Add", nodes("MatMul", x, model.coef_.T), np.atleast_1d(model.intercept_)[None, :])


def _support_vectors(nodes: Nodes, model: Any, x: str) -> str:
    """Score SVC and NuSVC: libsvm's one-against-one, summed up as ``decision_function_shape`` says."""
    kernel = _kernel(nodes, model, x)
    n_classes = len(model.classes_)
    if n_classes == 2:
        weights = np.asarray(model.dual_coef_).T
        return nodes("Add", nodes("MatMul", kernel, weights), np.atleast_1d(model.intercept_)[None, :])
    pairs = list(combinations(range(n_classes), 2))
    stops = np.cumsum(model.n_support_)
    vectors_of = [slice(stop - n, stop) for stop, n in zip(stops, model.n_support_)]  # noqa: B905
    weights = np.zeros((len(model.support_), len(pairs)))
    for column, (i, j) in enumerate(pairs):
        weights[vectors_of[i], column] = model.dual_coef_[j - 1, vectors_of[i]]
        weights[vectors_of[j], column] = model.dual_coef_[i, vectors_of[j]]
    scores = nodes("Add", nodes("MatMul", kernel, weights), np.asarray(model.intercept_)[None, :])
    if model.decision_function_shape == "ovo":
        return scores
    return _one_against_rest(nodes, scores, pairs, n_classes)


def _one_against_rest(nodes: Nodes, scores: str, pairs: Any, n_classes: int) -> str:
    """Count votes, ties broken by confidence (sklearn.utils.multiclass._ovr_decision_function)."""
    from onnx import TensorProto

    first, second = np.zeros((2, len(pairs), n_classes))
    for k, (i, j) in enumerate(pairs):
        first[k, i] = second[k, j] = 1.0
    against = nodes("Cast", nodes("Less", scores, 0.0), to=TensorProto.DOUBLE)
    votes = nodes("Add", nodes("MatMul", nodes("Sub", 1.0, against), first), nodes("MatMul", against, second))
    confidence = nodes("MatMul", scores, first - second)
    damped = nodes("Div", confidence, nodes("Mul", 3.0, nodes("Add", nodes("Abs", confidence), 1.0)))
    return nodes("Add", votes, damped)


def _kernel(nodes: Nodes, model: Any, x: str) -> str:
    """Kernel of the rows with the support vectors, [N, n_vectors]."""
    vectors = np.asarray(model.support_vectors_)
    if model.kernel == "rbf":
        away = nodes("Sub", nodes("Unsqueeze", x, np.array([1])), vectors[None])
        squares = nodes("ReduceSumSquare", away, axes=[2], keepdims=0)
        return nodes("Exp", nodes("Mul", squares, -float(model._gamma)))
    product = nodes("MatMul", x, vectors.T)
    if model.kernel == "linear":
        return product
    shifted = nodes("Add", nodes("Mul", product, float(model._gamma)), float(model.coef0))
    if model.kernel == "poly":
        return nodes("Pow", shifted, float(model.degree))
    if model.kernel == "sigmoid":
        return nodes("Tanh", shifted)
    raise Refused(
        f"{type(model).__name__} with kernel {model.kernel!r}; rbf, linear, poly and sigmoid can be"
    )
