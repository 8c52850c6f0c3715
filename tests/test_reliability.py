"""Inputs of ``python -m benchmarks.reliability`` that went wrong once, and some of each kind."""

import sys
from random import Random

import pytest

from benchmarks.reliability.__main__ import CAMPAIGNS
from benchmarks.reliability.runner import run

#: Numbers of inputs of seed 0 that found something, by campaign.
FOUND = {
    "settings": (10, 477, 1375),
    "model files, onnxruntime": (214,),
    "model files, NumPy": (14, 70),
}


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_nothing_is_lost_doubled_or_wrong(campaign, tmp_path):
    if missing := campaign.missing():
        pytest.skip(f"NOT TRIED: {missing}")
    trials = campaign()
    trials.prepare(tmp_path)
    for number in (0, 1, 2, *FOUND.get(campaign.name, ())):
        assert trials.attempt(Random(f"{campaign.name} 0 {number}"))


CHILD = """
import os, sys
from benchmarks.reliability.campaign import Campaign
from benchmarks.reliability.runner import try_inputs

class Bad(Campaign):
    name = "bad"
    def prepare(self, folder):
        self.at = int(sys.argv[-2])
    def attempt(self, random):
        self.at += 1
        if self.at == 2:
            raise ValueError("one")
        if self.at == 3:
            os.kill(os.getpid(), 11)
        return "answered"

try_inputs(Bad(), *map(int, sys.argv[-3:]))
"""


def test_a_finding_is_found(monkeypatch):
    """An input that goes wrong, one that ends the process, and those after them."""
    monkeypatch.setattr("benchmarks.reliability.runner.CHILD", (sys.executable, "-c", CHILD))
    tally = run("bad", 0, 4)
    assert tally.tried == 4
    assert +tally.outcomes == {"answered": 2}
    assert sorted(tally.wrong) == [1, 2]
    assert "ValueError: one" in tally.wrong[1]
    assert "the process died" in tally.wrong[2]
