"""Recipes of features that are widespread in public code, as specs. docs/features.md lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from edgecry.features.spec import FeatureSpec

#: librosa's defaults, by which most public recipes are written.
LIBROSA: Final[Mapping[str, Any]] = {
    "sr": 22050,
    "n_fft": 2048,
    "hop_length": 512,
    "win_length": 2048,
    "n_bands": 6,
    "fmin": 200.0,
}
_WITH_DERIVATIVES: Final = ("mean", "delta_mean", "delta2_mean")
_SPREAD_TOO: Final = ("mean", "std", "delta_mean", "delta_std", "delta2_mean", "delta2_std")

#: What each is in words, and how it differs from librosa's defaults.
_KNOWN: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("mfcc 40: mean", {"families": ("mfcc",)}),
    ("mfcc 13: mean", {"families": ("mfcc",), "n_mfcc": 13}),
    (
        "mfcc 40, chroma, mel 128, contrast 7, tonnetz of the harmonic part: mean",
        {"families": ("mfcc", "chroma", "mel", "contrast", "tonnetz"), "tonnetz_of": "harmonic"},
    ),
    (
        "mfcc 40, chroma, mel 128, contrast 7: mean",
        {"families": ("mfcc", "chroma", "mel", "contrast")},
    ),
    ("mfcc 40, chroma, mel 128: mean", {"families": ("mfcc", "chroma", "mel")}),
    (
        "zcr, chroma, mfcc 20, rms, mel 128: mean",
        {"families": ("zcr", "chroma", "mfcc", "rms", "mel"), "n_mfcc": 20},
    ),
    (
        "chroma_stft as one number, rms, centroid, bandwidth, rolloff, zcr, mfcc 20: mean",
        {
            "families": ("chroma", "rms", "centroid", "bandwidth", "rolloff", "zcr", "mfcc"),
            "stats": {"chroma": ("all_mean",)},
            "chroma_power": 2,
            "n_mfcc": 20,
        },
    ),
    ("mfcc 13 with delta and delta-delta: mean", {"n_mfcc": 13, "stats": _WITH_DERIVATIVES}),
    ("mfcc 40 with delta and delta-delta: mean", {"n_mfcc": 40, "stats": _WITH_DERIVATIVES}),
    ("mfcc 13 with delta and delta-delta: mean and std", {"n_mfcc": 13, "stats": _SPREAD_TOO}),
    (
        "mfcc 13, centroid, bandwidth, rolloff, zcr, rms: mean and std",
        {
            "families": ("mfcc", "centroid", "bandwidth", "rolloff", "zcr", "rms"),
            "n_mfcc": 13,
            "stats": ("mean", "std"),
        },
    ),
    (
        "mfcc 20, chroma_stft, contrast 7, zcr, centroid: mean",
        {
            "families": ("mfcc", "chroma", "contrast", "zcr", "centroid"),
            "n_mfcc": 20,
            "chroma_power": 2,
        },
    ),
    ("mel 128 in dB of the maximum: mean", {"families": ("mel",), "mel_unit": "db_of_max"}),
)


class Recipe(NamedTuple):
    """A spec, and what it is in words."""

    title: str
    spec: FeatureSpec


def known() -> Iterator[Recipe]:
    """Yield the recipes, the most widespread first."""
    for title, parameters in _KNOWN:
        spec = FeatureSpec(**{**LIBROSA, "families": ("mfcc",), **parameters})
        yield Recipe(f"{title} over time (librosa's defaults, 22,050 Hz)", spec)
