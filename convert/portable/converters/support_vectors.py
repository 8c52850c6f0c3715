"""SVC and NuSVC: the kernel in float64, libsvm's probabilities as it couples those of the pairs."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes
from .projections import squared_distances

#: libsvm keeps the share of a pair away from 0 and 1 by this, and stops coupling two classes at this error.
_LEAST, _CLOSE = 1e-7, 0.005 / 2


def probabilities(nodes: Nodes, model: Any, x: str) -> str:
    """Convert SVC and NuSVC with ``probability=True``."""
    scores = pair_scores(nodes, model, x)
    if len(model.classes_) == 2:
        return _of_two(nodes, model, scores)
    return _of_several(nodes, model, scores)


def _of_two(nodes: Nodes, model: Any, scores: str) -> str:
    """Couple the probabilities of one pair, in float64: from its score [N, 1] to [N, 2].

    A sigmoid gives the first class the share r. libsvm does not take r for its probability. It begins at
    a half and goes towards r by steps of ``multiclass_probability`` until the error is below 0.0025,
    which is after two steps at most (none for r of 0.45 to 0.55): up to 0.005 from r.
    """
    a, b = (float(np.ravel(found)[0]) for found in (model.probA_, model.probB_))
    r = nodes("Sigmoid", nodes("Neg", nodes("Add", nodes("Mul", scores, a), b)))
    r = nodes("Clip", r, np.array(_LEAST), np.array(1 - _LEAST))
    rest = nodes("Sub", 1.0, r)
    matrix = nodes("Mul", rest, rest), nodes("Neg", nodes("Mul", r, rest)), nodes("Mul", r, r)
    first = second = nodes("Add", nodes("Mul", r, 0.0), 0.5)
    for _ in range(2):
        first, second = _coupled(nodes, matrix, first, second)
    return nodes.concat([first, second])


def _coupled(nodes: Nodes, matrix: tuple[str, str, str], p: str, q: str) -> tuple[str, str]:
    """Take one step of libsvm's ``multiclass_probability`` for two classes, where it is not done.

    Parameters
    ----------
    nodes : Nodes
    matrix : tuple of str
        Its matrix Q of each row: [0, 0], [0, 1] and [1, 1].
    p, q : str
        The probabilities before the step, [N, 1] each.
    """
    q00, q01, q11 = matrix
    of_p = nodes("Add", nodes("Mul", q00, p), nodes("Mul", q01, q))
    of_q = nodes("Add", nodes("Mul", q01, p), nodes("Mul", q11, q))
    both = nodes("Add", nodes("Mul", p, of_p), nodes("Mul", q, of_q))
    error = nodes("Max", *(nodes("Abs", nodes("Sub", one, both)) for one in (of_p, of_q)))
    done = nodes("Less", error, _CLOSE)
    step = nodes("Div", nodes("Sub", both, of_p), q00)
    grown = nodes("Add", step, 1.0)
    change = nodes("Add", nodes("Mul", step, q00), nodes("Mul", 2.0, of_p))
    both = nodes("Div", nodes("Div", nodes("Add", both, nodes("Mul", step, change)), grown), grown)
    of_q = nodes("Div", nodes("Add", of_q, nodes("Mul", step, q01)), grown)
    new_p, new_q = nodes("Div", nodes("Add", p, step), grown), nodes("Div", q, grown)
    step = nodes("Div", nodes("Sub", both, of_q), q11)
    grown = nodes("Add", step, 1.0)
    new_p, new_q = nodes("Div", new_p, grown), nodes("Div", nodes("Add", new_q, step), grown)
    return nodes("Where", done, p, new_p), nodes("Where", done, q, new_q)


def _of_several(nodes: Nodes, model: Any, scores: str) -> str:
    """Couple the probabilities of the pairs of several classes: from their scores [N, pairs] to [N, C].

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
