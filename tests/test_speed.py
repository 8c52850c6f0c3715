"""The table of ``python -m benchmarks.speed``: what a row says of its figures."""

import pytest

from benchmarks.speed import TARGETS, Target, ratios, row

TIMES, MEGABYTES = Target("x", (7.5, 12), (8, 15)), Target("MB", (75, 65), (70, 60))


@pytest.mark.parametrize(
    ("values", "target", "reached"),
    [
        ([8, 15], TIMES, "the aim"),
        ([7.9, 15], TIMES, "the least"),
        ([9, 11.9], TIMES, "no"),
        ([7.496, 11.96], TIMES, "the least"),  # shown are 7.5 and 12
        ([70, 60], MEGABYTES, "the aim"),
        ([70, 60.5], MEGABYTES, "the least"),
        ([60, 65.5], MEGABYTES, "no"),
        ([8], TIMES, "the aim"),  # where numba is not installed
    ],
)
def test_a_row_says_what_all_its_figures_reach(values: list[float], target: Target, reached: str):
    assert row("warm", values, target).endswith(f"| {reached} |")


def test_a_row_shows_figures_and_targets():
    assert row("warm", [8.04, 12.3], TIMES) == "| warm | 8.04; 12.3 x | 7.5; 12 x | 8; 15 x | the least |"


def test_a_ratio_is_how_many_times_less_than_the_seed():
    assert ratios({"seed": 30.0, "numpy": 3.0, "numba": 2.0}) == [10, 15]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_an_aim_is_no_less_than_the_least(target: Target):
    assert row("", target.aim, target).endswith("| the aim |")
    assert not row("", target.least, target).endswith("| no |")
