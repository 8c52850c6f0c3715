"""reasoner: what probabilities of reasons amount to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.decision import Decision, find_reasons, name_reason
from edgecry.models.rules import Conformal
from edgecry.stream.reasoner import Reasoner

RULE = Conformal(
    coverage=0.9,
    scores={"hungry": tuple(i / 100 for i in range(30, 60)), "tired": tuple(i / 100 for i in range(60, 90))},
    prior={"hungry": 0.5, "tired": 0.5},
    nameable=("hungry", "tired"),
)


def concluded(reasons: dict[str, float], rule: Conformal | None, decision: Decision):
    return Reasoner(None, rule, None, 1, decision).conclude(reasons)


@given(st.floats(0, 1), st.sampled_from([None, 0.5, 0.99]))
def test_reasons_that_are_left_are_those_of_the_decision(p, coverage):
    reasons, decision = {"hungry": p, "tired": 1 - p}, Decision(coverage=coverage)
    expected = find_reasons(reasons, RULE, decision)
    assert concluded(reasons, RULE, decision) == (name_reason(expected, RULE.nameable), expected.set)


@pytest.mark.parametrize("p", [0.4, 0.6])
def test_a_model_without_sets_names_the_most_probable(p):
    label = "hungry" if p > 0.5 else "tired"
    assert concluded({"hungry": p, "tired": 1 - p}, None, Decision()) == (label, ())
