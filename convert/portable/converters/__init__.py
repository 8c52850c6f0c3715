"""What skl2onnx gets wrong or leaves out, put right.

Largest difference of a probability, measured with skl2onnx 1.20 and scikit-learn 1.9.1:

======================  ================================================================  ========
estimator               skl2onnx's own converter                                          max |dp|
======================  ================================================================  ========
trees, AdaBoost, SVC    declares a float64 output that the ONNX operator does not have    no graph
HistGradientBoosting    writes attributes that onnx refuses, and rounds the thresholds    no graph
VotingClassifier        refuses the default ``flatten_transform=True``                    no graph
PowerTransformer        mixes float32 into a float64 graph; 0 / 0 at zero                 no graph
Normalizer              0 / 0 for a row of zeros                                          NaN
KNeighborsClassifier    "distance": takes the negated distances for the distances         0.8
CalibratedClassifierCV  isotonic: the nearest step, where scikit-learn interpolates;      1.0
                        pipelines, binary SVC: not the scores that were calibrated
StackingClassifier      the same, of stacked pipelines and LinearSVC                      no graph
LinearDiscriminant...   two classes: a softmax over one score                             0.15
======================  ================================================================  ========

A converter has skl2onnx's signature, ``(scope, operator, container)``; the formulas are those of the
scikit-learn class in its name. What is not listed here, skl2onnx converts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def converters() -> dict[type, Callable[[Any, Any, Any], None]]:
    """Converters by estimator class, for ``convert_sklearn(custom_conversion_functions=...)``."""
    from sklearn import calibration, discriminant_analysis, ensemble, neighbors, preprocessing, svm, tree

    # Under this name in every version; scikit-learn 1.0 was the first to offer it in sklearn.ensemble.
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import HistGradientBoostingClassifier

    from . import distances, linear, meta, transforms, trees

    return {
        tree.DecisionTreeClassifier: trees.in_float32,
        tree.ExtraTreeClassifier: trees.in_float32,
        ensemble.RandomForestClassifier: trees.in_float32,
        ensemble.ExtraTreesClassifier: trees.in_float32,
        ensemble.GradientBoostingClassifier: trees.in_float32,
        ensemble.AdaBoostClassifier: trees.in_float32,
        HistGradientBoostingClassifier: trees.hist_gradient_boosting,
        ensemble.VotingClassifier: meta.voting,
        ensemble.StackingClassifier: meta.stacking,
        calibration.CalibratedClassifierCV: meta.calibrated,
        svm.SVC: trees.in_float32,
        svm.NuSVC: trees.in_float32,
        neighbors.KNeighborsClassifier: distances.k_neighbors,
        discriminant_analysis.LinearDiscriminantAnalysis: linear.linear_discriminant_analysis,
        preprocessing.Normalizer: transforms.normalizer,
        preprocessing.PowerTransformer: transforms.power,
    }
