"""Classifiers of every supported kind, and data to fit them on.

Nothing of edgecry is imported here: `tests.convert.versions` fits them under other scikit-learn versions,
where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import preprocessing
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, FactorAnalysis, FastICA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, DotProduct, Matern
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import SparseRandomProjection
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

N_FEATURES = 20
LABELS = ("belly_pain", "burping", "discomfort", "hungry", "tired")


def data(n_classes: int, wild: bool = False, n: int = 120) -> tuple[Any, Any]:
    """Overlapping clusters; ``wild`` gives the features very unlike scales and offsets."""
    rng = np.random.default_rng(n_classes)
    y = np.arange(n) % n_classes
    X = rng.standard_normal((n, N_FEATURES)) + 0.8 * rng.standard_normal((n_classes, N_FEATURES))[y]
    if wild:
        X = X * 10.0 ** np.linspace(-4, 3, N_FEATURES) + np.linspace(-300, 300, N_FEATURES)
    return X.astype(np.float32).astype(np.float64), np.array(LABELS)[y]


def scaled(*steps: Any) -> Any:
    return make_pipeline(StandardScaler(), *steps)


def _calibrated(estimator: Any, method: str) -> Any:
    return CalibratedClassifierCV(estimator, method=method, cv=3)


class Sparsified:
    """Fits a logistic regression and makes it sparse, as ``sparsify`` does."""

    def fit(self, X: Any, y: Any) -> Any:
        return LogisticRegression(max_iter=200).fit(X, y).sparsify()


_MEMBERS = [("linear", scaled(LogisticRegression())), ("trees", RandomForestClassifier(8, random_state=0))]

ZOO: dict[str, Callable[[], Any]] = {
    "tree": lambda: DecisionTreeClassifier(random_state=0),
    "extra tree": lambda: ExtraTreeClassifier(random_state=0),
    "forest": lambda: RandomForestClassifier(25, random_state=0),
    "extra trees": lambda: ExtraTreesClassifier(25, random_state=0),
    "gradient boosting": lambda: GradientBoostingClassifier(n_estimators=8, random_state=0),
    "histogram boosting": lambda: HistGradientBoostingClassifier(max_iter=8, random_state=0),
    "scaled histogram boosting": lambda: scaled(HistGradientBoostingClassifier(max_iter=8, random_state=0)),
    "histogram boosting with categories": lambda: make_pipeline(
        KBinsDiscretizer(5, encode="ordinal", strategy="uniform"),
        HistGradientBoostingClassifier(max_iter=8, categorical_features=[0, 3, 7], random_state=0),
    ),
    "adaboost": lambda: AdaBoostClassifier(n_estimators=8, random_state=0),
    "bagged trees": lambda: BaggingClassifier(n_estimators=6, random_state=0),
    "bagged subspaces": lambda: BaggingClassifier(
        scaled(LogisticRegression()), n_estimators=3, max_features=0.5, random_state=0
    ),
    "logistic regression": lambda: scaled(LogisticRegression()),
    "logistic regression, raw": lambda: LogisticRegression(max_iter=200),
    "sgd log_loss": lambda: scaled(SGDClassifier(loss="log_loss", random_state=0)),
    "sgd modified_huber": lambda: scaled(SGDClassifier(loss="modified_huber", random_state=0)),
    "svc rbf": lambda: scaled(SVC(probability=True, random_state=0)),
    "svc linear": lambda: scaled(SVC(kernel="linear", probability=True, random_state=0)),
    "nusvc": lambda: scaled(NuSVC(nu=0.2, probability=True, random_state=0)),
    "calibrated svc": lambda: _calibrated(scaled(SVC()), "sigmoid"),
    "calibrated svc, poly": lambda: _calibrated(scaled(SVC(kernel="poly")), "isotonic"),
    "calibrated svc, one against one": lambda: _calibrated(
        scaled(NuSVC(nu=0.2, probability=True, kernel="sigmoid")), "sigmoid"
    ),
    "calibrated linear svc": lambda: _calibrated(scaled(LinearSVC()), "sigmoid"),
    "calibrated forest": lambda: _calibrated(RandomForestClassifier(8, random_state=0), "isotonic"),
    "calibrated histogram boosting": lambda: _calibrated(
        HistGradientBoostingClassifier(max_iter=5, random_state=0), "isotonic"
    ),
    "calibrated adaboost": lambda: _calibrated(AdaBoostClassifier(n_estimators=4, random_state=0), "sigmoid"),
    "calibrated naive bayes": lambda: _calibrated(GaussianNB(), "isotonic"),
    "calibrated by temperature": lambda: _calibrated(scaled(LogisticRegression()), "temperature"),
    "k-nn": lambda: scaled(KNeighborsClassifier()),
    "k-nn by distance": lambda: scaled(KNeighborsClassifier(weights="distance")),
    "k-nn by distance, raw": lambda: KNeighborsClassifier(weights="distance"),
    "k-nn manhattan": lambda: scaled(KNeighborsClassifier(metric="manhattan", weights="distance")),
    "gaussian naive bayes": lambda: GaussianNB(),
    "bernoulli naive bayes": lambda: BernoulliNB(),
    "multinomial naive bayes": lambda: make_pipeline(MinMaxScaler(clip=True), MultinomialNB()),
    "complement naive bayes": lambda: make_pipeline(MinMaxScaler(clip=True), ComplementNB()),
    "lda": lambda: LinearDiscriminantAnalysis(),
    "qda": lambda: QuadraticDiscriminantAnalysis(reg_param=0.3),
    "mlp": lambda: scaled(MLPClassifier((12,), max_iter=60, random_state=0)),
    "mlp logistic": lambda: scaled(MLPClassifier((6, 6), "logistic", max_iter=40, random_state=0)),
    "voting": lambda: VotingClassifier(_MEMBERS, voting="soft", weights=[2, 1]),
    "stacking": lambda: StackingClassifier(_MEMBERS, cv=3),
    "stacking on scores": lambda: StackingClassifier(
        [("svm", scaled(LinearSVC())), *_MEMBERS], cv=3, passthrough=True
    ),
    "grid search": lambda: GridSearchCV(scaled(LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}),
    "selection and pca": lambda: make_pipeline(
        RobustScaler(), SelectKBest(f_classif, k=10), PCA(5, random_state=0), LogisticRegression()
    ),
    "whitened forest": lambda: scaled(
        PCA(5, whiten=True, random_state=0), ExtraTreesClassifier(15, random_state=0)
    ),
    "normalizer": lambda: make_pipeline(MaxAbsScaler(), Normalizer(), LogisticRegression()),
    "imputer": lambda: make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
    "imputer of zeros": lambda: make_pipeline(
        SimpleImputer(missing_values=0, strategy="median", add_indicator=True), StandardScaler(), GaussianNB()
    ),
    "k-nn imputer": lambda: make_pipeline(KNNImputer(), StandardScaler(), LogisticRegression()),
    "polynomial features": lambda: scaled(
        SelectKBest(f_classif, k=5), PolynomialFeatures(2), LogisticRegression()
    ),
    "uniform bins": lambda: make_pipeline(
        KBinsDiscretizer(5, encode="ordinal", strategy="uniform"), RandomForestClassifier(15, random_state=0)
    ),
    "one-hot quantile bins": lambda: make_pipeline(
        KBinsDiscretizer(4, encode="onehot", strategy="quantile"), LogisticRegression()
    ),
    # By way of the module: scikit-learn before 1.0 has none.
    "splines": lambda: scaled(preprocessing.SplineTransformer(4), LogisticRegression()),
    "passthrough": lambda: Pipeline([("scaler", "passthrough"), ("classifier", GaussianNB())]),
    "function log1p": lambda: make_pipeline(
        FunctionTransformer(np.absolute),
        FunctionTransformer(np.log1p),
        StandardScaler(),
        LogisticRegression(),
    ),
    "lda as transformer": lambda: scaled(LinearDiscriminantAnalysis(), LogisticRegression()),
    "union and columns": lambda: make_pipeline(
        FeatureUnion([("scaled", StandardScaler()), ("pca", PCA(3, random_state=0))]),
        ColumnTransformer([("ranged", MinMaxScaler(), slice(0, 9))], remainder="passthrough"),
        LogisticRegression(),
    ),
    "nystroem": lambda: scaled(Nystroem(n_components=12, random_state=0), LogisticRegression()),
    "random fourier features": lambda: scaled(
        RBFSampler(n_components=12, random_state=0), LogisticRegression()
    ),
    "random projection": lambda: scaled(SparseRandomProjection(6, random_state=0), LogisticRegression()),
    "independent components": lambda: scaled(FastICA(4, random_state=0), LogisticRegression()),
    "factor analysis": lambda: scaled(FactorAnalysis(3), LogisticRegression()),
    "distances to k-means": lambda: scaled(KMeans(4, n_init=1, random_state=0), LogisticRegression()),
    "bagged svc": lambda: scaled(BaggingClassifier(SVC(), 4, random_state=0)),
    "one against the rest": lambda: scaled(OneVsRestClassifier(LogisticRegression())),
    "one svc against the rest": lambda: scaled(OneVsRestClassifier(SVC(probability=True, random_state=0))),
    "gaussian process": lambda: scaled(GaussianProcessClassifier(1.0 * RBF(3.0), optimizer=None)),
    "gaussian process, matern": lambda: scaled(
        GaussianProcessClassifier(Matern(3.0, nu=1.5) + DotProduct(), optimizer=None)
    ),
    "svc with a large C": lambda: scaled(SVC(C=1000, gamma=0.001, probability=True, random_state=0)),
    "sparsified": lambda: Sparsified(),
    "power transformer": lambda: make_pipeline(PowerTransformer(), LogisticRegression()),
    "quantile transformer": lambda: make_pipeline(QuantileTransformer(n_quantiles=8), LogisticRegression()),
}


def fitted(name: str, n_classes: int = 5, wild: bool = False) -> tuple[Any, Any]:
    """An estimator of the zoo, and what it was fitted on."""
    X, y = data(n_classes, wild)
    return ZOO[name]().fit(X, y), X
