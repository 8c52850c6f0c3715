"""FeatureSpec: what it refuses, that it says which argument and what is allowed, and its exact limits."""

from __future__ import annotations

import dataclasses
import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.errors import EdgecryError, SpecError
from edgecry.features.families import TONNETZ_MIN_SR
from edgecry.features.spec import FeatureSpec
from edgecry.features.spec_checks import _WHOLE, PREFIXES, STATISTICS

RANGES = _WHOLE
#: What the class says of them: ``n_mels : int in [1, 512]``.
STATED = re.findall(r"^(\w+) : int in \[(\d+), (\d+)\]", inspect.getdoc(FeatureSpec), re.MULTILINE)


def test_ranges_are_those_that_the_class_states():
    assert len(STATED) >= 4
    assert {name: (int(low), int(high)) for name, low, high in STATED}.items() <= RANGES.items()


@pytest.mark.parametrize("name", RANGES)
def test_whole_numbers_have_ranges(name):
    low, high = RANGES[name]
    for value in (low - 1, high + 1, -1):
        with pytest.raises(
            SpecError, match=f"^{name}: {value} is out of range; allowed are {low} to {high}$"
        ):
            FeatureSpec(**{name: value})
    for value in (float(low), True, "16", [low]):
        with pytest.raises(
            SpecError, match=f"^{name}: .* is not a whole number; allowed are whole numbers {low} to {high}$"
        ):
            FeatureSpec(**{name: value})


@pytest.mark.parametrize("name", sorted(set(RANGES) - {"stft_win_length"}))
def test_none_is_refused_where_it_means_nothing(name):
    with pytest.raises(SpecError, match=f"^{name}: None is not a whole number"):
        FeatureSpec(**{name: None})


@pytest.mark.parametrize("name", ["mel_fmin", "mel_fmax", "fmin", "length"])
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), True, "100", [1.0], 1j, 10**400]
)
def test_real_numbers_are_finite(name, value):
    with pytest.raises(SpecError, match=f"^{name}: .* is (not a number|out of range); allowed are .*numbers"):
        FeatureSpec(families=("chroma",), **{name: value})


@pytest.mark.parametrize("value", [0, -1.0, 3600.5, 1e-9])
def test_length_is_a_sample_to_an_hour(value):
    with pytest.raises(
        SpecError, match=r"^length: .* allowed are a sample \(1 / 16000 s\) to 3600 s, or None"
    ):
        FeatureSpec(length=value)


def test_the_shortest_length_is_one_sample():
    assert FeatureSpec(length=1 / 16000).length == 1 / 16000


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"families": "mfcc"}, "^families: 'mfcc' is not a sequence of names"),
        ({"families": {"mfcc", "mel"}}, "^families: .* is not a sequence of names"),
        ({"families": {"mfcc": 1}}, "^families: .* is not a sequence of names"),
        ({"families": None}, "^families: None is not a sequence of names"),
        (
            {"families": ()},
            "^families: empty; name at least one of mfcc, chroma, .*, onset$",
        ),
        (
            {"families": ("mfcc", "loudness")},
            "^families: 'loudness' is unknown; allowed are mfcc, chroma, mel, contrast",
        ),
        ({"families": ("mfcc", 3)}, "^families: 3 is not a name"),
        ({"families": ("mel", "mel")}, "^families: mel, mel names one twice"),
        ({"stats": "mean"}, "^stats of mfcc: 'mean' is not a sequence of names"),
        ({"stats": {"mean", "std"}}, "^stats of mfcc: .* is not a sequence of names"),
        ({"stats": ()}, "^stats of mfcc: empty; name at least one, or leave mfcc out of families"),
        (
            {"stats": ("mean", "median")},
            "^stats of mfcc: 'median' is unknown; allowed are mean, std, var, min, max",
        ),
        ({"stats": ("std", "std")}, "^stats of mfcc: std, std names one twice"),
        ({"stats": {"mel": None}}, "^stats of mel: None is not a sequence of names"),
        ({"stats": {"mel": ["variance"]}}, "^stats of mel: 'variance' is unknown"),
        ({"stats": {"rms": ["mean"]}}, "^stats: 'rms' is not among families"),
        ({"stats": (("loudness", ("mean",)),)}, "^stats: 'loudness' is not among families"),
        ({"stats": (("mel", ("mean",)), ("mel", ("std",)))}, "^stats: .* names a family twice"),
        (
            {"stats": {"mel": ["mean"]}, "families": ("mfcc",)},
            r"^stats: 'mel' is not among families \(mfcc\)",
        ),
        ({"padding": "edge"}, "^padding: 'edge' is unknown; allowed are none, zero, repeat$"),
        ({"padding": None}, "^padding: None is unknown; allowed are none, zero, repeat$"),
        ({"voice_fmin": 30, "families": ("voice",)}, r"^voice_fmin.*: 30 to 700 Hz; need .* = 31.25 <= "),
        ({"voice_fmax": 9000, "families": ("voice",)}, r"^voice_fmin.* <= sr / 2 = 8000 Hz$"),
        ({"voice_fmax": 220, "families": ("voice",)}, "^voice_fmin, voice_fmax: 220 to 220 Hz"),
        ({"level": "loud"}, "^level: 'loud' is unknown; allowed are keep, remove$"),
        ({"center": 1}, "^center: 1 is not true or false$"),
        ({"crop": "end"}, "^crop: 'end' is unknown; allowed are start, center$"),
        ({"n_fft": 1023}, "^n_fft: 1023 is odd; allowed are even sizes, 16 to 65536$"),
        ({"stft_n_fft": 2047}, "^stft_n_fft: 2047 is odd; allowed are even sizes, 16 to 65536$"),
        ({"win_length": 1025}, "^win_length: 1025 is longer than n_fft = 1024; make it at most that$"),
        (
            {"stft_win_length": 2049},
            "^stft_win_length: 2049 is longer than stft_n_fft = 2048; make it at most",
        ),
        ({"n_mfcc": 129}, "^n_mfcc: 129 exceeds n_mels = 128; make it at most that$"),
        (
            {"mel_fmin": -1.0},
            r"^mel_fmin, mel_fmax: -1.0 to 8000.0 Hz; need 0 <= mel_fmin < mel_fmax <= sr / 2",
        ),
        ({"mel_fmin": 300.0, "mel_fmax": 300.0}, "^mel_fmin, mel_fmax: 300.0 to 300.0 Hz"),
        ({"mel_fmax": 8000.5}, "^mel_fmin, mel_fmax: 0.0 to 8000.5 Hz; .* sr / 2 = 8000.0 Hz$"),
        ({"fmin": 0.0}, "^fmin: 0 Hz is out of range; allowed are numbers above 0 Hz$"),
        (
            {"fmin": 125.0},
            "^fmin, n_bands: band 7 of the contrast would begin at 8000 Hz, at or above sr / 2",
        ),
        ({"n_bands": 8}, "^fmin, n_bands: band 8 of the contrast would begin at 12800 Hz"),
        (
            {"stft_n_fft": 256},
            "^fmin: the lowest contrast band, up to 100 Hz, holds under two bins of 62.5 Hz",
        ),
        ({"htk": 1}, "^htk: 1 is not true or false$"),
        ({"mel_norm": None}, "^mel_norm: None is unknown; allowed are slaney, none$"),
        ({"mel_unit": "dB"}, "^mel_unit: 'dB' is unknown; allowed are power, db, db_of_max$"),
        ({"dct_norm": "max"}, "^dct_norm: 'max' is unknown; allowed are ortho, none$"),
        ({"tonnetz_of": True}, "^tonnetz_of: True is unknown; allowed are clip, harmonic$"),
        ({"lifter": -1}, "^lifter: -1 is out of range; allowed are 0 and more"),
        ({"roll_percent": 0}, "^roll_percent: 0 is out of range; allowed are numbers above 0"),
        ({"roll_percent": 85}, "^roll_percent: 85 is out of range"),
        ({"dct_type": 1, "n_mels": 1, "n_mfcc": 1}, "^dct_type: 1 needs two mel bands or more"),
        ({"sr": 8412, "families": ("chroma_cens",)}, "^sr: 8412 Hz is too low for chroma_cens"),
        ({"sr": 8412, "n_bands": 6}, "^sr: 8412 Hz is too low for tonnetz, whose highest note needs 8413 Hz"),
    ],
)
def test_refusals_name_the_argument_and_what_is_allowed(values, message):
    with pytest.raises(SpecError, match=message) as refused:
        FeatureSpec(**values)
    assert isinstance(refused.value, EdgecryError)


@pytest.mark.parametrize(
    "name", ["p101", "p-1", "p05", "p", "p5.5", "delta_", "delta_delta_mean", "Mean", " mean"]
)
def test_near_misses_are_not_statistics(name):
    with pytest.raises(
        SpecError,
        match=r"is unknown; allowed are mean, std, var, .*, p<0-100>, and each with delta_, delta2_",
    ):
        FeatureSpec(stats=(name,))


def test_every_statistic_that_is_documented_is_accepted():
    documented = {name for name in STATISTICS if "<" not in name} | {f"p{q}" for q in range(101)}
    spec = FeatureSpec(stats=[prefix + name for prefix in ("", *PREFIXES) for name in sorted(documented)])
    assert spec.n_features == (194 * 3 + 5) * (7 + 101)


def test_the_limits_themselves_are_accepted():
    FeatureSpec(sr=TONNETZ_MIN_SR, n_bands=6)
    FeatureSpec(win_length=1024, stft_win_length=2048, n_mfcc=128)
    FeatureSpec(mel_fmax=8000.0, fmin=124.9)
    FeatureSpec(fmin=2 * 16000 / 2048)


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text("amx05_", max_size=5),
    st.lists(st.integers(), max_size=2),
)


@given(st.dictionaries(st.sampled_from([field.name for field in dataclasses.fields(FeatureSpec)]), junk))
def test_anything_else_is_refused_as_a_spec_error(values):
    """No value of a plain type raises anything but SpecError, or slips through as it came."""
    try:
        spec = FeatureSpec.from_dict(values)
    except SpecError as error:
        assert str(error)
    else:
        assert FeatureSpec.from_json(spec.to_json()) == spec
