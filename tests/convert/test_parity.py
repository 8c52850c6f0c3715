"""The gate: it measures what it says and lets nothing through that answers differently."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from convert.errors import ConversionError
from convert.export import Card, package
from convert.parity import TOLERANCE, ParityReport, prove
from convert.portable.examine import Examined, examine
from convert.portable.vectors import trees_of, vectors
from tests.convert.fakes import FakeModel
from tests.convert.spec import SPEC
from tests.convert.zoo import fitted

CARD = Card("model")


def _package(examined: Examined) -> ParityReport:
    return package(examined, None, SPEC, CARD, "0" * 64).report


@pytest.fixture(scope="module")
def forest() -> Examined:
    estimator, _ = fitted("forest")
    return examine(estimator, vectors=None)


def test_one_float_at_a_threshold_is_noticed(forest: Examined) -> None:
    """Move every tree's thresholds by the least possible amount: the rows at the thresholds tell."""
    assert _package(forest).passed
    model = onnx.load_from_string(forest.graph)
    (trees,) = [node for node in model.graph.node if node.op_type == "TreeEnsembleClassifier"]
    (values,) = [a for a in trees.attribute if a.name == "nodes_values"]
    for i, value in enumerate(values.floats):
        values.floats[i] = np.nextafter(np.float32(value), np.float32(np.inf))
    with pytest.raises(ConversionError, match="does not answer as scikit-learn does"):
        _package(forest._replace(graph=model.SerializeToString()))


def test_a_small_difference_is_noticed() -> None:
    """Twice the tolerance in one probability is refused, and the difference is told."""
    estimator, _ = fitted("logistic regression")
    examined = examine(estimator)
    off = examined.probabilities.copy()
    off[7, 0] += 2 * TOLERANCE
    with pytest.raises(ConversionError, match=r"largest difference 2\.0e-05"):
        _package(examined._replace(probabilities=off))
    off[7, 0] -= 1.5 * TOLERANCE
    assert _package(examined._replace(probabilities=off)).max_difference == pytest.approx(
        0.5 * TOLERANCE, rel=0.05
    )


def test_scores_are_no_probabilities() -> None:
    """A graph whose rows do not sum to 1 is refused by the device's own loader."""
    estimator, _ = fitted("gaussian naive bayes")
    examined = examine(estimator)
    model = onnx.load_from_string(examined.graph)
    factor = numpy_helper.from_array(np.array(2.0), "two")
    model.graph.initializer.append(factor)
    last = model.graph.node[-1]
    model.graph.node.insert(
        len(model.graph.node) - 1, onnx.helper.make_node("Mul", [last.input[0], "two"], ["doubled"])
    )
    model.graph.node[-1].input[0] = "doubled"
    with pytest.raises(ConversionError, match="are not probabilities"):
        _package(examined._replace(graph=model.SerializeToString()))


def test_ties_are_counted_apart(forest: Examined) -> None:
    """Equal best probabilities are no mismatch; two labels that differ are one."""
    n = len(forest.vectors)
    even = np.full((n, 5), 0.2)
    report = prove(FakeModel(even), forest._replace(probabilities=even))
    assert report.ties == n
    assert report.label_mismatches == 0
    assert report.passed


def test_label_mismatch_fails_even_within_tolerance(forest: Examined) -> None:
    """A label that flips beyond a tie fails although every probability is close enough."""
    n = len(forest.vectors)
    ours = np.tile([0.2, 0.200004, 0.199996, 0.2, 0.2], (n, 1))
    theirs = np.tile([0.200004, 0.2, 0.199996, 0.2, 0.2], (n, 1))
    report = prove(FakeModel(ours), forest._replace(probabilities=theirs))
    assert report.max_difference < TOLERANCE
    assert report.label_mismatches == n
    assert not report.passed


def test_nan_never_passes(forest: Examined) -> None:
    """An estimator that answers NaN has no proof."""
    broken = forest.probabilities.copy()
    broken[0, 0] = np.nan
    assert not prove(FakeModel(forest.probabilities), forest._replace(probabilities=broken)).passed


def test_predict_that_differs_is_told(forest: Examined) -> None:
    """SVC's predict does not go by its probabilities: reported, not refused."""
    shifted = (forest.probabilities.argmax(axis=1) + 1) % 5
    report = _package(forest._replace(predicted=shifted))
    assert report.predict_differs == report.vectors - report.ties
    assert "goes by the probabilities" in report.note
    plain = _package(forest._replace(predicted=forest.probabilities.argmax(axis=1)))
    assert plain.note == ""


# -- the vectors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tree", "forest", "gradient boosting", "histogram boosting"])
def test_vectors_lie_at_thresholds(name: str) -> None:
    """For trees, thresholds occur as values of their features, and so do both float32 beside them."""
    estimator, _ = fitted(name)
    rows = vectors(estimator)
    at = 0
    for tree in trees_of(estimator):
        for node in tree["inner"]:
            f, t = int(tree["feature"][node]), np.float32(tree["threshold"][node])
            near = (t, np.nextafter(t, np.float32(np.inf)), np.nextafter(t, np.float32(-np.inf)))
            at += all((rows[:, f] == value).any() for value in near)
    assert at >= 4


def test_vectors_reach_the_nodes_they_aim_at() -> None:
    """A row at a node's threshold passes through that node."""
    estimator, _ = fitted("tree")
    rows, tree = vectors(estimator), estimator.tree_
    passed = estimator.decision_path(rows).toarray().astype(bool)
    inner = np.flatnonzero(tree.children_left >= 0)
    hits = [
        node
        for node in inner
        if (passed[:, node] & (rows[:, tree.feature[node]] == np.float32(tree.threshold[node]))).any()
    ]
    assert len(hits) >= 2


def test_vectors_are_seeded_and_finite() -> None:
    """The same model gives the same rows; they are float32 and finite, zero is among them."""
    estimator, _ = fitted("selection and pca", wild=True)
    rows = vectors(estimator)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert (rows == vectors(estimator)).all()
    assert (rows != vectors(estimator, seed=1)).any()
    assert (rows == 0).all(axis=1).any()


def test_vectors_lie_where_the_training_data_lay() -> None:
    """Training points of nearest neighbours come back out of a pipeline; scaled rows span the scaler's."""
    estimator, X = fitted("k-nn", wild=True)
    rows = vectors(estimator)
    distance = np.abs(rows[:, None] - X.astype(np.float32)[None]) / X.std(axis=0)
    assert (distance.max(axis=2).min(axis=1) < 1e-5).sum() >= 50
