"""The zoo: what scikit-learn answers is what the model file answers."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.decomposition import KernelPCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor, VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.semi_supervised import LabelPropagation
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

import convert
from convert.errors import ConversionError
from convert.portable.graph import IR_VERSION, OLDEST_ONNXRUNTIME, OPSET
from edgecry import CryModel, FeatureSpec
from edgecry.models.numpy_runtime import NumpySession
from edgecry.models.onnx_file import BadFileError
from tests.convert.estimators import stated
from tests.convert.spec import SPEC
from tests.convert.zoo import LABELS, N_FEATURES, ZOO, data, fitted

STATED = stated()
#: libsvm's coupling of probabilities is an iteration that NumPy does not have.
ONLY_ONNXRUNTIME = {"SVMClassifier"}

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::sklearn.exceptions.ConvergenceWarning"
)


@pytest.mark.parametrize(("n_classes", "wild"), [(5, True), (2, False)], ids=["5-wild", "2-plain"])
@pytest.mark.parametrize("name", ZOO)
def test_zoo(name: str, n_classes: int, wild: bool) -> None:
    """Every kind of estimator, on its training vectors and on new ones, through the device's own door."""
    estimator, X = fitted(name, n_classes, wild)
    made = convert.convert(estimator, spec=SPEC, vectors=X)
    assert made.report.passed
    assert made.report.given == len(X) < made.report.vectors
    new = (X[::-1] + 0.3 * X.std(axis=0)).astype(np.float32)
    expected = estimator.predict_proba(new.astype(np.float64))
    np.testing.assert_allclose(made.predict_proba(new), expected, rtol=0, atol=1e-5)
    assert made.report.max_difference <= STATED[name]
    assert made.metadata.labels == LABELS[:n_classes]
    check_numpy_runtime(made.onnx, new, made.predict_proba(new))


def check_numpy_runtime(graph: bytes, X: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """The runtime for boards without onnxruntime gives the same, or refuses the graph by its operator."""
    operators = {node.op_type for node in onnx.load_from_string(graph).graph.node}
    if refused := operators & ONLY_ONNXRUNTIME:
        with pytest.raises(BadFileError, match=f"has the operator {min(refused)}, which needs onnxruntime"):
            NumpySession.open(graph)
        return
    (found,) = NumpySession.open(graph).run(["probabilities"], {"features": X})
    np.testing.assert_allclose(found.clip(0, 1), expected, rtol=0, atol=1e-6)


def test_file_contract(tmp_path: Path) -> None:
    """One float32 input, one float32 output, no label, no ZipMap, pinned versions, all recorded."""
    estimator, _ = fitted("forest")
    path = convert.convert(estimator, spec=SPEC, name="model").save(tmp_path / "model.onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model)
    (source,), (target,) = model.graph.input, model.graph.output
    for tensor, name, width in ((source, "features", N_FEATURES), (target, "probabilities", 5)):
        assert tensor.name == name
        assert tensor.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        assert [d.dim_value for d in tensor.type.tensor_type.shape.dim] == [0, width]
    assert not {node.op_type for node in model.graph.node} & {"ZipMap", "ArgMax"}
    assert {o.domain: o.version for o in model.opset_import} == OPSET
    assert model.ir_version == IR_VERSION
    metadata = CryModel.load(path).metadata
    assert metadata.runtime == {"opset": OPSET, "ir": IR_VERSION, "onnxruntime": OLDEST_ONNXRUNTIME}
    assert metadata.spec == SPEC
    assert metadata.source["estimator"] == "sklearn.ensemble._forest.RandomForestClassifier"
    assert metadata.decision["rule"] == "argmax"
    assert metadata.evaluation["parity"]["passed"] is True
    assert "not evaluated" in metadata.evaluation["protocol"]
    assert metadata.data == dict.fromkeys(("name", "licence", "attribution"), "not stated")


def test_opset_is_reachable_for_the_oldest_onnxruntime() -> None:
    """onnxruntime 1.19 knows ONNX 1.16: opset 21, ai.onnx.ml 5, IR 10."""
    assert OLDEST_ONNXRUNTIME == "1.19"
    assert OPSET[""] <= 21
    assert OPSET["ai.onnx.ml"] <= 5
    assert IR_VERSION <= 10


def test_same_bytes_twice() -> None:
    """The same estimator makes the same file."""
    estimator, _ = fitted("stacking")
    assert convert.convert(estimator, spec=SPEC).onnx == convert.convert(estimator, spec=SPEC).onnx


def test_records_are_kept() -> None:
    """What the caller says of data, evaluation and task stands in the file."""
    estimator, _ = fitted("logistic regression", 2)
    made = convert.convert(
        estimator,
        labels=["cry", "other"],
        spec=SPEC,
        name="detector",
        task="cry",
        data={"name": "corpus", "licence": "CC0"},
        evaluation={"protocol": "five folds", "auc": 0.9},
        decision={"threshold": 0.5},
    )
    metadata = made.metadata
    assert (metadata.name, metadata.task, metadata.labels) == ("detector", "cry", ("cry", "other"))
    assert metadata.data == {"name": "corpus", "licence": "CC0", "attribution": "not stated"}
    assert metadata.evaluation["protocol"] == "five folds"
    assert metadata.evaluation["auc"] == 0.9
    assert metadata.decision["threshold"] == 0.5


def test_estimator_is_left_alone() -> None:
    """Conversion from Python changes nothing in the user's object."""
    estimator, _ = fitted("voting")
    before = pickle.dumps(estimator)
    convert.convert(estimator, spec=SPEC)
    assert pickle.dumps(estimator) == before


def test_public_recipe() -> None:
    """The seed's layout: 194 values, numbers for classes, a LabelEncoder for their names."""
    rng = np.random.default_rng(0)
    encoder = LabelEncoder()
    y = encoder.fit_transform(np.array(LABELS)[np.arange(60) % 5])
    X = rng.standard_normal((60, 194)) + y[:, None]
    made = convert.convert(RandomForestClassifier(20, random_state=0).fit(X, y), labels=encoder)
    assert made.metadata.spec == FeatureSpec()
    assert made.metadata.labels == LABELS


def test_save_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """A folder that is not there gets a message; an existing file is replaced; nothing else is left."""
    estimator, _ = fitted("tree")
    made = convert.convert(estimator, spec=SPEC)
    with pytest.raises(convert.ConversionError, match="cannot be written"):
        made.save(tmp_path / "none" / "model.onnx")
    (tmp_path / "model.onnx").write_text("old")
    made.save(tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == made.onnx
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


X, Y = data(5)
NUMBERS = np.arange(len(Y)) % 5
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "svc without probability": (lambda: SVC().fit(X, Y), "SVC has no predict_proba.*CalibratedClassifierCV"),
    "linear svc": (lambda: LinearSVC().fit(X, Y), "LinearSVC has no predict_proba"),
    "ridge": (lambda: RidgeClassifier().fit(X, Y), "RidgeClassifier has no predict_proba"),
    "hinge": (lambda: SGDClassifier().fit(X, Y), "SGDClassifier has no predict_proba"),
    "hard voting": (
        lambda: VotingClassifier([("a", DecisionTreeClassifier()), ("b", GaussianNB())]).fit(X, Y),
        "VotingClassifier has no predict_proba",
    ),
    "regressor": (lambda: RandomForestRegressor(2).fit(X, NUMBERS), "is a regressor"),
    "scaler": (lambda: StandardScaler().fit(X), "is not a classifier"),
    "clusters": (lambda: KMeans(2, n_init=1).fit(X), "is not a classifier"),
    "outliers": (lambda: IsolationForest(n_estimators=2).fit(X), "is not a classifier"),
    "not fitted": (lambda: DecisionTreeClassifier(), "not fitted"),
    "one class": (
        lambda: DecisionTreeClassifier().fit(X, ["hungry"] * len(X)),
        "knows one class only, hungry",
    ),
    "two outputs": (
        lambda: DecisionTreeClassifier().fit(X, np.c_[NUMBERS, NUMBERS]),
        "predicts 2 labels at once",
    ),
    "wrong width": (
        lambda: DecisionTreeClassifier().fit(X[:, :7], Y),
        "reads 7 values, the feature spec makes 20",
    ),
    "a dict": (lambda: {"model": 1}, "holds a dict, not a scikit-learn estimator"),
    "a class": (lambda: DecisionTreeClassifier, "not a scikit-learn estimator"),
    "unknown metric": (
        lambda: KNeighborsClassifier(metric="canberra").fit(X, Y),
        "KNeighborsClassifier with metric 'canberra'",
    ),
    "weights of the user's own": (
        lambda: KNeighborsClassifier(weights=np.exp).fit(X, Y),
        "KNeighborsClassifier with weights=",
    ),
    "no converter": (
        lambda: LabelPropagation().fit(X, NUMBERS),
        "LabelPropagation cannot be converted: edgecry has no ONNX counterpart",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(kind: str) -> None:
    """What cannot serve is refused, and told why."""
    make, why = REFUSED[kind]
    with pytest.raises(convert.ConversionError, match=why):
        convert.convert(make(), spec=SPEC)


def test_odd_arguments() -> None:
    """Task, name and vectors are checked."""
    estimator, X = fitted("tree")
    for arguments, why in (
        ({"task": "weather"}, "task: 'weather'; allowed are reason, cry"),
        ({"vectors": X[:, :3]}, r"vectors: found shape \(120, 3\)"),
        ({"vectors": X * np.nan}, "not finite"),
        ({"vectors": X[:0]}, "empty"),
    ):
        with pytest.raises(convert.ConversionError, match=why):
            convert.convert(estimator, spec=SPEC, **arguments)


def test_a_graph_that_onnxruntime_refuses() -> None:
    """The reason is a sentence, and not the words of onnxruntime."""
    model = CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2).fit(*data(3))
    for member in model.calibrated_classifiers_:
        for calibrator in member.calibrators:
            calibrator.y_thresholds_ = calibrator.y_thresholds_[:1]
    with pytest.raises(ConversionError, match="onnxruntime cannot run it; a part of the model") as caught:
        convert.convert(model, spec=SPEC)
    assert "ShapeInferenceError" not in str(caught.value)


def test_classes_that_were_renamed_out_of_order() -> None:
    """``predict`` gives the new names, whose places are not those of a sorted list."""
    X, y = data(3)
    model = GaussianNB().fit(X, y)
    model.classes_ = np.array(["c", "b", "a"])
    assert convert.convert(model, spec=SPEC).report.predict_differs == 0


@pytest.mark.parametrize("gamma", [None, 0.01])
@pytest.mark.parametrize("kernel", ["rbf", "poly", "sigmoid", "cosine", "linear"])
def test_kernel_pca(kernel: str, gamma: float | None) -> None:
    """skl2onnx makes a loop of the kernel "rbf", and the device refuses files that have one."""
    X, y = data(3)
    steps = StandardScaler(), KernelPCA(4, kernel=kernel, gamma=gamma), LogisticRegression()
    model = make_pipeline(*steps).fit(X, y)
    assert convert.convert(model, spec=SPEC, vectors=X).report.max_difference < 1e-6
