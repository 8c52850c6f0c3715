"""The gain test: answers that do and do not hang on loudness."""

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.evaluation.gain import gain_test, scaled

CLIPS = [np.full(10, 0.1 * 2.0**k) for k in range(8)]
GROUPS = [f"g{k // 2}" for k in range(8)]


def test_an_answer_that_takes_no_notice():
    """Everything unchanged, nothing shifted, whatever is drawn."""
    found = gain_test(lambda *_: ("hungry", [0.7, 0.3]), CLIPS, GROUPS, draws=50)
    assert [f.decibels for f in found] == [-6, -12, -20]
    for f in found:
        assert (f.unchanged.value, f.unchanged.low, f.unchanged.high) == (1, 1, 1)
        assert (f.shift.value, f.shift.low, f.shift.high) == (0, 0, 0)


def test_an_answer_that_only_hears_loudness():
    """The clips are 6 dB apart. Those within the gain of the threshold change."""

    def answer(clip, gain):
        loud = float(np.abs(scaled(clip, gain)).max() > 0.5)
        return ("loud" if loud else "quiet"), [loud, 1 - loud]

    found = gain_test(answer, CLIPS, GROUPS, draws=200)
    # 0.8, 1.6 up to 12.8 are loud; 7, 13 and 21 dB lower 1, 2 and 3 of them no more.
    assert [f.unchanged.value for f in found] == [7 / 8, 6 / 8, 5 / 8]
    assert [f.shift.value for f in found] == [1 / 8, 2 / 8, 3 / 8]
    assert found[2].unchanged.low < 5 / 8 < found[2].unchanged.high
    assert found[0].to_dict()["unchanged"]["value"] == 0.875


def test_scaled():
    """-20 dB is a tenth, as float32."""
    found = scaled(np.array([1.0, -0.5]), -20)
    np.testing.assert_allclose(found, [0.1, -0.05], rtol=1e-6)
    assert found.dtype == np.float32


def test_refusals():
    """No clips, or not a group for each."""
    for clips, groups in (([], []), (CLIPS, ["a"])):
        with pytest.raises(ConversionError, match="expected equal, some"):
            gain_test(lambda *_: ("x", [1.0]), clips, groups)
