"""Which recipes of features give how many values: the specs known from the field, and from a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, Final, NamedTuple

from edgecry.features.spec import FeatureSpec

#: librosa's defaults, by which most public recipes are written.
_LIBROSA: Final[Mapping[str, Any]] = {
    "sr": 22050,
    "n_fft": 2048,
    "hop_length": 512,
    "win_length": 2048,
    "n_bands": 6,
    "fmin": 200.0,
}
#: Numbers of coefficients and bands that people choose, the usual ones first.
_N_MFCC: Final = (40, 13, 20, 26, 30, 12, 24, 32, 25, 39, 50, 60, 64, 80, 100, 128)
_N_MELS: Final = (128, 64, 40, 80, 32)
#: Groups of families that people put together, the usual ones first.
_GROUPS: Final = (
    ("mfcc",),
    ("mfcc", "chroma", "mel", "contrast", "tonnetz"),
    ("mfcc", "chroma", "mel"),
    ("mfcc", "chroma", "mel", "contrast"),
    ("mel",),
    ("mfcc", "chroma"),
    ("mfcc", "chroma", "contrast"),
    ("mfcc", "chroma", "contrast", "tonnetz"),
    ("mfcc", "mel"),
    ("mfcc", "contrast"),
    ("chroma",),
    ("chroma", "contrast"),
)
_STATS: Final = (
    ("mean",),
    ("mean", "std"),
    ("mean", "std", "min", "max"),
    ("mean", "delta_mean"),
    ("mean", "std", "delta_mean", "delta_std"),
    ("mean", "std", "skew"),
    ("min", "max", "mean"),
    ("mean", "std", "skew", "min", "max"),
)
#: Recipes that are told of one number of values.
MOST: Final = 8


class Recipe(NamedTuple):
    """A spec, and what it is in words."""

    title: str
    spec: FeatureSpec


def recipes(n_features: int) -> list[Recipe]:
    """List recipes that give ``n_features`` values, the most widespread first; at most ``MOST``."""
    return list(islice(_candidates(n_features), MOST))


def explain_width(estimator: str, found: int, made: int) -> str:
    """Say that a model reads another number of values than the spec makes, and which recipes fit."""
    known = recipes(found)
    titles = "; ".join(recipe.title for recipe in known[:3]) or "none that edgecry knows"
    return (
        f"{estimator.rpartition('.')[2]} reads {found} values, the feature spec makes {made}; give the spec "
        f"that the model was trained with (--spec). Recipes that make {found}: {titles}; "
        f"'python -m convert spec --features {found}' lists them as files"
    )


def _candidates(n_features: int) -> Iterator[Recipe]:
    default = FeatureSpec()
    if n_features == default.n_features:
        yield Recipe("the default of edgecry (mfcc 40, chroma, mel 128, contrast, tonnetz; 16 kHz)", default)
    for stats, families, n_mfcc, n_mels in product(_STATS, _GROUPS, _N_MFCC, _N_MELS):
        if n_mfcc != _N_MFCC[0] and "mfcc" not in families:
            continue
        if n_mels != _N_MELS[0] and "mel" not in families:
            continue
        if n_mfcc > n_mels:
            continue
        width = {"mfcc": n_mfcc, "mel": n_mels, "chroma": 12, "contrast": 7, "tonnetz": 6}
        if len(stats) * sum(width[family] for family in families) != n_features:
            continue
        spec = FeatureSpec(families=families, stats=stats, n_mfcc=n_mfcc, n_mels=n_mels, **_LIBROSA)
        yield Recipe(_title(families, stats, width), spec)


def _title(families: Sequence[str], stats: Sequence[str], width: Mapping[str, int]) -> str:
    parts = ", ".join(f"{family} {width[family]}" for family in families)
    return f"{parts}: {', '.join(stats)} over time (librosa's defaults, 22,050 Hz)"
