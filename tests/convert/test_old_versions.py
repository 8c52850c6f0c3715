"""What other scikit-learn versions write and do, as far as this one can be made to."""

import pickle
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from convert.pickles import PickleFile
from convert.portable import Refused
from convert.portable.converters import bins
from convert.portable.graph import export
from convert.portable.scan import scan
from convert.portable.unpickle import unpickle
from convert.portable.widths import width_of
from tests.convert.zoo import data


def _answers(model: Any, X: Any) -> Any:
    session = onnxruntime.InferenceSession(export(model), providers=["CPUExecutionProvider"])
    return session.run(None, {"features": np.asarray(X, dtype=np.float32)})[0]


def test_losses_that_call_their_module_by_half_its_name() -> None:
    """scikit-learn 1.6 writes ``_loss.CyHalfBinomialLoss``, code that looks like the author's own."""
    X, y = data(2)
    model = GradientBoostingClassifier(n_estimators=2).fit(X, y)
    old = pickle.dumps(model, 2).replace(b"csklearn._loss._loss\n", b"c_loss\n")
    assert b"c_loss\n" in old
    file = PickleFile.of(old, "model")
    assert not file.scan.refused
    assert np.array_equal(file.load().predict_proba(X), model.predict_proba(X))


def test_scorer_of_a_grid_search() -> None:
    """It is named by pickles of scikit-learn 0.24, and cannot be called."""
    named = b"csklearn.metrics._scorer\n_passthrough_scorer\n"
    assert not scan(b"\x80\x02" + named + b".", "model").refused
    assert callable(unpickle(b"\x80\x02" + named + b".", "model"))
    with pytest.raises(Refused, match="calls the scorer of a grid search"):
        unpickle(b"\x80\x02" + named + b")R.", "model")


@pytest.mark.parametrize(("near", "bin_"), [(True, 1), (False, 0)])
def test_bins_before_1_1(near: bool, bin_: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a value a hundred-thousandth below an edge is above it."""
    monkeypatch.setattr(bins, "_takes_near_for_reached", lambda: near)
    X = np.linspace(0, 4, 41)[:, None]
    model = make_pipeline(
        KBinsDiscretizer(4, encode="ordinal", strategy="uniform"), DecisionTreeClassifier(random_state=0)
    ).fit(X, np.minimum(X[:, 0].astype(int), 3))
    assert _answers(model, [[0.999995]]).argmax() == bin_
    assert _answers(model, [[0.9999]]).argmax() == 0


def test_ordinal_and_quadratic_by_their_formulas() -> None:
    X, y = data(3)
    qda = QuadraticDiscriminantAnalysis(reg_param=0.3).fit(X, y)
    assert np.abs(_answers(qda, X) - qda.predict_proba(X)).max() < 1e-6
    whole = np.round(X)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-7)
    model = make_pipeline(encoder, DecisionTreeClassifier(random_state=0)).fit(whole, y)
    rows = np.concatenate([whole, whole + 1000])
    assert np.array_equal(_answers(model, rows), model.predict_proba(rows).astype(np.float32))


def test_width_behind_functions() -> None:
    """Before scikit-learn 1.0 a FunctionTransformer does not record how many features it reads."""
    X, y = data(2)
    model = make_pipeline(FunctionTransformer(np.absolute), StandardScaler(), DecisionTreeClassifier())
    model.fit(X, y)
    vars(model[0]).pop("n_features_in_", None)
    assert width_of(model) == X.shape[1]
