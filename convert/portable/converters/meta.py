"""Classifiers made of classifiers: bagging, voting, stacking, one against the rest, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .linear import decision_function, predicted
from .nodes import Nodes


def bagging(nodes: Nodes, model: Any, x: str) -> str:
    """Convert BaggingClassifier: the mean of the members' probabilities, or their share of the votes."""
    n, width = len(model.classes_), int(model.n_features_in_)
    parts = []
    for member, chosen in zip(model.estimators_, model.estimators_features_):  # noqa: B905 - Python 3.8
        whole = np.array_equal(np.asarray(chosen), np.arange(width))
        read = x if whole else nodes.columns(x, chosen)
        if not hasattr(member, "predict_proba"):
            # predict() of a member gives the number of a class, which is its position.
            known = np.asarray(member.classes_, dtype=np.int64)
            place = nodes("Gather", nodes.constant(known), predicted(nodes, member, read))
            parts.append(nodes.one_hot(place, n))
            continue
        parts.append(_spread(nodes, nodes.probabilities(member, read), member.classes_, n))
    return nodes("Div", nodes.sum(parts), float(len(parts)))


def _spread(nodes: Nodes, p: str, known: Any, n: int) -> str:
    """Probabilities of the classes that a member has seen, among all of them."""
    known = np.asarray(known, dtype=np.int64)
    return p if np.array_equal(known, np.arange(n)) else nodes("MatMul", p, np.eye(n)[known])


def voting(nodes: Nodes, model: Any, x: str) -> str:
    """Convert VotingClassifier(voting="soft"): the weighted mean of the probabilities."""
    members = model.estimators_
    weights = model._weights_not_none
    weights = np.ones(len(members)) if weights is None else np.asarray(weights, dtype=float)
    parts = [
        nodes("Mul", nodes.probabilities(member, x), float(weight))
        for member, weight in zip(members, weights / weights.sum())  # noqa: B905 - Python 3.8
    ]
    return nodes.sum(parts)


def stacking(nodes: Nodes, model: Any, x: str) -> str:
    """Convert StackingClassifier: the members' outputs side by side into the final estimator."""
    parts = []
    for member, method in zip(model.estimators_, model.stack_method_):  # noqa: B905
        if method == "decision_function":
            parts.append(decision_function(nodes, member, x))
        elif method == "predict_proba":
            p = nodes.probabilities(member, x)
            # The first of two columns says nothing new, and scikit-learn leaves it out.
            parts.append(nodes.column(p, 1) if len(model.classes_) == 2 else p)
        else:
            raise Refused(
                f"StackingClassifier on the {method} of {type(member).__name__} cannot be converted"
            )
    if model.passthrough:
        parts.append(x)
    return nodes.probabilities(model.final_estimator_, nodes.concat(parts))


def one_vs_rest(nodes: Nodes, model: Any, x: str) -> str:
    """Convert OneVsRestClassifier: each member's probability of its class, made to add up to 1."""
    if getattr(model, "multilabel_", False):
        raise Refused("OneVsRestClassifier of several labels at once cannot be converted; edgecry serves one")
    columns = []
    for member in model.estimators_:
        if type(member).__name__ == "_ConstantPredictor":
            raise Refused(
                "OneVsRestClassifier in which a class was always or never there cannot be converted"
            )
        columns.append(nodes.column(nodes.probabilities(member, x), 1))
    if len(columns) == 1:
        return nodes.two_classes(columns[0])
    p = nodes.concat(columns)
    return nodes("Div", p, nodes.total(p))


def calibrated(nodes: Nodes, model: Any, x: str) -> str:
    """Convert CalibratedClassifierCV: the mean over its calibrated members."""
    members = [_calibrated_member(nodes, model, member, x) for member in model.calibrated_classifiers_]
    return nodes("Div", nodes.sum(members), float(len(members)))


def _calibrated_member(nodes: Nodes, model: Any, member: Any, x: str) -> str:
    """Follow sklearn.calibration._CalibratedClassifier.predict_proba."""
    classifier = member.estimator if hasattr(member, "estimator") else member.base_estimator
    calibrators = member.calibrators if hasattr(member, "calibrators") else member.calibrators_
    classes = model.classes_
    if len(classifier.classes_) != len(classes):
        raise Refused("CalibratedClassifierCV in which a member has not seen every class cannot be converted")
    if hasattr(classifier, "decision_function"):
        scores = decision_function(nodes, classifier, x)
    else:
        scores = nodes.probabilities(classifier, x)
        scores = nodes.column(scores, 1) if len(classes) == 2 else scores
    if member.method == "temperature":
        return _temperature(nodes, calibrators[0], scores, len(classes), classifier)
    if len(classes) == 2:
        return nodes.two_classes(_calibrate(nodes, calibrators[0], scores))
    columns = [_calibrate(nodes, c, nodes.column(scores, k)) for k, c in enumerate(calibrators)]
    p = nodes.concat(columns)
    total = nodes.total(p)
    # Where every calibrator says 0, all classes are equally probable.
    uniform = np.full((1, len(classes)), 1.0 / len(classes))
    return nodes("Where", nodes("Equal", total, 0.0), uniform, nodes("Div", p, total))


def _calibrate(nodes: Nodes, calibrator: Any, score: str) -> str:
    """Apply one calibrator to one class' score, [N, 1] to [N, 1]."""
    if hasattr(calibrator, "a_"):
        fitted = nodes("Add", nodes("Mul", score, float(calibrator.a_)), float(calibrator.b_))
        return nodes("Sigmoid", nodes("Neg", fitted))
    if not hasattr(calibrator, "X_thresholds_"):
        raise Refused(f"calibration by {type(calibrator).__name__} cannot be converted")
    x = np.asarray(calibrator.X_thresholds_, dtype=float)
    y = np.asarray(calibrator.y_thresholds_, dtype=float)
    if len(x) == 1:
        return nodes("Add", nodes("Mul", score, 0.0), float(y[0]))
    # Linear between the thresholds: each segment adds the share of its rise that lies below the score.
    share = nodes("Div", nodes("Sub", score, x[None, :-1]), np.diff(x)[None, :])
    risen = nodes("MatMul", nodes("Clip", share, np.array(0.0), np.array(1.0)), np.diff(y)[:, None])
    return nodes("Add", risen, float(y[0]))


def _temperature(nodes: Nodes, calibrator: Any, scores: str, n_classes: int, classifier: Any) -> str:
    """Follow sklearn.calibration._TemperatureScaling.predict: softmax(beta * logits)."""
    binary = n_classes == 2
    if hasattr(classifier, "decision_function"):
        logits = nodes.concat([nodes("Neg", scores), scores]) if binary else scores
    else:
        logits = nodes("Log", nodes("Add", nodes.two_classes(scores) if binary else scores, 1e-12))
    return nodes("Softmax", nodes("Mul", logits, float(calibrator.beta_)), axis=1)
