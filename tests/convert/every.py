"""Each classifier and transformer that scikit-learn lists, as one would use it on feature vectors.

A transformer stands before a logistic regression. What is not here is made with its defaults; a text says
why something has no place in a model of feature vectors at all. As in `tests.convert.zoo`, nothing of
edgecry is imported.
"""

# ruff: noqa: RUF024 - settings that are read, never changed

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import sklearn.experimental.enable_iterative_imputer  # noqa: F401 - adds IterativeImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

_TEXT = "it reads texts or dicts, not numbers"
_LABELS = "it is for labels, not for features"
_NO_NEW = "it cannot transform new vectors"
_REGRESSION = "it is for regression"
_SEVERAL = "it predicts several labels at once, and edgecry serves one"
#: What cannot stand in a classifier of feature vectors, whatever edgecry does.
NO_PLACE = {
    **dict.fromkeys(
        ("DictVectorizer", "FeatureHasher", "HashingVectorizer", "TfidfTransformer", "CountVectorizer"), _TEXT
    ),
    "TfidfVectorizer": _TEXT,
    **dict.fromkeys(("LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer"), _LABELS),
    "TSNE": _NO_NEW,
    "PatchExtractor": "it is for pictures",
    "KernelCenterer": "it reads a matrix of a kernel, not features",
    **dict.fromkeys(
        ("IsotonicRegression", "StackingRegressor", "VotingRegressor", "PLSCanonical", "CCA", "PLSSVD"),
        _REGRESSION,
    ),
    "PLSRegression": _REGRESSION,
    **dict.fromkeys(("MultiOutputClassifier", "ClassifierChain"), _SEVERAL),
    "KNeighborsTransformer": "it makes a graph of neighbours, which no classifier of features reads",
    "RadiusNeighborsTransformer": "it makes a graph of neighbours, which no classifier of features reads",
    "SparseCoder": "it is not fitted; its dictionary is given to it",
}

_LINEAR = functools.partial(LogisticRegression, max_iter=200)
_BINS = functools.partial(KBinsDiscretizer, 4, encode="ordinal", strategy="uniform")

#: Arguments of those that the defaults do not fit to, or fit too slowly.
SETTINGS: dict[str, dict[str, Any]] = {
    "SVC": {"probability": True},
    "NuSVC": {"probability": True, "nu": 0.2},
    "SGDClassifier": {"loss": "log_loss"},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.3},
    "MLPClassifier": {"hidden_layer_sizes": (8,), "max_iter": 40},
    "GaussianProcessClassifier": {"optimizer": None},
    **dict.fromkeys(("GradientBoostingClassifier", "RandomForestClassifier"), {"n_estimators": 5}),
    **dict.fromkeys(("ExtraTreesClassifier", "AdaBoostClassifier", "BaggingClassifier"), {"n_estimators": 5}),
    "HistGradientBoostingClassifier": {"max_iter": 5},
    "LogisticRegressionCV": {"Cs": 3, "cv": 2},
    "CalibratedClassifierCV": {"estimator": GaussianNB(), "cv": 2},
    "VotingClassifier": {
        "estimators": [("a", GaussianNB()), ("b", DecisionTreeClassifier(max_depth=3))],
        "voting": "soft",
    },
    "StackingClassifier": {"estimators": [("a", GaussianNB()), ("b", _LINEAR())], "cv": 2},
    **dict.fromkeys(
        ("OneVsRestClassifier", "OneVsOneClassifier", "OutputCodeClassifier", "SelfTrainingClassifier"),
        {"estimator": _LINEAR()},
    ),
    **dict.fromkeys(("FixedThresholdClassifier", "TunedThresholdClassifierCV"), {"estimator": _LINEAR()}),
    "RadiusNeighborsClassifier": {"radius": 100.0},
    # Transformers.
    "ColumnTransformer": {"transformers": [("a", StandardScaler(), [0, 1, 2])]},
    "FeatureUnion": {"transformer_list": [("a", StandardScaler()), ("b", MinMaxScaler())]},
    "KBinsDiscretizer": {"n_bins": 4},
    "QuantileTransformer": {"n_quantiles": 8},
    **dict.fromkeys(("KMeans", "BisectingKMeans", "MiniBatchKMeans"), {"n_clusters": 4, "n_init": 1}),
    **dict.fromkeys(("RFE", "RFECV", "SelectFromModel"), {"estimator": _LINEAR()}),
    "SequentialFeatureSelector": {"estimator": GaussianNB(), "n_features_to_select": 2, "cv": 2},
    **dict.fromkeys(
        ("DictionaryLearning", "MiniBatchDictionaryLearning"), {"n_components": 3, "max_iter": 5}
    ),
    **dict.fromkeys(("SparsePCA", "MiniBatchSparsePCA"), {"n_components": 3, "max_iter": 5}),
    **dict.fromkeys(("NMF", "MiniBatchNMF"), {"n_components": 3, "max_iter": 50}),
    "LatentDirichletAllocation": {"n_components": 3, "max_iter": 2},
    **dict.fromkeys(("PCA", "KernelPCA", "IncrementalPCA", "TruncatedSVD", "FastICA"), {"n_components": 3}),
    "FactorAnalysis": {"n_components": 3},
    **dict.fromkeys(("SparseRandomProjection", "GaussianRandomProjection"), {"n_components": 6}),
    **dict.fromkeys(
        ("Nystroem", "RBFSampler", "SkewedChi2Sampler", "PolynomialCountSketch"), {"n_components": 8}
    ),
    "RandomTreesEmbedding": {"n_estimators": 3},
    "BernoulliRBM": {"n_components": 3, "n_iter": 2},
    "SelectKBest": {"k": 5},
    "MissingIndicator": {"features": "all"},
}
#: What must stand before an estimator, so that it takes the vectors at all.
_BEFORE: dict[str, Callable[[], Any]] = {
    **dict.fromkeys(
        ("MultinomialNB", "ComplementNB", "NMF", "MiniBatchNMF", "LatentDirichletAllocation", "BernoulliRBM"),
        functools.partial(MinMaxScaler, clip=True),
    ),
    **dict.fromkeys(("AdditiveChi2Sampler", "SkewedChi2Sampler"), functools.partial(MinMaxScaler, clip=True)),
    **dict.fromkeys(("CategoricalNB", "OneHotEncoder", "OrdinalEncoder", "TargetEncoder"), _BINS),
}
#: Two classes only.
BINARY = ("FixedThresholdClassifier", "TunedThresholdClassifierCV")


def listed() -> dict[str, str]:
    """Names of what scikit-learn lists, and "classifier" or "transformer"; the former if it is both."""
    found = {}
    for kind in ("transformer", "classifier"):
        found.update({name: kind for name, _ in all_estimators(type_filter=kind)})
    return dict(sorted(found.items()))


def made(name: str) -> Any:
    """Make the model of one estimator: not fitted."""
    estimator = dict(all_estimators())[name]
    known = inspect.signature(estimator).parameters
    wanted = dict(SETTINGS.get(name, {}))
    if "base_estimator" in known and "estimator" not in known:  # its name before scikit-learn 1.2
        wanted["base_estimator"] = wanted.pop("estimator", None)
    settings = {k: v for k, v in wanted.items() if k in known}
    if "random_state" in known:
        settings["random_state"] = 0
    steps = [_BEFORE[name]()] if name in _BEFORE else []
    steps.append(estimator(**settings))
    if listed()[name] == "transformer":
        steps.append(_LINEAR())
    return steps[0] if len(steps) == 1 else make_pipeline(*steps)
