"""NumPy computes what onnxruntime computes, and refuses what it does not know.

Every kind of estimator goes through both in tests/convert/test_export.py.
"""

import numpy as np
import onnx
import pytest

from edgecry.errors import ModelError
from edgecry.models.bundled import BUNDLED, bundled
from edgecry.models.model import CryModel
from edgecry.models.numpy_runtime import NumpySession
from edgecry.models.onnx_file import BadFileError, read_onnx
from edgecry.models.runtimes import RuntimeOptions
from tests import graphs

#: The largest difference that is allowed to the probabilities of onnxruntime.
ATOL = 1e-6
NUMPY = RuntimeOptions(runtime="numpy")


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled(name):
    model, reference = CryModel.load(name, NUMPY), CryModel.load(name)
    assert model.metadata == reference.metadata
    rng = np.random.default_rng(0)
    X = rng.normal(scale=3, size=(9, model.spec.n_features)).astype(np.float32)
    np.testing.assert_allclose(model.predict_proba(X), reference.predict_proba(X), rtol=0, atol=ATOL)
    # Rows do not depend on their neighbours.
    np.testing.assert_allclose(model.predict_proba(X[4]), model.predict_proba(X)[4:5], rtol=0, atol=ATOL)


def test_embedding():
    X = np.random.default_rng(1).normal(size=(3, CryModel.load("cry").spec.n_features))
    expected = CryModel.load("cry").embed(X)
    np.testing.assert_allclose(CryModel.load("cry", NUMPY).embed(X), expected, rtol=0, atol=1e-4)


def test_constants_are_those_of_onnx():
    for name in BUNDLED:
        data = bundled(name).read_bytes()
        expected = onnx.load_from_string(data).graph.initializer
        found = read_onnx(data).constants
        assert list(found) == [tensor.name for tensor in expected]
        for tensor in expected:
            np.testing.assert_array_equal(found[tensor.name], onnx.numpy_helper.to_array(tensor))


# -- refusals ----------------------------------------------------------------------------------------


def test_a_cut_file_is_refused(tmp_path):
    """A file that ends early never gives an answer, and never any other error."""
    data = graphs.save(tmp_path / "whole.onnx").read_bytes()
    for size in range(0, len(data), 7):
        path = tmp_path / "cut.onnx"
        path.write_bytes(data[:size])
        with pytest.raises(ModelError):
            CryModel.load(path, NUMPY)


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_refused_or_harmless(tmp_path, seed):
    """A byte that changes gives a ModelError, or a model that still answers with probabilities."""
    data = bytearray(graphs.save(tmp_path / "whole.onnx").read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.choice(len(data), 150, replace=False):
        damaged = data.copy()
        damaged[position] ^= 1 << int(rng.integers(8))
        path = tmp_path / "damaged.onnx"
        path.write_bytes(damaged)
        try:
            model = CryModel.load(path, NUMPY)
            P = model.predict_proba(np.zeros((2, model.spec.n_features)))
        except ModelError:
            continue
        assert P.shape == (2, len(model.labels))
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-3)


def test_a_tree_that_leads_back_is_refused():
    """It would be walked without end."""
    ids = [0, 1, 2]
    node = onnx.helper.make_node(
        "TreeEnsembleClassifier", ["features"], ["label", "probabilities"], domain="ai.onnx.ml",
        nodes_treeids=[0] * 3, nodes_nodeids=ids, nodes_featureids=[0] * 3, nodes_values=[0.5, 0.5, 0.0],
        nodes_modes=["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"], nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 2, 0], class_treeids=[0], class_nodeids=[2], class_ids=[0],
        class_weights=[1.0], classlabels_int64s=[0, 1], post_transform="NONE",
    )  # fmt: skip
    tensor = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node],
        "ring",
        [tensor("features", onnx.TensorProto.FLOAT, [None, 1])],
        [tensor("probabilities", onnx.TensorProto.FLOAT, [None, 2])],
    )
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    with pytest.raises(BadFileError, match="a branch of a tree leads back"):
        NumpySession.open(model.SerializeToString())


def test_constants_that_do_not_fit_into_memory_are_refused():
    """What depends on no input is computed at once: here 10**14 values."""
    model = graphs.make()
    shapes = {"many": [10**7], "column": [10**7, 1], "row": [1, 10**7]}
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.array(shape, np.int64), name) for name, shape in shapes.items()
    )
    nodes = [
        ("ConstantOfShape", ["many"], ["zeros"]),
        ("Reshape", ["zeros", "column"], ["tall"]),
        ("Reshape", ["zeros", "row"], ["wide"]),
        ("MatMul", ["tall", "wide"], ["product"]),
    ]
    model.graph.node.extend(onnx.helper.make_node(*node) for node in nodes)
    with pytest.raises(BadFileError, match="its MatMul asks for more memory than there is"):
        NumpySession.open(model.SerializeToString())


def test_newer_format_is_refused():
    model = onnx.load(bundled("reason"))
    model.ir_version = 11
    with pytest.raises(BadFileError, match=r"of ONNX version \(IR\) 11, which needs onnxruntime"):
        NumpySession.open(model.SerializeToString())


def test_newer_operator_set_is_refused():
    model = onnx.load(bundled("reason"))
    model.opset_import[0].version = 22
    with pytest.raises(BadFileError, match=r"uses operator set 22 of ai\.onnx, which needs onnxruntime"):
        NumpySession.open(model.SerializeToString())
