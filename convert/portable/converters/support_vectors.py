"""SVC and NuSVC: the kernel in float64, libsvm's probabilities by the ONNX operator that knows them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes
from .projections import squared_distances


def probabilities(nodes: Nodes, model: Any, x: str) -> str:
    """Convert SVC and NuSVC with ``probability=True``.

    libsvm couples the pairs' probabilities by an iteration, which only SVMClassifier knows; and that
    operator computes in float32, which with a large C is 4e-5 off. So the scores of the pairs are
    computed in float64, and the operator is given a linear machine whose scores are its inputs: one
    support vector a pair, a unit vector, with the weight 1. The last class is the first of no pair and
    gets a vector of zeros: onnxruntime before 1.26 ends the process at a class without a vector.
    """
    from onnx import TensorProto

    n = len(model.classes_)
    pairs = list(combinations(range(n), 2))
    vectors = np.vstack([np.eye(len(pairs)), np.zeros(len(pairs))])
    coefficients = np.zeros((n - 1, len(vectors)))
    for k, (_, j) in enumerate(pairs):
        coefficients[j - 1, k] = 1.0
    scores = pair_scores(nodes, model, x)
    _, p = nodes.several(
        "SVMClassifier",
        2,
        nodes("Cast", scores, to=TensorProto.FLOAT),
        op_domain="ai.onnx.ml",
        op_version=1,
        classlabels_ints=list(range(n)),
        kernel_type="LINEAR",
        kernel_params=[0.0, 0.0, 0.0],
        coefficients=coefficients.ravel().tolist(),
        support_vectors=vectors.ravel().tolist(),
        vectors_per_class=[max(n - 1 - i, 1) for i in range(n)],
        rho=[0.0] * len(pairs),
        prob_a=np.asarray(model.probA_, dtype=float).tolist(),
        prob_b=np.asarray(model.probB_, dtype=float).tolist(),
        post_transform="NONE",
    )
    return nodes.doubles(p)


def pair_scores(nodes: Nodes, model: Any, x: str) -> str:
    """Score each pair of classes as libsvm does, [N, pairs]; over 0 speaks for the first of the pair."""
    kernel = _kernel(nodes, model, x)
    weights_of = np.asarray(_dense(model._dual_coef_))
    pairs = list(combinations(range(len(model.classes_)), 2))
    stops = np.cumsum(model.n_support_)
    vectors_of = [slice(stop - n, stop) for stop, n in zip(stops, model.n_support_)]  # noqa: B905 - Python 3.8
    weights = np.zeros((weights_of.shape[1], len(pairs)))
    for column, (i, j) in enumerate(pairs):
        weights[vectors_of[i], column] = weights_of[j - 1, vectors_of[i]]
        weights[vectors_of[j], column] = weights_of[i, vectors_of[j]]
    return nodes("Add", nodes("MatMul", kernel, weights), np.asarray(model._intercept_)[None, :])


def decision_function(nodes: Nodes, model: Any, x: str) -> str:
    """SVC.decision_function: [N, 1] for two classes, else [N, C] or [N, pairs]."""
    scores = pair_scores(nodes, model, x)
    n = len(model.classes_)
    if n == 2:
        return nodes("Neg", scores)
    if model.decision_function_shape == "ovo":
        return scores
    votes, confidence = _votes(nodes, scores, n)
    damped = nodes("Div", confidence, nodes("Mul", 3.0, nodes("Add", nodes("Abs", confidence), 1.0)))
    return nodes("Add", votes, damped)


def predicted(nodes: Nodes, model: Any, x: str) -> str:
    """SVC.predict, as the position of the class, [N]: the most votes of the pairs, the first of equals."""
    n = len(model.classes_)
    if model.break_ties and n > 2 and model.decision_function_shape == "ovr":
        scores = decision_function(nodes, model, x)
    else:
        scores, _ = _votes(nodes, pair_scores(nodes, model, x), n)
    return nodes("ArgMax", scores, axis=1, keepdims=0)


def _votes(nodes: Nodes, scores: str, n_classes: int) -> tuple[str, str]:
    """Votes and summed scores of each class (sklearn.utils.multiclass._ovr_decision_function)."""
    pairs = list(combinations(range(n_classes), 2))
    first, second = np.zeros((2, len(pairs), n_classes))
    for k, (i, j) in enumerate(pairs):
        first[k, i] = second[k, j] = 1.0
    against = nodes.doubles(nodes("Less", scores, 0.0))
    votes = nodes("Add", nodes("MatMul", nodes("Sub", 1.0, against), first), nodes("MatMul", against, second))
    return votes, nodes("MatMul", scores, first - second)


def _kernel(nodes: Nodes, model: Any, x: str) -> str:
    """Kernel of the rows with the support vectors, [N, n_vectors]."""
    vectors = np.asarray(_dense(model.support_vectors_))
    if model.kernel == "rbf":
        return nodes("Exp", nodes("Mul", squared_distances(nodes, x, vectors), -float(model._gamma)))
    product = nodes("MatMul", x, vectors.T)
    if model.kernel == "linear":
        return product
    shifted = nodes("Add", nodes("Mul", product, float(model._gamma)), float(model.coef0))
    if model.kernel == "poly":
        return nodes("Pow", shifted, float(model.degree))
    if model.kernel == "sigmoid":
        return nodes("Tanh", shifted)
    raise Refused(
        f"{type(model).__name__} with kernel {model.kernel!r:.60} cannot be converted; "
        "rbf, linear, poly and sigmoid can be"
    )


def _dense(values: Any) -> Any:
    return values.toarray() if hasattr(values, "toarray") else values
