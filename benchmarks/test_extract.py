"""Seed beside edgecry, warm, a stage a group: ``pytest benchmarks --benchmark-only``.

``--benchmark-disable`` runs each stage once, and checks that both sides give the same numbers.
For a ratio to quote use ``python -m benchmarks.ratio``, which measures the two in turns.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.stages import MEL_MFCC_ONLY, answer_stage, engines, feature_stages

STAGES = ("load", "mfcc", "chroma", "mel", "contrast", "tonnetz", "extract", "load + extract", MEL_MFCC_ONLY)


@pytest.fixture(scope="module")
def stages(clip):
    stages = {stage.name: stage for stage in feature_stages(clip)}
    assert tuple(stages) == STAGES
    return stages


@pytest.mark.parametrize("side", ("seed", *engines()))
@pytest.mark.parametrize("name", STAGES)
def test_stage(benchmark, stages, name, side):
    if side not in stages[name].by:
        pytest.skip(f"{name} is the same in every engine")
    benchmark.group = name
    work = stages[name].by[side]
    work()
    assert np.size(benchmark(work)) > 0


@pytest.mark.parametrize("name", STAGES)
def test_all_do_the_same_work(stages, name):
    """Coarsely; tests/parity holds them to their tolerances."""
    by = stages[name].by
    compared = slice(52, 180) if name == MEL_MFCC_ONLY else slice(None)  # the mel part; others are 0
    for side in by:
        assert np.allclose(by["seed"]()[compared], by[side]()[compared], rtol=1e-4, atol=1e-3), side


@pytest.mark.parametrize("side", ("seed", *engines()))
def test_answer(benchmark, clip, tmp_path, side):
    benchmark.group = "load + extract + predict"
    work = answer_stage(clip, tmp_path).by[side]
    work()
    assert isinstance(benchmark(work), str)
