"""checks: numbers of settings, and what only looks like one."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from edgecry.checks import number, shown, whole
from edgecry.errors import AudioError, EdgecryError


def type_name(value) -> str:
    return type(value).__name__  # the text of 10**5000 is refused by Python itself


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.5), np.int8(1), np.float64(1), Fraction(1, 3)])
def test_a_number_comes_back_as_a_float(value):
    found = number("p", value, 0, 1)
    assert type(found) is float
    assert found == float(value)


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        None,
        "1",
        1j,
        [1],
        np.array([1.0]),
        np.array(1.0),
        np.ones((1, 1)).view(np.matrix),
        np.datetime64("2026-01-01"),
    ],
)
def test_what_is_not_a_number(value):
    for check in (number, whole):
        with pytest.raises(EdgecryError, match=r"^p: .* is not a (whole )?number; allowed are ") as caught:
            check("p", value, 0, 9)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, 10**400, -(10**5000), -0.1, 1.1, np.float64("nan")],
    ids=type_name,
)
def test_out_of_range(value):
    with pytest.raises(EdgecryError, match=r"^p: .* is out of range; allowed are 0 to 1$") as caught:
        number("p", value, 0, 1)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400, -(10**5000)], ids=type_name)
def test_without_bounds_it_is_finite_all_the_same(value):
    with pytest.raises(EdgecryError, match=r"out of range; allowed are finite numbers$"):
        number("p", value)


@pytest.mark.parametrize("value", [0, np.int64(7), 2**62])
def test_a_whole_number_comes_back_as_an_int(value):
    found = whole("n", value, 0)
    assert type(found) is int
    assert found == value


@pytest.mark.parametrize("value", [1.0, np.float32(1), Fraction(3, 1), "1", True])
def test_not_a_whole_number(value):
    with pytest.raises(EdgecryError, match=r"is not a whole number; allowed are whole numbers 0 and more$"):
        whole("n", value, 0)


@pytest.mark.parametrize("value", [-1, 10, 10**400])
def test_a_whole_number_out_of_range(value):
    with pytest.raises(EdgecryError, match=r"^n: .* is out of range; allowed are 0 to 9$"):
        whole("n", value, 0, 9)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"low": 1, "high": 300}, "1 to 300 s"),
        ({"low": 0}, "0 s and more"),
        ({"low": 0, "above": True}, "numbers above 0 s"),
        ({"low": 0, "high": 1, "above": True}, "numbers above 0 s and at most 1 s"),
        ({"low": 0, "high": 1, "above": True, "below": True}, "numbers above 0 s and below 1 s"),
        ({"high": 0}, "numbers up to 0 s"),
        ({"high": 0, "below": True}, "numbers below 0 s"),
        ({"low": -70, "high": 1_000_000}, "-70 to 1000000 s"),
    ],
)
def test_wording(bounds, words):
    with pytest.raises(EdgecryError) as caught:
        number("wait", math.nan, unit="s", **bounds)
    assert str(caught.value) == f"wait: nan s is out of range; allowed are {words}"


def test_a_limit_that_is_too_small_itself():
    assert number("p", 1e-300, 0, above=True) == 1e-300
    with pytest.raises(EdgecryError):
        number("p", 0, 0, above=True)


def test_the_error_of_the_room():
    for check in (number, whole):
        with pytest.raises(AudioError):
            check("sr", "x", 1, 2, error=AudioError)


class Odd:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (10**5000, "a value of type int"), (Odd(), "a value of type Odd"), ("a\nb", r"'a\nb'")],
    ids=type_name,
)
def test_shown(value, text):
    assert shown(value) == text
    assert len(shown("x" * 1000)) == 60
