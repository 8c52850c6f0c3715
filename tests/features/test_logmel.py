"""logmel: frames as they are, in dB above a floor under the window's mean."""

import numpy as np
import pytest

from edgecry.errors import SpecError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.logmel import logmel_frames
from edgecry.features.spec import FeatureSpec

SPEC = FeatureSpec(
    families=("logmel",), center=False, n_fft=512, win_length=512, hop_length=320, n_mels=40, length=1.0,
    padding="none",
)  # fmt: skip


def power(n: int = 7, n_mels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 1, (n, n_mels)).astype(np.float32)


def frames(y: np.ndarray, spec: FeatureSpec = SPEC) -> np.ndarray:
    return FeatureExtractor(spec).extract(y.astype(np.float32)).reshape(spec.n_frames, spec.n_mels)


def test_power_that_is_alike_everywhere_is_the_floor_everywhere():
    assert np.array_equal(logmel_frames(np.full((5, 4), 0.25, np.float32), 5, 45.0), np.full((5, 4), 45.0))


def test_ten_times_the_power_is_ten_db():
    S = power()
    loud = S.copy()
    loud[3] *= 10
    a, b = logmel_frames(S, 7, 60.0), logmel_frames(loud, 7, 60.0)
    assert np.allclose((b - a)[3] - (b - a)[0], 10, atol=1e-4)


def test_what_lies_under_the_floor_is_zero():
    S = power()
    S[2] = 1e-9
    assert np.array_equal(logmel_frames(S, 7, 45.0)[2], np.zeros(3))
    assert logmel_frames(S, 7, 45.0).min() == 0


@pytest.mark.parametrize("gain", [2.0**-20, 2.0**20])
def test_gain_cancels_out_to_the_last_bit(gain):
    assert np.array_equal(logmel_frames(power(), 7, 45.0), logmel_frames(power() * np.float32(gain), 7, 45.0))


def test_silence_is_zero():
    assert np.array_equal(logmel_frames(np.zeros((7, 3), np.float32), 7, 45.0), np.zeros((7, 3)))


def test_power_is_not_changed():
    S = power()
    logmel_frames(S, 9, 45.0)
    assert np.array_equal(S, power())


@pytest.mark.parametrize(("n", "before"), [(7, 0), (6, 0), (5, 1), (4, 1), (1, 3)])
def test_a_short_clip_stands_in_the_middle_of_silence(n, before):
    S = power(n)
    whole = np.zeros((7, 3), np.float32)
    whole[before : before + n] = S
    assert np.array_equal(logmel_frames(S, 7, 45.0), logmel_frames(whole, 7, 45.0))


def test_a_short_recording_has_as_many_values_as_a_window():
    y = np.random.default_rng(0).uniform(-0.1, 0.1, 16000)
    assert frames(y[:4000]).shape == frames(y).shape == (49, 40)
    assert not frames(y[:4000])[[0, -1]].any()
    assert frames(y[:100]).any()


def test_names_tell_band_and_frame():
    assert SPEC.n_features == 49 * 40 == len(SPEC.names)
    assert (SPEC.names[0], SPEC.names[41], SPEC.names[-1]) == ("logmel_0_t0", "logmel_1_t1", "logmel_39_t48")


def test_stands_beside_other_families():
    both = FeatureSpec.from_dict(
        {**SPEC.to_dict(), "families": ["mfcc", "logmel"], "stats": {"mfcc": ["std"]}}
    )
    y = np.random.default_rng(0).uniform(-0.1, 0.1, 16000).astype(np.float32)
    vector = FeatureExtractor(both).extract(y)
    assert both.stats_by_family == (("mfcc", ("std",)), ("logmel", ("frames",)))
    assert np.array_equal(vector[both.slices["logmel"]], FeatureExtractor(SPEC).extract(y))
    mfcc = FeatureSpec.from_dict({**SPEC.to_dict(), "families": ["mfcc"], "stats": ["std"]})
    assert np.array_equal(vector[both.slices["mfcc"]], FeatureExtractor(mfcc).extract(y))


def test_survives_json():
    assert FeatureSpec.from_json(SPEC.to_json()) == SPEC


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"center": True}, "families: logmel with center=True"),
        ({"length": None}, "length=None; it needs"),
        ({"length": 0.01}, "a length of n_fft = 512 samples or more"),
        ({"floor_db": 0}, "floor_db: 0 dB is out of range"),
        ({"floor_db": 201}, "floor_db: 201 dB is out of range"),
        ({"stats": {"logmel": ["mean"]}}, "stats of logmel: found"),
    ],
)
def test_refused(change, said):
    with pytest.raises(SpecError, match=said):
        FeatureSpec.from_dict({**SPEC.to_dict(), **change})
