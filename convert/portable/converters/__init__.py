"""Converters: what skl2onnx gets wrong or leaves out, put right.

Largest difference of a probability, measured with skl2onnx 1.20 and scikit-learn 1.9.1:

======================  ================================================================  ========
estimator               skl2onnx's own converter                                          max |dp|
======================  ================================================================  ========
trees, AdaBoost         declares a float64 output that the ONNX operator does not have    no graph
SVC                     computes the kernel in float32: 4e-5 with C = 1000                4e-5
HistGradientBoosting    writes attributes that onnx refuses, and rounds the thresholds    no graph
VotingClassifier        refuses the default ``flatten_transform=True``                    no graph
PowerTransformer        mixes float32 into a float64 graph; 0 / 0 at zero                 no graph
Normalizer              0 / 0 for a row of zeros                                          NaN
KNeighborsClassifier    "distance": takes the negated distances for the distances         0.8
KBinsDiscretizer        rounds the edges of the bins                                      0.3
CalibratedClassifierCV  isotonic: the nearest step, where scikit-learn interpolates;      1.0
                        pipelines, binary SVC: not the scores that were calibrated
StackingClassifier      the same, of stacked pipelines and LinearSVC                      no graph
LinearDiscriminant...   two classes: a softmax over one score                             0.15
Quadratic..., Ordinal   of scikit-learn before 1.0: attributes that are not there         no graph
BaggingClassifier       of SVC without probabilities: a graph for five rows only          no graph
======================  ================================================================  ========

A converter is a function ``(nodes, model, x) -> name of the output``; the formulas are those of the
scikit-learn class in its name. What is not listed here, skl2onnx converts.
"""

from __future__ import annotations

from typing import Any

from . import (
    bins,
    boosting,
    distances,
    gaussian_process,
    imputing,
    linear,
    meta,
    projections,
    support_vectors,
    transforms,
    trees,
)

#: Converters of ``predict_proba`` by the name of the class, [N, width] to [N, C].
PROBABILITIES: dict[str, Any] = {
    "DecisionTreeClassifier": trees.in_float32,
    "ExtraTreeClassifier": trees.in_float32,
    "RandomForestClassifier": trees.in_float32,
    "ExtraTreesClassifier": trees.in_float32,
    "GradientBoostingClassifier": trees.in_float32,
    "AdaBoostClassifier": trees.in_float32,
    "HistGradientBoostingClassifier": trees.hist_gradient_boosting,
    "BaggingClassifier": meta.bagging,
    "VotingClassifier": meta.voting,
    "StackingClassifier": meta.stacking,
    "CalibratedClassifierCV": meta.calibrated,
    "OneVsRestClassifier": meta.one_vs_rest,
    "SVC": support_vectors.probabilities,
    "NuSVC": support_vectors.probabilities,
    "KNeighborsClassifier": distances.k_neighbors,
    "LinearDiscriminantAnalysis": linear.linear_discriminant_analysis,
    "QuadraticDiscriminantAnalysis": linear.quadratic_discriminant_analysis,
    "GaussianProcessClassifier": gaussian_process.probabilities,
    **boosting.PROBABILITIES,
}

#: Converters of ``transform``, [N, width] to [N, other width].
TRANSFORMS: dict[str, Any] = {
    "Normalizer": transforms.normalizer,
    "Binarizer": transforms.binarizer,
    "SequentialFeatureSelector": transforms.selected,
    "RandomTreesEmbedding": transforms.refused,
    "TargetEncoder": transforms.refused,
    "PowerTransformer": transforms.power,
    "FunctionTransformer": transforms.function,
    "PolynomialFeatures": transforms.polynomial,
    "FeatureUnion": transforms.union,
    "ColumnTransformer": transforms.by_columns,
    "KBinsDiscretizer": bins.k_bins,
    "SplineTransformer": bins.splines,
    "OrdinalEncoder": bins.ordinal,
    "SimpleImputer": imputing.simple,
    "KNNImputer": imputing.nothing_missing,
    "IterativeImputer": imputing.nothing_missing,
    "MissingIndicator": imputing.indicator,
    **projections.TRANSFORMS,
}
