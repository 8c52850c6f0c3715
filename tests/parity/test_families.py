"""Parity of single families away from the defaults, of every statistic, and of subsets and orders."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from convert.synth import synthetic_cry
from edgecry.features.families import FAMILIES, SEED_FAMILIES
from edgecry.features.spec import FeatureSpec
from tests.parity.comparison import ABSOLUTE, MEL_RELATIVE, assert_same, compare
from tests.parity.reference import curvature, frames, quiet, slope

MEL_GEOMETRY = [
    {"n_mels": 40},
    {"n_mels": 1},
    {"n_mels": 512},
    {"n_fft": 512},
    {"n_fft": 2048, "hop_length": 512, "win_length": 2048},
    {"n_fft": 1000, "hop_length": 250, "win_length": 1000},
    {"n_fft": 400},
    {"win_length": 401},
    {"win_length": 2},
    {"win_length": 1023},
    {"hop_length": 1, "n_fft": 64, "win_length": 33, "n_mels": 10},
    {"hop_length": 777},
    {"hop_length": 4096},
    {"mel_fmin": 50.0, "mel_fmax": 4000.0},
    {"mel_fmin": 300.0},
    {"mel_fmax": 7999.5},
    {"center": False},
    {"center": False, "n_fft": 512, "hop_length": 250, "n_mels": 40, "mel_fmin": 150.0, "mel_fmax": 3800.0},
    {"center": False, "hop_length": 777, "win_length": 401},
    {"level": "remove"},
    {"level": "remove", "center": False, "n_mels": 40},
    {"sr": 8000},
    {"sr": 11025, "hop_length": 110, "win_length": 275, "n_fft": 512},
    {"sr": 22050, "n_fft": 2048, "hop_length": 512, "win_length": 2048},
    {"sr": 44100, "n_fft": 2048, "hop_length": 441, "win_length": 1102},
    {"sr": 48000, "n_fft": 4096, "hop_length": 480, "win_length": 1200},
]
MFCC = [{"n_mfcc": 13}, {"n_mfcc": 1}, {"n_mfcc": 128}, {"n_mfcc": 20, "n_mels": 20}]
STFT_GEOMETRY = [
    {"stft_n_fft": 1024, "stft_hop_length": 256},
    {"stft_n_fft": 4096, "stft_hop_length": 1024},
    {"stft_n_fft": 1000, "stft_hop_length": 250},
    {"stft_win_length": 1200},
    {"stft_win_length": 1201},
    {"stft_win_length": 777, "stft_hop_length": 333},
    {"stft_hop_length": 5000},
    {"sr": 8000, "n_bands": 6},
    {"sr": 11025, "n_bands": 6},
    {"sr": 22050, "fmin": 200.0, "n_bands": 6},
    {"sr": 44100, "fmin": 200.0, "n_bands": 6},
    {"sr": 48000, "fmin": 200.0, "n_bands": 6},
]
CONTRAST = [
    {"n_bands": 1},
    {"n_bands": 4, "fmin": 200.0},
    {"n_bands": 3, "fmin": 1999.0},
    {"n_bands": 7, "fmin": 124.9},
    {"n_bands": 1, "fmin": 7999.0},
    {"n_bands": 12, "fmin": 20.0, "sr": 96000, "stft_n_fft": 16384, "stft_hop_length": 8192},
    {"stft_n_fft": 320, "fmin": 100.0},
]
TONNETZ = [
    {"sr": 8413},
    {"sr": 9000},
    {"sr": 11025},
    {"sr": 12000},
    {"sr": 17000},
    {"sr": 22050},
    {"sr": 32000},
    {"sr": 33488},
    {"sr": 44100},
    {"sr": 48000},
    {"sr": 96000},
    {"stft_n_fft": 1024, "stft_hop_length": 160},  # its own tuning stays on the default STFT
]
VOICE = [
    {},
    {"center": False},
    {"voice_fmin": 80.0, "voice_fmax": 1100.0},
    {"mel_fmin": 150.0, "mel_fmax": 3800.0, "n_fft": 512, "hop_length": 250},
    {"sr": 44100, "n_fft": 2048},
]
#: Families of librosa beyond those of the public model, away from its defaults and at them.
LIBROSA = {"n_fft": 2048, "hop_length": 512, "win_length": 2048}
MORE = [
    ("mel", {"mel_unit": "db"}),
    ("mel", {"mel_unit": "db_of_max", **LIBROSA}),
    ("mel", {"htk": True, "mel_norm": "none", "mel_unit": "power"}),
    ("mfcc", {"htk": True, "mel_norm": "none", "n_mfcc": 13}),
    ("mfcc", {"lifter": 22.0, "n_mfcc": 13}),
    *(("mfcc", {"dct_type": kind, "dct_norm": norm}) for kind in (1, 2, 3) for norm in ("ortho", "none")),
    ("mfcc", {"dct_type": 3, "lifter": 40.0, "level": "remove", "n_mels": 40}),
    *(("chroma", {"chroma_power": 2, **p}) for p in STFT_GEOMETRY[:3]),
    *(("tonnetz", {"tonnetz_of": "harmonic", "sr": sr}) for sr in (9000, 16000, 22050, 44100)),
    *((family, {"sr": sr}) for family in ("chroma_cqt", "chroma_cens") for sr in (8413, 16000, 22050, 44100)),
    *(("centroid", p) for p in STFT_GEOMETRY),
    *((family, p) for family in ("bandwidth", "flatness", "rolloff") for p in ({}, *STFT_GEOMETRY[:3])),
    *(("rolloff", {"roll_percent": part}) for part in (0.01, 0.5, 0.99)),
    *(("poly", {"poly_order": order, **p}) for order in (0, 1, 4) for p in ({}, STFT_GEOMETRY[0])),
    *((family, p) for family in ("rms", "zcr") for p in ({}, *STFT_GEOMETRY[:3], STFT_GEOMETRY[6])),
    *(
        ("onset", p)
        for p in ({}, LIBROSA, {"center": False}, {"hop_length": 777}, {"htk": True, "n_mels": 40})
    ),
]
CASES = [
    *(("mel", parameters) for parameters in MEL_GEOMETRY),
    *(
        ("mfcc", parameters)
        for parameters in (MFCC + [p for p in MEL_GEOMETRY if p.get("n_mels", 128) >= 40])
    ),
    *(("chroma", parameters) for parameters in STFT_GEOMETRY),
    *(("contrast", parameters) for parameters in STFT_GEOMETRY + CONTRAST),
    *(("tonnetz", parameters) for parameters in TONNETZ),
    *(("voice", parameters) for parameters in VOICE),
    *MORE,
]
STATISTICS = ("mean", "std", "var", "min", "max", "p0", "p5", "p50", "p97", "p100", "skew", "kurtosis")
DERIVED = ("delta2_mean", "delta2_std", "all_mean", "all_var", "all_p50")


@functools.cache
def cry(sr: int, seconds: float = 1.0) -> np.ndarray:
    return synthetic_cry(sr=sr, seconds=seconds, seed=4)


def label(value: object) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}={setting}" for name, setting in value.items())
    return str(value)


@pytest.mark.parametrize(("family", "parameters"), CASES, ids=label)
def test_family_alone(family, parameters):
    spec = FeatureSpec(families=(family,), **parameters)
    assert_same(compare(family, cry(spec.sr), spec))


@pytest.mark.parametrize(
    "order", [SEED_FAMILIES[::-1], ("tonnetz", "chroma"), ("contrast", "mfcc"), ("mel", "chroma")]
)
def test_subsets_and_orders(order):
    assert_same(compare("order", cry(16000), FeatureSpec(families=order)))


LOGMEL = {"center": False, "n_fft": 512, "win_length": 512, "hop_length": 320, "n_mels": 40}


@pytest.mark.parametrize(
    "parameters",
    [
        {"length": 1.0},
        {"length": 0.4, "mel_fmin": 100.0, "mel_fmax": 3800.0, "floor_db": 30.0},
        {"length": 2.5, "padding": "none"},
        {"length": 2.5, "padding": "zero"},
        {"length": 0.032, "n_mels": 128},
        {"length": 1.0, "sr": 44100, "hop_length": 441},
    ],
    ids=label,
)
def test_frames_as_they_are(parameters):
    spec = FeatureSpec(families=("logmel",), **{**LOGMEL, **parameters})
    assert_same(compare("logmel", cry(spec.sr), spec))


@pytest.mark.parametrize("family", [*SEED_FAMILIES, "voice"])
@pytest.mark.parametrize("stat", [*STATISTICS, *(f"delta_{name}" for name in STATISTICS), *DERIVED])
def test_statistic(family, stat):
    """Frames differ by about the tolerance of means; statistics inherit that, the skew over the spread."""
    spec, y = FeatureSpec(families=(family,), stats=(stat,)), cry(16000)
    compared = compare(stat, y, spec)
    assert np.all(np.abs(compared.ours - compared.theirs) <= allowed(family, stat, y, spec))


@pytest.mark.parametrize("family", [f for f in FAMILIES if f not in (*SEED_FAMILIES, "voice", "logmel")])
@pytest.mark.parametrize("stat", ["std", "delta_max", "delta2_min"])
def test_statistic_of_other_families(family, stat):
    """The statistics are the same code for all families. What differs is only what they are taken of."""
    test_statistic(family, stat)


def allowed(family: str, stat: str, y: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    with quiet():
        X = frames(y, family, spec).astype(np.float64)
    frame = MEL_RELATIVE * X.max(axis=1) if family == "mel" else np.full(len(X), ABSOLUTE[family])
    prefix, _, plain = stat.rpartition("_")
    if prefix == "all":
        X, frame = X.reshape(1, -1), frame.max(keepdims=True)
    elif prefix:
        X = (slope if prefix == "delta" else curvature)(X)
    spread = np.std(X, axis=1)
    return {"skew": 10 * frame / spread, "kurtosis": 40 * frame / spread, "var": 4 * frame * spread}.get(
        plain, frame
    )


def test_statistics_are_laid_out_one_after_the_other():
    stats = {"mfcc": ("std", "mean"), "tonnetz": ("mean", "delta_std", "p10")}
    spec, y = FeatureSpec(families=("tonnetz", "mfcc"), stats=stats), cry(16000)
    compared = compare("layout", y, spec)
    assert np.allclose(compared.ours, compared.theirs, rtol=0, atol=1e-3)
    assert len(set(np.round(compared.ours[0], 2))) > 40, "values too alike to tell an order"


@pytest.mark.parametrize(
    "parameters",
    [
        {"length": 0.5},
        {"length": 0.5, "crop": "center"},
        {"length": 0.50003, "crop": "center"},
        {"length": 1.7},
        {"length": 1.7, "padding": "none"},
        {"length": 1.7, "padding": "repeat"},
        {"length": 3.3, "padding": "repeat"},
        {"length": 1.0},
    ],
    ids=label,
)
def test_length_policies(parameters):
    assert_same(compare("length", cry(16000), FeatureSpec(families=("mfcc", "mel", "chroma"), **parameters)))
