"""decision: from probabilities to the answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.decision import (
    EVIDENCE_DIGITS,
    Cry,
    Decision,
    Reasons,
    Window,
    credibility,
    decide,
    detect,
    evidence,
    find_cry,
    find_reasons,
    name_reason,
    pool,
    rank,
    reason_set,
    top_label,
)
from edgecry.errors import EdgecryError, ModelError
from edgecry.models.rules import Conformal, Threshold

float32s = st.floats(0, 1, width=32)
rows = st.lists(float32s, min_size=1, max_size=12)


def names(n: int) -> list[str]:
    return [f"label {i}" for i in range(n)]


def test_largest_wins():
    assert top_label([0.1, 0.7, 0.2], ["a", "b", "c"]) == "b"


def test_exact_tie_goes_to_the_first():
    assert top_label([0.1, 0.45, 0.45], ["a", "b", "c"]) == "b"


def test_tie_up_to_six_decimals_goes_to_the_first():
    assert top_label([0.2, 0.3999999, 0.4000001], ["a", "b", "c"]) == "b"


def test_a_difference_in_the_sixth_decimal_counts():
    assert top_label([0.2, 0.399999, 0.400001], ["a", "b", "c"]) == "c"


@given(rows)
def test_agrees_with_numpy_rounding(row):
    """A batch may be decided with numpy.round and argmax, as parity proofs do."""
    wide = np.asarray(row, np.float32).astype(np.float64)
    assert rank(wide.tolist())[0] == int(np.argmax(np.round(wide, 6)))


@given(rows)
def test_rank_is_an_ordering(row):
    order = rank(row)
    assert sorted(order) == list(range(len(row)))
    rounded = [round(row[i], 6) for i in order]
    assert rounded == sorted(rounded, reverse=True)
    assert all(i < j for i, j, p, q in zip(order, order[1:], rounded, rounded[1:], strict=False) if p == q)


@given(rows, st.data())
def test_last_bits_do_not_matter(row, data):
    """Whatever moves values by less than the rounding keeps the label."""
    grid = [round(p, 6) for p in row]
    noise = data.draw(st.lists(st.floats(-4e-7, 4e-7), min_size=len(row), max_size=len(row)))
    noisy = [p + e for p, e in zip(grid, noise, strict=True)]
    assert top_label(noisy, names(len(row))) == top_label(grid, names(len(row)))


@pytest.mark.parametrize(("row", "labels"), [([0.5, 0.5], ["a"]), ([], []), ([1.0], ["a", "b"])])
def test_counts_must_match(row, labels):
    with pytest.raises(ModelError, match=f"found {len(row)} for {len(labels)} labels"):
        top_label(row, labels)


# -- whether -----------------------------------------------------------------------------------------

shares = st.floats(0, 1)
thresholds = st.floats(0, 1, exclude_min=True)
POOLS = ("max", "mean", "top2")


def threshold_rule(threshold: float = 0.5, how: str = "max") -> Threshold:
    return Threshold("cry", threshold, window=3.0, hop=1.0, pool=how, floor_dbfs=-70.0)


def heard(probabilities: list[float]) -> list[Window]:
    return [Window(i, i + 3, p) for i, p in enumerate(probabilities)]


@pytest.mark.parametrize(
    ("row", "largest", "mean", "top2"),
    [([0.3], 0.3, 0.3, 0.3), ([0.1, 0.5], 0.5, 0.3, 0.3), ([0.6, 0.0, 0.3], 0.6, 0.3, 0.45)],
)
def test_pools(row, largest, mean, top2):
    assert [pool(row, how) for how in POOLS] == pytest.approx([largest, mean, top2])


@given(st.lists(shares, min_size=1, max_size=9), st.sampled_from(POOLS), st.randoms())
def test_pool_lies_among_its_windows_in_any_order(row, how, random):
    shuffled = random.sample(row, len(row))
    assert min(row) - 1e-12 <= pool(row, how) <= max(row) + 1e-12
    assert pool(shuffled, how) == pytest.approx(pool(row, how))


@given(st.lists(shares, min_size=1, max_size=9), st.integers(0, 8), shares, st.sampled_from(POOLS))
def test_a_more_probable_window_never_lowers_the_pool(row, i, p, how):
    raised = [max(q, p) if j == i % len(row) else q for j, q in enumerate(row)]
    assert pool(raised, how) >= pool(row, how) - 1e-12


def test_pool_refuses_nothing_and_other_manners():
    with pytest.raises(EdgecryError, match="none; expected those of at least one"):
        pool([], "max")
    with pytest.raises(EdgecryError, match="'min' is unknown; allowed are max, mean, top2"):
        pool([0.5], "min")


@given(st.lists(shares, min_size=1, max_size=9), thresholds, thresholds, st.sampled_from(POOLS))
def test_a_higher_threshold_never_makes_a_cry(row, a, b, how):
    rule, windows = threshold_rule(how=how), heard(row)
    low, high = (find_cry(windows, rule, Decision(threshold=t)) for t in sorted((a, b)))
    assert low.detected >= high.detected
    assert decide(high, None, (), {})[0] == "no_cry" or decide(low, None, (), {})[0] == "cry"


@given(thresholds)
def test_silence_is_no_cry_at_any_threshold(threshold):
    assert not find_cry(heard([0.0, 0.0]), threshold_rule(), Decision(threshold)).detected


def test_threshold_is_reached_to_six_decimals():
    assert detect(0.4999996, 0.5)
    assert not detect(0.4999994, 0.5)


def test_the_models_threshold_unless_given():
    windows, rule = heard([0.6]), threshold_rule(0.7)
    assert find_cry(windows, rule, Decision()) == Cry(0.6, 0.7, tuple(windows))
    assert find_cry(windows, rule, Decision(threshold=0.2)).threshold == 0.2


# -- why ---------------------------------------------------------------------------------------------

LABELS = ("a", "b", "c", "d")


@st.composite
def simplex(draw, n: int = len(LABELS)) -> dict[str, float]:
    """Draw probabilities of the labels. None of them is 0."""
    row = draw(st.lists(st.floats(0.01, 1), min_size=n, max_size=n))
    return {label: x / sum(row) for label, x in zip(LABELS, row, strict=True)}


scores = st.lists(st.floats(0, 1).map(lambda x: round(x, EVIDENCE_DIGITS)), max_size=30).map(sorted)
all_scores = st.tuples(*[scores] * len(LABELS)).map(lambda rows: dict(zip(LABELS, rows, strict=True)))
coverages = st.floats(0.01, 0.99)


@given(simplex(), simplex())
def test_evidence_is_a_share_and_undoes_the_prior(p, prior):
    found = evidence(p, prior)
    assert sum(found.values()) == pytest.approx(1)
    back = {k: r * prior[k] for k, r in found.items()}
    assert {k: x / sum(back.values()) for k, x in back.items()} == pytest.approx(p)


@given(simplex())
def test_the_prior_is_no_evidence(prior):
    assert evidence(prior, prior) == pytest.approx(dict.fromkeys(LABELS, 1 / len(LABELS)))


def test_credibility_in_closed_form():
    """One more than the recordings with no more evidence, of one more than all."""
    assert [credibility(x, [0.2, 0.4, 0.4]) for x in (0.1, 0.2, 0.3999996, 0.9)] == [0.25, 0.5, 1.0, 1.0]
    assert credibility(0.0, []) == 1.0


@given(
    st.floats(0, 1),
    st.lists(shares.map(lambda x: round(x, EVIDENCE_DIGITS)), max_size=30).map(sorted),
    coverages,
)
def test_credibility_is_the_cutoff_rule(value, of_label, coverage):
    """In the set where evidence reaches the floor(alpha (n + 1))-th smallest score, if there is one."""
    alpha = 1 - coverage
    position = int(alpha * (len(of_label) + 1) + 1e-9)
    expected = position == 0 or round(value, EVIDENCE_DIGITS) >= of_label[position - 1]
    assert (credibility(value, of_label) > alpha + 1e-9) == expected


def test_covers_as_often_as_it_says():
    """Each of n + 1 recordings of a label is left out in turn. As many are in their set as was asked."""
    values = [round(0.01 * i, 4) for i in range(1, 101)]
    for coverage in (0.5, 0.8, 0.9, 0.95):
        kept = 0
        for i, value in enumerate(values):
            others = values[:i] + values[i + 1 :]
            kept += credibility(value, others) > 1 - coverage + 1e-9
        assert kept / len(values) == pytest.approx(coverage)


@given(simplex(), all_scores, coverages, coverages)
def test_a_higher_coverage_gives_a_superset(found, of, a, b):
    low, high = (reason_set(found, of, c) for c in sorted((a, b)))
    assert low
    assert set(low) <= set(high)


@given(simplex(), all_scores, coverages)
def test_every_credible_label_is_in_the_set(found, of, coverage):
    left = reason_set(found, of, coverage)
    credible = {k for k in LABELS if credibility(found[k], of[k]) > 1 - coverage + 1e-9}
    assert credible == set(left) or (not credible and len(left) == 1)


@given(simplex(), simplex(), all_scores, coverages, st.permutations(LABELS))
def test_the_order_of_labels_does_not_matter(p, prior, of, coverage, order):
    """But between labels that are equal in all, where the first wins."""
    rules = [Conformal(coverage, of, {k: prior[k] for k in names}, LABELS) for names in (LABELS, order)]
    one = find_reasons(p, rules[0], Decision())
    other = find_reasons({k: p[k] for k in order}, rules[1], Decision())
    r = evidence(p, prior)
    if len({round(x, 12) for x in r.values()}) == len(LABELS):
        assert set(one.set) == set(other.set)
        assert name_reason(one, LABELS) == name_reason(other, LABELS)


@given(simplex(), all_scores, coverages, st.sets(st.sampled_from(LABELS)))
def test_a_reason_is_named_only_alone_and_if_it_may_be(p, of, coverage, nameable):
    reasons = find_reasons(p, Conformal(coverage, of, p, tuple(nameable)), Decision())
    label, confidence = decide(None, reasons, tuple(nameable), p)
    if len(reasons.set) == 1 and reasons.set[0] in nameable:
        assert (label, confidence) == (reasons.set[0], p[label])
    else:
        assert (label, confidence) == ("uncertain", None)


def test_the_models_coverage_unless_given():
    rule = Conformal(0.9, dict.fromkeys(LABELS, ()), dict.fromkeys(LABELS, 0.25), LABELS)
    p = dict.fromkeys(LABELS, 0.25)
    assert find_reasons(p, rule, Decision()).coverage == 0.9
    assert find_reasons(p, rule, Decision(coverage=0.5)).coverage == 0.5


# -- the answer --------------------------------------------------------------------------------------


def test_no_cry_comes_before_everything():
    reasons = Reasons({"a": 1.0}, ("a",), 0.9, {"a": 1.0})
    assert decide(Cry(0.2, 0.5), reasons, ("a",), {"a": 1.0}) == ("no_cry", 0.8)


def test_a_detector_alone_and_a_model_without_sets():
    assert decide(Cry(0.75, 0.5), None, (), {}) == ("cry", 0.75)
    assert decide(Cry(0.75, 0.5), None, (), {"a": 0.25, "b": 0.75}) == ("b", 0.75)
    assert decide(None, None, (), {"a": 0.5, "b": 0.5}) == ("a", 0.5)
    with pytest.raises(EdgecryError, match="nothing to decide on"):
        decide(None, None, (), {})


@pytest.mark.parametrize(
    "settings",
    [
        *({"threshold": x} for x in (0, -0.1, 1.1, "0.5", True, float("nan"))),
        *({"coverage": x} for x in (0, 1, 1.0, -1, "0.9", False, float("nan"))),
    ],
)
def test_settings_out_of_range(settings):
    (name,) = settings
    with pytest.raises(EdgecryError, match=f"^{name}: .*allowed are numbers above 0 and "):
        Decision(**settings)


def test_findings_as_plain_types():
    cry = Cry(1 / 3, 0.25, (Window(0.0, 1 / 3, 1 / 3),))
    assert cry.to_dict() == {
        "probability": 0.333333,
        "threshold": 0.25,
        "detected": True,
        "windows": [{"start": 0.0, "end": 0.333, "probability": 0.333333}],
    }
    reasons = Reasons({"a": 1 / 3, "b": 2 / 3}, ("b",), 0.9, {"a": 0.5, "b": 0.5})
    assert reasons.to_dict() == {
        "probabilities": {"a": 0.333333, "b": 0.666667},
        "set": ["b"],
        "coverage": 0.9,
        "prior": {"a": 0.5, "b": 0.5},
    }
