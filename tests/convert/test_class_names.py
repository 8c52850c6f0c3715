"""Classes that are neither names nor whole numbers are refused for what they are."""

from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from convert.portable import Refused
from convert.portable.examine import check_classifier
from tests.convert.zoo import data

X, Y = data(3)


def _objects(*values: Any) -> Any:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _with(classes: Any) -> Any:
    model = GaussianNB().fit(X, Y)
    model.classes_ = classes
    return model


@pytest.mark.parametrize(
    ("classes", "why"),
    [
        (
            _objects("a", None, "c"),
            "its classes are NoneType, str, and edgecry knows",
        ),
        (_objects(1, "a", 2.5), "its classes are float, int, str"),
        (_objects((1,), (2,), (3,)), "its classes are tuple"),
        (np.array([b"a", b"b", b"c"]), "its classes are bytes"),
        (np.array([0, 1, np.nan]), "its classes are float"),
        (np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"), "its classes are date"),
        (_objects(10**400, 1, 2), "its classes are int"),
        (np.array([["a"], ["b"]]), "its classes are list"),
        (_objects("a\ud800", "b", "c"), "the name of a class is not a text"),
        ("abc", "its classes are a str, not an array"),
    ],
)
def test_refused(classes: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_classifier(_with(classes))


@pytest.mark.parametrize("classes", [Y[:3], np.arange(3), np.arange(3.0), np.array([False, True, True])])
def test_taken(classes: Any) -> None:
    check_classifier(_with(classes))
