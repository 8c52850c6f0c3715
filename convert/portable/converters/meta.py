"""Classifiers made of classifiers: voting, stacking, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .linear import decision_function
from .nodes import Nodes


def voting(scope: Any, operator: Any, container: Any) -> None:
    """Convert VotingClassifier(voting="soft"): the weighted mean of the probabilities."""
    nodes = Nodes(scope, operator, container)
    members = nodes.model.estimators_
    weights = nodes.model._weights_not_none
    weights = np.ones(len(members)) if weights is None else np.asarray(weights, dtype=float)
    parts = [
        nodes("Mul", nodes.probabilities(member, nodes.input), float(weight))
        for member, weight in zip(members, weights / weights.sum())  # noqa: B905 - Python 3.8
    ]
    nodes.finish(_sum(nodes, parts))


def stacking(scope: Any, operator: Any, container: Any) -> None:
    """Convert StackingClassifier: the members' outputs side by side into the final estimator."""
    nodes = Nodes(scope, operator, container)
    model = nodes.model
    parts = []
    for member, method in zip(model.estimators_, model.stack_method_):  # noqa: B905
        if method == "decision_function":
            parts.append(decision_function(nodes, member, nodes.input))
        elif method == "predict_proba":
            p = nodes.probabilities(member, nodes.input)
            # The first of two columns says nothing new, and scikit-learn leaves it out.
            parts.append(nodes.column(p, 1) if len(model.classes_) == 2 else p)
        else:
            raise Refused(f"StackingClassifier on the {method} of {type(member).__name__}")
    if model.passthrough:
        parts.append(nodes.x)
    joined = nodes.variable(nodes.concat(parts), int(model.final_estimator_.n_features_in_))
    nodes.finish(nodes.probabilities(model.final_estimator_, joined))


def calibrated(scope: Any, operator: Any, container: Any) -> None:
    """Convert CalibratedClassifierCV: the mean over its calibrated members."""
    nodes = Nodes(scope, operator, container)
    members = [_calibrated_member(nodes, member) for member in nodes.model.calibrated_classifiers_]
    nodes.finish(nodes("Div", _sum(nodes, members), float(len(members))))


def _calibrated_member(nodes: Nodes, member: Any) -> str:
    """Follow sklearn.calibration._CalibratedClassifier.predict_proba."""
    classifier = member.estimator if hasattr(member, "estimator") else member.base_estimator
    calibrators = member.calibrators if hasattr(member, "calibrators") else member.calibrators_
    classes = nodes.model.classes_
    if len(classifier.classes_) != len(classes):
        raise Refused("CalibratedClassifierCV in which a member has not seen every class")
    if hasattr(classifier, "decision_function"):
        scores = decision_function(nodes, classifier, nodes.input)
    else:
        scores = nodes.probabilities(classifier, nodes.input)
        scores = nodes.column(scores, 1) if len(classes) == 2 else scores
    if member.method == "temperature":
        return _temperature(nodes, calibrators[0], scores, len(classes), classifier)
    if len(classes) == 2:
        return nodes.two_classes(_calibrate(nodes, calibrators[0], scores))
    columns = [_calibrate(nodes, c, nodes.column(scores, k)) for k, c in enumerate(calibrators)]
    p = nodes.concat(columns)
    total = nodes("ReduceSum", p, np.array([1]), keepdims=1)
    # Where every calibrator says 0, all classes are equally probable.
    uniform = np.full((1, len(classes)), 1.0 / len(classes))
    return nodes("Where", nodes("Equal", total, 0.0), uniform, nodes("Div", p, total))


def _calibrate(nodes: Nodes, calibrator: Any, score: str) -> str:
    """Apply one calibrator to one class' score, [N, 1] to [N, 1]."""
    if hasattr(calibrator, "a_"):
        fitted = nodes("Add", nodes("Mul", score, float(calibrator.a_)), float(calibrator.b_))
        return nodes("Sigmoid", nodes("Neg", fitted))
    if not hasattr(calibrator, "X_thresholds_"):
        raise Refused(f"calibration by {type(calibrator).__name__}")
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


def _sum(nodes: Nodes, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else nodes("Sum", *parts)
