"""The last layer of a network: read, and written into a copy."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from convert.adapt.layer import LastLayer, read_layer, with_layer
from convert.errors import ConversionError
from edgecry.models.model import CryModel
from tests import graphs
from tests.convert.adapt import home


def vectors(n: int = 6) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 20, (n, graphs.SPEC.n_features)).astype(np.float32)


def plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network, with the weights of its last layer the other way round."""
    gemm, weight = model.graph.node[2], model.graph.initializer[1]
    del gemm.attribute[:]
    turned = np.ascontiguousarray(numpy_helper.to_array(weight).T)
    weight.CopyFrom(numpy_helper.from_array(turned, weight.name))
    return model


@pytest.mark.parametrize("form", [lambda model: model, plain], ids=["transposed", "plain"])
@pytest.mark.parametrize("positive", [0, 1])
def test_is_what_the_model_answers_by(tmp_path, form, positive):
    model = form(home.network())
    opened = CryModel.load(graphs.save(tmp_path / "net.onnx", model))
    E, P = opened.embed(vectors()).astype(np.float64), opened.predict_proba(vectors())
    layer = read_layer(model.SerializeToString(), positive, "net")
    np.testing.assert_allclose(layer.probabilities(E), P[:, positive], atol=1e-6)

    other = LastLayer(np.linspace(-1, 1, E.shape[1]), 0.25)
    written = with_layer(model.SerializeToString(), other, positive, "net")
    again = CryModel.load(graphs.save(tmp_path / "other.onnx", onnx.load_from_string(written)))
    np.testing.assert_allclose(again.predict_proba(vectors())[:, positive], other.probabilities(E), atol=1e-6)
    np.testing.assert_array_equal(again.embed(vectors()), opened.embed(vectors()))


def _scaled(model: onnx.ModelProto) -> None:
    model.graph.node[2].attribute.append(helper.make_attribute("alpha", 2.0))


def _of_units(model: onnx.ModelProto) -> None:
    model.graph.node[2].input[0] = "units"


def _sigmoid(model: onnx.ModelProto) -> None:
    model.graph.node[3].op_type = "Sigmoid"


@pytest.mark.parametrize("edit", [_scaled, _of_units, _sigmoid])
def test_other_graphs_are_refused(edit):
    model = home.network()
    edit(model)
    with pytest.raises(ConversionError, match=r"^net: its last layer cannot be fitted again; its graph must"):
        read_layer(model.SerializeToString(), 1, "net")
