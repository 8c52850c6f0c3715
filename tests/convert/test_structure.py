"""What cannot be a fitted model is refused by name before compiled code follows it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix, lil_matrix
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from convert.portable import Refused
from convert.portable.structure import check_structure
from tests.convert.zoo import ZOO, data, fitted

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::sklearn.exceptions.ConvergenceWarning"
)

X, Y = data(3)


def _edited(tree: Any, node: int = 0, **fields: Any) -> None:
    """Give a node of a decision tree other numbers."""
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    for name, value in fields.items():
        state["nodes"][name][node] = value
    tree.__setstate__(state)


def _tree(**fields: Any) -> Any:
    model = DecisionTreeClassifier(random_state=0).fit(X, Y)
    _edited(model.tree_, **fields)
    return model


def _forest_with(**fields: Any) -> Any:
    model = RandomForestClassifier(4, random_state=0).fit(X, Y)
    _edited(model.estimators_[2].tree_, **fields)
    return model


def _boosting(node: int = 0, **fields: Any) -> Any:
    model = HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(X, Y)
    for name, value in fields.items():
        model._predictors[1][0].nodes[name][node] = value
    return model


def _neighbours(algorithm: str, place: int, value: Any) -> Any:
    model = KNeighborsClassifier(3, algorithm=algorithm, leaf_size=10).fit(X, Y)
    state = [a.copy() if isinstance(a, np.ndarray) else a for a in model._tree.__getstate__()]
    value(state[place])
    model._tree.__setstate__(tuple(state))
    return model


def _with(model: Any, **attributes: Any) -> Any:
    model = deepcopy(model)
    vars(model).update(attributes)
    return model


def _holds_itself() -> Any:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    pipeline.steps[0] = ("again", pipeline)
    return pipeline


def _nested(depth: int) -> Any:
    model: Any = LogisticRegression()
    for _ in range(depth):
        model = Pipeline([("inner", model)])
    return model


def _sparse_outside() -> Any:
    model = LogisticRegression().fit(X, Y)
    model.sparsify()
    coefficients = csr_matrix(model.coef_)
    coefficients.indices = np.full_like(coefficients.indices, 10**6)
    model.coef_ = coefficients
    return model


SVM = SVC(probability=True, random_state=0).fit(X, Y)
FOREST = RandomForestClassifier(4, random_state=0).fit(X, Y)
BOOSTED = GradientBoostingClassifier(n_estimators=2).fit(X, Y)
NEAR = KNeighborsClassifier(3).fit(X, Y)


def _boosted_with(**attributes: Any) -> Any:
    return _with(HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(X, Y), **attributes)


def _bagged(columns: Any) -> Any:
    return _with(BaggingClassifier(GaussianNB(), 2, max_features=0.5).fit(X, Y), estimators_features_=columns)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "own child": (lambda: _tree(left_child=0, right_child=0), "node 0 leads back to node 0"),
    "child far away": (lambda: _tree(left_child=10**9), "node 0 leads to node 1000000000, and there are"),
    "negative child": (lambda: _tree(right_child=-7), "node 0 leads to node -7"),
    "child of a forest": (
        lambda: _forest_with(left_child=0),
        r"estimators_\[2\]\.tree_: node 0 leads back to node 0",
    ),
    "two parents": (lambda: _tree(right_child=1), "a node is the child of two nodes"),
    "feature": (lambda: _tree(feature=100), "asks for feature 100, and there are 20"),
    "negative feature": (lambda: _tree(feature=-1), "asks for feature -1, and there are 20"),
    "threshold": (lambda: _tree(threshold=np.nan), "a threshold is not a number"),
    "boosting": (
        lambda: _with(BOOSTED, n_features_in_=7),
        "reads 7 features, its tree 0 reads 20",
    ),
    "histogram loop": (lambda: _boosting(left=0), "node 0 leads back to node 0"),
    "histogram child": (lambda: _boosting(right=10**6), "node 0 leads to node 1000000"),
    "histogram feature": (lambda: _boosting(feature_idx=500), "asks for feature 500, and there are 20"),
    "classes": (lambda: _with(FOREST, classes_=np.array(["a", "b"])), "has 2 classes, its tree 0 has 3"),
    "not a tree": (lambda: _with(FOREST, estimators_=[GaussianNB().fit(X, Y)]), "a GaussianNB, not a fitted"),
    "one tree many times": (
        lambda: _with(FOREST, estimators_=FOREST.estimators_[:1] * 500),
        "names the same 1 parts 500 times",
    ),
    "neighbour far away": (
        lambda: _neighbours("kd_tree", 1, lambda a: a.fill(10**8)),
        "does not name each of its 120 points once",
    ),
    "neighbour node": (
        lambda: _neighbours("ball_tree", 2, lambda a: a["idx_end"].__setitem__(0, 10**6)),
        "a node holds points that are not there",
    ),
    "neighbour leaf": (
        lambda: _neighbours("kd_tree", 2, lambda a: a["is_leaf"].__setitem__(slice(None), 0)),
        "a node of the last level has children",
    ),
    "neighbour class": (
        lambda: _with(KNeighborsClassifier(3).fit(X, Y), _y=np.full(120, 9)),
        "a point is of class 9, and there are 3",
    ),
    "vector counts": (
        lambda: _with(SVM, _n_support=np.array([10**6, 1, 1], dtype=np.int32)),
        "support vectors do not fit its 3 classes",
    ),
    "intercepts": (lambda: _with(SVM, _intercept_=np.zeros(1)), "_intercept_ has 1 numbers for 3 pairs"),
    "bagged columns": (
        lambda: _bagged([[3, 999]] * 2),
        "reads feature 999, and there are 20",
    ),
    "sparse": (_sparse_outside, "a sparse matrix that points outside itself"),
    "holds itself": (_holds_itself, "holds itself"),
    "too deep": (lambda: _nested(200), "nested more than 60 deep"),
    "damaged": (lambda: _with(SVM, dual_coef_=None), "a damaged SVC"),
    "threshold of a double": (lambda: _tree(threshold=1e300), r"larger than the numbers that trees compare"),
    "no trees": (lambda: _with(FOREST, estimators_=[]), "RandomForestClassifier: has no members"),
    "boosting by one score": (
        lambda: _with(BOOSTED, estimators_=BOOSTED.estimators_[:, :1]),
        r"its trees have the shape \(2, 1\), for 3 scores a step",
    ),
    "boosting by NaN": (lambda: _with(BOOSTED, learning_rate=np.nan), "its learning rate is nan"),
    "boosting from nothing": (lambda: _with(BOOSTED, init_=None), "has nothing to begin with"),
    "histogram trees": (lambda: _boosted_with(_predictors=[]), "has no trees, or does not begin with"),
    "histogram beginning": (lambda: _boosted_with(_baseline_prediction=np.zeros(9)), "has no trees, or does"),
    "no votes": (
        lambda: _with(VotingClassifier([("a", GaussianNB())]).fit(X, Y), estimators_=[]),
        "VotingClassifier: has no members",
    ),
    "nothing calibrated": (
        lambda: _with(CalibratedClassifierCV(GaussianNB(), cv=2).fit(X, Y), calibrated_classifiers_=[]),
        "CalibratedClassifierCV: has no members",
    ),
    "weights": (
        lambda: _with(AdaBoostClassifier(n_estimators=3).fit(X, Y), estimator_weights_=np.zeros(3)),
        "the weights of its 3 members are not finite, or sum to zero",
    ),
    "bagged fractions": (lambda: _bagged([[0.5] * 10] * 2), "member 0 are not numbers of columns"),
    "bagged too few": (lambda: _bagged([[3]] * 2), "member 0 reads 10 features, and is given 1"),
    "bagged once": (lambda: _bagged([[3]]), "has 2 members, and the features of 1"),
    "no neighbours": (lambda: _with(NEAR, n_neighbors=0), "asks 0 neighbours of 120 points"),
    "too many neighbours": (lambda: _with(NEAR, n_neighbors=121), "asks 121 neighbours of 120 points"),
    "neighbours of no numbers": (lambda: _with(NEAR, _fit_X=X * np.nan), "is not of finite numbers"),
    "neighbours in fractions": (lambda: _with(NEAR, _y=np.zeros(120)), "are float64, not whole numbers"),
    "sparse neighbours": (lambda: _with(NEAR, _fit_X=csr_matrix(X)), "fitted on a sparse matrix"),
    "vectors of no numbers": (
        lambda: _with(SVM, support_vectors_=SVM.support_vectors_ * np.nan),
        "support_vectors_ holds what is not a finite number",
    ),
    "gamma": (lambda: _with(SVM, _gamma=np.inf), "gamma is inf"),
    "rare sparse matrix": (lambda: _with(SVM, more=lil_matrix((2, 2))), "a lil_matrix, a kind of sparse"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(kind: str) -> None:
    make, why = REFUSED[kind]
    with pytest.raises(Refused, match=why):
        check_structure(make())


@pytest.mark.parametrize("name", ZOO)
def test_what_was_fitted_is_whole(name: str) -> None:
    check_structure(fitted(name, 3)[0])


def test_parts_named_over_and_over_count_each_time() -> None:
    """Each level names the one below ten times: a million members in a few objects."""
    model: Any = GaussianNB().fit(X, Y)
    for _ in range(6):
        outer = VotingClassifier([("a", GaussianNB())], voting="soft").fit(X, Y)
        outer.estimators_ = [model] * 10
        model = outer
    with pytest.raises(Refused, match=r"names the same \d+ parts [\d,]+ times; no fitted model"):
        check_structure(model)


def test_more_layers_than_any_network() -> None:
    model = MLPClassifier((3,), max_iter=2, random_state=0).fit(X, Y)
    check_structure(model)
    model.coefs_[1:1] = [np.eye(3)] * 4998
    with pytest.raises(Refused, match="has 5,000 layers; no fitted network has more than 1,000"):
        check_structure(model)
    model.coefs_[:] = model.coefs_[:3]
    with pytest.raises(Refused, match="has 3 layers, and the offsets of 2"):
        check_structure(model)


def test_more_different_parts_than_any_model() -> None:
    """Trees are counted apart, as a forest may have thousands."""
    steps = [(f"s{i}", StandardScaler().fit(X)) for i in range(2100)]
    with pytest.raises(Refused, match="more than 2,000 different estimators besides trees"):
        check_structure(Pipeline(steps))
    forest = RandomForestClassifier(2, random_state=0).fit(X, Y)
    forest.estimators_ = [deepcopy(forest.estimators_[0]) for _ in range(2100)]
    check_structure(forest)
