"""Searches keep what judged the models and drew their settings; neither is loaded, and none is needed."""

import pickle
from typing import Any

import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, TunedThresholdClassifierCV

from convert.pickles import PickleFile
from convert.portable import Refused
from convert.portable.scan import scan
from convert.portable.unpickle import unpickle
from tests.convert.gadgets import Call
from tests.convert.zoo import data

X, Y = data(2)
GRID: dict[str, Any] = {"C": [0.1, 1.0]}
SEARCHES: dict[str, Any] = {
    **{
        name: GridSearchCV(LogisticRegression(), GRID, scoring=name, cv=2)
        for name in ("accuracy", "f1_macro", "roc_auc_ovr", "neg_log_loss")
    },
    "made": GridSearchCV(LogisticRegression(), GRID, scoring=make_scorer(f1_score, average="macro"), cv=2),
    "several": GridSearchCV(LogisticRegression(), GRID, scoring=["accuracy", "f1_macro"], refit="accuracy"),
    "drawn": RandomizedSearchCV(LogisticRegression(), {"C": scipy.stats.loguniform(0.1, 1)}, n_iter=1, cv=2),
    "whole": RandomizedSearchCV(LogisticRegression(), {"C": scipy.stats.randint(1, 3)}, n_iter=1, cv=2),
    "threshold": TunedThresholdClassifierCV(LogisticRegression(), cv=2),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_searches_load(name: str, protocol: int) -> None:
    """A search that was scored or drawn as usual answers as it did."""
    model = SEARCHES[name].fit(X, Y)
    file = PickleFile.of(pickle.dumps(model, protocol), name)
    assert file.scan.refused == ()
    np.testing.assert_array_equal(file.load().predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    "name", ["sklearn.metrics._classification\nlog_loss", "sklearn.metrics._ranking\nauc"]
)
def test_measures_are_named_and_not_called(name: str) -> None:
    named = f"c{name}\n".encode()
    assert not scan(named + b".", "model").refused
    with pytest.raises(Refused, match="calls the scorer of a grid search"):
        unpickle(named + b")R.", "model")


def test_distributions_are_not_scipys() -> None:
    """scipy runs the text of a distribution's state as code; what stands in for it leaves it alone."""
    forged = scipy.stats.norm(0, 1)
    forged.dist._parse_arg_template = "raise SystemExit('was run')"
    stood_in = unpickle(pickle.dumps(forged), "model")
    assert not hasattr(stood_in, "dist")


@pytest.mark.parametrize("args", [(np.ones(2), "tolist"), (Call, "__call__"), (np.ones(2), "tolist", None)])
def test_getattr_is_of_distributions_alone(args: Any) -> None:
    """It is what can run any program where it is called for anything else, and does not answer there."""
    stream = pickle.dumps(Call(getattr, *args))
    assert "builtins.getattr" in scan(stream, "model").refused
    with pytest.raises(Refused, match="calls getattr of what is no distribution"):
        unpickle(pickle.dumps(getattr), "model")(*args)
