"""Checks of the single parameters of a FeatureSpec, and the form to which it brings them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Final

from edgecry.checks import number, shown, whole
from edgecry.errors import SpecError
from edgecry.features.families import FAMILIES, TABLE

#: Statistics of the frames of a family.
STATISTICS: Final = ("mean", "std", "var", "min", "max", "skew", "kurtosis", "p<0-100>")
#: What may stand before a statistic: of the slope, of the curvature, or of all values of the family together.
PREFIXES: Final = ("delta_", "delta2_", "all_")
_STATISTIC = re.compile(rf"({'|'.join(PREFIXES)})?(mean|std|var|min|max|skew|kurtosis|p(100|[1-9]?[0-9]))")

#: What a family states in place of statistics if it gives its frames as they are.
FRAMES: Final = ("frames",)

#: The form to which every accepted ``stats`` is brought: a pair for each family, in the families' order.
StatsByFamily = tuple[tuple[str, tuple[str, ...]], ...]

#: Least and greatest value of every whole number.
_WHOLE: Final = {
    "sr": (1000, 192_000),
    "n_mels": (1, 512),
    "n_mfcc": (1, 512),
    "n_fft": (16, 65_536),
    "hop_length": (1, 65_536),
    "win_length": (2, 65_536),
    "stft_n_fft": (16, 65_536),
    "stft_hop_length": (1, 65_536),
    "stft_win_length": (2, 65_536),
    "n_bands": (1, 12),
    "dct_type": (1, 3),
    "chroma_power": (1, 2),
    "poly_order": (0, 8),
}
#: Sizes that must be even: librosa gives an odd transform the frequencies of the even one below it.
_EVEN: Final = ("n_fft", "stft_n_fft")
_REALS: Final = (
    *("mel_fmin", "mel_fmax", "voice_fmin", "voice_fmax", "floor_db", "fmin", "length"),
    *("lifter", "roll_percent"),
)
#: Limits of single numbers, as edgecry.checks.number takes them.
_LIMITS: Final[Mapping[str, Mapping[str, Any]]] = {
    "fmin": {"low": 0, "unit": "Hz", "above": True},
    "lifter": {"low": 0},
    "roll_percent": {"low": 0, "high": 1, "above": True},
}
#: Samples that the transforms of a second of sound may read, all together. A core needs some five seconds
#: for so many; more is no recipe, but a file made to keep whoever tries it waiting.
_MOST_READ: Final = 200_000_000
_OPTIONAL: Final = ("stft_win_length", "mel_fmax", "length")
_FLAGS: Final = ("center", "htk")
_CHOICES: Final = {
    "mel_norm": ("slaney", "none"),
    "mel_unit": ("power", "db", "db_of_max"),
    "dct_norm": ("ortho", "none"),
    "tonnetz_of": ("clip", "harmonic"),
    "padding": ("none", "zero", "repeat"),
    "crop": ("start", "center"),
    "level": ("keep", "remove"),
}


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a spec in one form, so that equal recipes are equal specs.

    Parameters
    ----------
    given : mapping
        Every parameter of a FeatureSpec by its name, as the caller wrote it.

    Raises
    ------
    SpecError
        A parameter has the wrong type or is out of range.
    """
    families = _families(given["families"])
    found: dict[str, Any] = {"families": families, "stats": _stats(given["stats"], families)}
    for name, (low, high) in _WHOLE.items():
        found[name] = _whole(name, given[name], low, high)
    _check_work(found)
    for name in _REALS:
        found[name] = _real(name, given[name])
    _check_length(found["length"], found["sr"])
    for name in _FLAGS:
        if not isinstance(given[name], bool):
            raise SpecError(f"{name}: {shown(given[name])} is not true or false")
    for name, allowed in _CHOICES.items():
        # An array is compared value by value, and is neither in a list nor not in it.
        if not isinstance(given[name], str) or given[name] not in allowed:
            raise SpecError(f"{name}: {given[name]!r:.60} is unknown; allowed are {', '.join(allowed)}")
    return dict(given) | found


def _check_work(found: Mapping[str, Any]) -> None:
    for n_fft, hop in (("n_fft", "hop_length"), ("stft_n_fft", "stft_hop_length")):
        least = -(-found["sr"] * found[n_fft] // _MOST_READ)
        if found[hop] < least:
            raise SpecError(
                f"{hop}: {found[hop]} with {n_fft} {found[n_fft]} at {found['sr']} Hz takes for ever; "
                f"make it {least} or more"
            )


# -- numbers ---------------------------------------------------------------------------------------


def _whole(name: str, value: Any, low: int, high: int) -> int | None:
    if value is None and name in _OPTIONAL:
        return None
    size = whole(name, value, low, high, error=SpecError)
    if name in _EVEN and size % 2:
        raise SpecError(f"{name}: {size} is odd; allowed are even sizes, {low} to {high}")
    return size


def _real(name: str, value: Any) -> float | None:
    if value is None and name in _OPTIONAL:
        return None
    # Adding zero turns -0.0 into 0.0: equal specs must have equal hashes.
    return number(name, value, **_LIMITS.get(name, {}), error=SpecError) + 0.0


def _check_length(length: float | None, sr: int) -> None:
    if length is not None and not (0 < length <= 3600 and round(length * sr) >= 1):
        raise SpecError(
            f"length: {length} s is out of range; allowed are a sample (1 / {sr} s) to 3600 s, or None"
        )


# -- families and statistics -----------------------------------------------------------------------


def _families(given: object) -> tuple[str, ...]:
    families = _strings("families", given)
    for family in families:
        if family not in TABLE:
            raise SpecError(f"families: {family!r} is unknown; allowed are {', '.join(FAMILIES)}")
    if not families:
        raise SpecError(f"families: empty; name at least one of {', '.join(FAMILIES)}")
    if len(set(families)) < len(families):
        raise SpecError(f"families: {', '.join(families)} names one twice; name each once")
    return families


def _stats(given: Any, families: Sequence[str]) -> StatsByFamily:
    if _is_pairs(given):
        given = _kept(given, families)
    if not isinstance(given, Mapping):
        given = {family: given for family in families if not TABLE[family].gives_frames}
    for family in given:
        if family not in families:
            raise SpecError(f"stats: {family!r} is not among families ({', '.join(families)})")
    return tuple((f, _stats_of(f, given.get(f, _default(f)))) for f in families)


def _is_pairs(value: object) -> bool:
    """Tell the form of a spec, which dataclasses.replace hands back, from a plain list of names."""
    return (
        isinstance(value, tuple)
        and value != ()
        and all(isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) for v in value)
    )


def _kept(pairs: StatsByFamily, families: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the statistics of a spec to which dataclasses.replace may have given other families."""
    if len({family for family, _ in pairs}) < len(pairs):
        raise SpecError(f"stats: {pairs!r} names a family twice; name each once")
    dropped = set(FAMILIES) - set(families)
    return {family: names for family, names in pairs if family not in dropped}


def _default(family: str) -> tuple[str, ...]:
    return FRAMES if TABLE[family].gives_frames else ("mean",)


def _stats_of(family: str, value: object) -> tuple[str, ...]:
    names = _strings(f"stats of {family}", value)
    if TABLE[family].gives_frames:
        if names != FRAMES:
            raise SpecError(
                f"stats of {family}: found {value!r}; its frames are given as they are: leave them out"
            )
        return FRAMES
    for name in names:
        if not _STATISTIC.fullmatch(name):
            raise SpecError(
                f"stats of {family}: {name!r} is unknown; allowed are {', '.join(STATISTICS)}, "
                f"and each with {', '.join(PREFIXES)} in front"
            )
    if not names:
        raise SpecError(f"stats of {family}: empty; name at least one, or leave {family} out of families")
    if len(set(names)) < len(names):
        raise SpecError(f"stats of {family}: {', '.join(names)} names one twice; name each once")
    return names


def _strings(name: str, value: object) -> tuple[str, ...]:
    # A set is refused because the vector's order would change from run to run.
    # An array of no dimension only looks like a sequence.
    flat = getattr(value, "ndim", 1) == 0
    if flat or isinstance(value, str | Set | Mapping) or not isinstance(value, Iterable):
        raise SpecError(f'{name}: {value!r:.60} is not a sequence of names, such as ("mfcc", "mel")')
    items = tuple(value)
    for item in items:
        if not isinstance(item, str):
            raise SpecError(f"{name}: {item!r} is not a name")
    return items
