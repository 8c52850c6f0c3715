"""What a class of scikit-learn is for, told by its dotted name."""

from __future__ import annotations

CLASSIFIER, TRANSFORMER, ENCODER, REGRESSOR, OTHER = (
    "classifier",
    "transformer",
    "encoder",
    "regressor",
    "other",
)

_TRANSFORMING = (
    "compose",
    "decomposition",
    "feature_selection",
    "impute",
    "kernel_approximation",
    "preprocessing",
    "random_projection",
)
#: Classifiers whose names do not end with "Classifier".
_WORDS = (
    "SVC NuSVC LinearSVC GaussianNB BernoulliNB MultinomialNB ComplementNB CategoricalNB "
    "LogisticRegression LogisticRegressionCV Perceptron LinearDiscriminantAnalysis "
    "QuadraticDiscriminantAnalysis LabelPropagation LabelSpreading NearestCentroid CalibratedClassifierCV "
    "RidgeClassifierCV GridSearchCV RandomizedSearchCV HalvingGridSearchCV HalvingRandomSearchCV "
    "TunedThresholdClassifierCV"
)
_CLASSIFYING = frozenset(_WORDS.split())


def kind_of(path: str) -> str:
    """Tell a classifier, a transformer, a label encoder and a regressor of scikit-learn apart by name."""
    package, _, name = path.rpartition(".")
    if not path.startswith("sklearn."):
        return OTHER
    if name in ("LabelEncoder", "LabelBinarizer"):
        return ENCODER
    if name.endswith("Classifier") or name in _CLASSIFYING:
        return CLASSIFIER
    if name.endswith("Regressor") or name in (
        "SVR",
        "NuSVR",
        "LinearSVR",
        "LinearRegression",
        "Ridge",
        "Lasso",
    ):
        return REGRESSOR
    if package.split(".")[1] in _TRANSFORMING or name == "FeatureUnion":
        return TRANSFORMER
    return OTHER
