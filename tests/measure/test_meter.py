"""Meter: the cries that a detector finds, of whatever kind of source."""

import io

import numpy as np
import pytest

from edgecry.audio.load import AudioOptions
from edgecry.errors import AudioError
from edgecry.measure.meter import SR, Meter, cut
from tests import streams
from tests.measure.voices import harmonics
from tests.recordings import encode


@pytest.fixture
def meter(tmp_path):
    return Meter(detector=streams.loud_detector(tmp_path, window=1.0, hop=0.5))


def night() -> np.ndarray:
    """A minute with two loud voices."""
    y = 1e-4 * np.random.default_rng(0).standard_normal(60 * SR).astype(np.float32)
    for start, f0 in ((10, 420.0), (40, 510.0)):
        y[start * SR : (start + 3) * SR] += harmonics(f0, 3.0)
    return y


def test_the_cries_that_the_detector_finds_are_measured(meter):
    found = meter.measure((night(), SR))
    assert found.duration == 60
    assert [cry.units[0].f0_median for cry in found.cries] == pytest.approx([420, 510], rel=1e-3)
    assert [cry.units[0].start for cry in found.cries] == pytest.approx([10, 40], abs=0.05)


def test_every_kind_of_source_gives_the_same(meter, tmp_path):
    content = encode(night(), SR)
    (tmp_path / "night.wav").write_bytes(content)
    pipe = io.BytesIO(content)
    pipe.seekable = lambda: False
    sources = [tmp_path / "night.wav", content, io.BytesIO(content), pipe]
    found = [meter.measure(source).to_dict() for source in sources]
    assert found[1:] == found[:1] * 3
    assert len(found[0]["cries"]) == 2


def test_without_a_detector_a_recording_is_one_cry():
    found = Meter(detector=None).measure((night(), SR))
    (cry,) = found.cries
    assert (cry.start, cry.end, len(cry.units)) == (0, 60, 2)


def test_what_cannot_be_read_is_refused(meter):
    with pytest.raises(AudioError, match="30 s are allowed"):
        Meter(detector=None, audio=AudioOptions(longest=30.0)).measure((night(), SR))
    with pytest.raises(AudioError, match="is text"):
        meter.measure(b"dear diary")


def test_stretches_are_cut_out_of_blocks_of_any_size():
    y = np.arange(100, dtype=np.float32)
    places = [(0, 10), (5, 50), (90, np.inf), (200, 300)]
    for size in (1, 7, 100):
        found, n = cut((y[i : i + size] for i in range(0, 100, size)), places)
        assert n == 100
        assert [part.tolist() for part in found] == [list(y[:10]), list(y[5:50]), list(y[90:]), []]


def test_blocks_that_begin_again_are_cut_again():
    y = np.arange(10, dtype=np.float32)
    found, n = cut([y, None, -y], [(0, 3)])
    assert (found[0].tolist(), n) == ([0, -1, -2], 10)
