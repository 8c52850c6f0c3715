"""Which recipes of features give how many values: the specs known from the field, and from a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Final

from convert.errors import ConversionError
from convert.recipes import LIBROSA, Recipe, known
from edgecry.features.spec import FeatureSpec

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
    ("mfcc", "zcr"),
    ("mfcc", "centroid", "rolloff", "zcr"),
    ("mfcc", "centroid", "bandwidth", "rolloff", "zcr"),
    ("mfcc", "zcr", "rms", "centroid", "bandwidth", "rolloff"),
    ("mfcc", "chroma", "centroid", "zcr"),
    ("mfcc", "chroma", "zcr", "rms", "centroid", "bandwidth", "rolloff"),
    ("mfcc", "chroma", "contrast", "zcr", "rms", "centroid", "bandwidth", "rolloff"),
)
_STATS: Final = (
    ("mean",),
    ("mean", "std"),
    ("mean", "std", "min", "max"),
    ("mean", "delta_mean"),
    ("mean", "std", "delta_mean", "delta_std"),
    ("mean", "delta_mean", "delta2_mean"),
    ("mean", "var"),
    ("mean", "std", "skew"),
    ("min", "max", "mean"),
    ("mean", "std", "skew", "min", "max"),
)
#: Widths of families that have more than one value, by librosa's defaults.
_WIDTHS: Final[Mapping[str, int]] = {"chroma": 12, "contrast": 7, "tonnetz": 6}
#: Recipes that are told of one number of values.
MOST: Final = 8


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


def require_order(columns: Sequence[str] | None, spec: FeatureSpec) -> None:
    """Refuse a model that was fitted on the spec's own values in another order, as their names tell.

    Raises
    ------
    ConversionError
        It was; its answers on the device would be those of other values.
    """
    if columns is None or set(columns) != set(spec.names) or tuple(columns) == spec.names:
        return
    i = next(i for i, name in enumerate(spec.names) if columns[i] != name)
    raise ConversionError(
        f"the model was fitted on the spec's values in another order: its value {i} is {columns[i]}, "
        f"the spec's is {spec.names[i]}. Fit it again on the columns in the order of FeatureSpec.names"
    )


def _candidates(n_features: int) -> Iterator[Recipe]:
    default = FeatureSpec()
    if n_features == default.n_features:
        yield Recipe("the default of edgecry (mfcc 40, chroma, mel 128, contrast, tonnetz; 16 kHz)", default)
    widespread = [recipe for recipe in known() if recipe.spec.n_features == n_features]
    yield from widespread
    for stats, families, n_mfcc, n_mels in product(_STATS, _GROUPS, _N_MFCC, _N_MELS):
        if n_mfcc != _N_MFCC[0] and "mfcc" not in families:
            continue
        if n_mels != _N_MELS[0] and "mel" not in families:
            continue
        if n_mfcc > n_mels:
            continue
        width = {**_WIDTHS, "mfcc": n_mfcc, "mel": n_mels}
        if len(stats) * sum(width.get(family, 1) for family in families) != n_features:
            continue
        spec = FeatureSpec(families=families, stats=stats, n_mfcc=n_mfcc, n_mels=n_mels, **LIBROSA)
        if all(spec != recipe.spec for recipe in widespread):
            yield Recipe(_title(spec, stats), spec)


def _title(spec: FeatureSpec, stats: Sequence[str]) -> str:
    widths = ((family, spec.width(family)) for family in spec.families)
    parts = ", ".join(family if width == 1 else f"{family} {width}" for family, width in widths)
    return f"{parts}: {', '.join(stats)} over time (librosa's defaults, 22,050 Hz)"
