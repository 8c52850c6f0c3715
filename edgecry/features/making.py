"""How the frames of each family are made of a clip, and become its values.

Families that the bundled models do not have are imported where they are used, for a quick start.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float64
from edgecry.features.chroma import N_CHROMA, chroma_frames, normalise
from edgecry.features.clip import SHAPES, Clip
from edgecry.features.contrast import contrast_frames
from edgecry.features.logmel import logmel_frames
from edgecry.features.mel import db_of_max, power_to_db
from edgecry.features.mfcc import cepstral_matrix
from edgecry.features.spec import FeatureSpec
from edgecry.features.spec_checks import FRAMES
from edgecry.features.summary import summarise
from edgecry.features.tonnetz import tonnetz_matrix
from edgecry.features.tuning import tuning_of_octaves

#: Frames of a family, and the linear map that is still to be applied to each, if there is one.
_Frames = tuple[NDArray[np.floating], Float64 | None]


class Step(NamedTuple):
    """A family to compute, its statistics, and the shared results that no later step reads."""

    making: _Making
    stats: Sequence[str]
    last: frozenset[str]


def steps(spec: FeatureSpec, only: Collection[str]) -> tuple[Step, ...]:
    """Plan the families of ``only``, in the order of computation."""
    wanted = [making for making in _MAKINGS if making.family in only]
    stats = dict(spec.stats_by_family)
    return tuple(
        Step(
            making,
            stats[making.family],
            frozenset(making.reads).difference(*(later.reads for later in wanted[place:])),
        )
        for place, making in enumerate(wanted, start=1)
    )


def values(clip: Clip, plan: Iterable[Step]) -> Iterator[tuple[str, NDArray[np.floating]]]:
    """Yield the families of a plan, each with its values.

    What families share is dropped after the last of them.
    """
    for making, stats, last in plan:
        frames, projection = making.frames(clip)
        if stats == FRAMES:
            yield making.family, frames.ravel()
        else:
            yield making.family, summarise(frames, stats, clip.kernels, projection)
        del frames
        clip.drop(last)


# -- of the shorter transforms -------------------------------------------------------------------------


def _voice(clip: Clip) -> _Frames:
    return clip.short.voice, None


def _logmel(clip: Clip) -> _Frames:
    return logmel_frames(clip.short.mel, clip.spec.n_frames, clip.spec.floor_db), None


def _onset(clip: Clip) -> _Frames:
    from edgecry.features.onset import onset_frames

    db, spec = power_to_db(clip.short.mel.copy()), clip.spec
    return onset_frames(db, spec.n_fft, spec.hop_length, spec.center), None


def _mel(clip: Clip) -> _Frames:
    if clip.spec.mel_unit == "power":
        return clip.mel, None
    to_db = power_to_db if clip.spec.mel_unit == "db" else db_of_max
    return to_db(clip.mel.copy()), None


def _mfcc(clip: Clip) -> _Frames:
    spec = clip.spec
    matrix = cepstral_matrix(spec.n_mfcc, spec.n_mels, spec.dct_type, spec.dct_norm, spec.lifter)
    return power_to_db(clip.mel), matrix  # in place


# -- of the longer ones --------------------------------------------------------------------------------


def _contrast(clip: Clip) -> _Frames:
    extremes = clip.survey.frames["contrast"]
    return contrast_frames(extremes[:, 0], extremes[:, 1]), None


def _surveyed(family: str) -> Callable[[Clip], _Frames]:
    return lambda clip: (clip.survey.frames[family], None)


def _chroma(clip: Clip) -> _Frames:
    spec = clip.spec
    tuning = tuning_of_octaves(clip.survey.octaves, N_CHROMA, clip.kernels)
    return chroma_frames(map(clip.powered, clip.magnitudes), spec.sr, spec.stft_n_fft, tuning), None


def _chroma_cqt(clip: Clip) -> _Frames:
    return normalise(clip.notes.copy(), np.inf), None


def _chroma_cens(clip: Clip) -> _Frames:
    from edgecry.features.cens import cens_frames

    return cens_frames(clip.notes.copy()), None


def _tonnetz(clip: Clip) -> _Frames:
    notes = clip.harmonic_notes() if clip.spec.tonnetz_of == "harmonic" else clip.notes.copy()
    return normalise(normalise(notes, np.inf), 1), tonnetz_matrix()


# -- of the samples ------------------------------------------------------------------------------------


def _rms(clip: Clip) -> _Frames:
    from edgecry.features.waveform import rms_frames

    return rms_frames(clip.y, clip.stft), None


def _zcr(clip: Clip) -> _Frames:
    from edgecry.features.waveform import zero_crossing_frames

    return zero_crossing_frames(clip.y, clip.stft), None


class _Making(NamedTuple):
    """How the frames of a family are made, and the shared results that must be there for them."""

    family: str
    frames: Callable[[Clip], _Frames]
    reads: tuple[str, ...]


#: In the order of computation: mel is written over short, and mfcc over mel, so that what reads the one
#: stands before what writes over it.
_MAKINGS: Final = (
    _Making("voice", _voice, ("short",)),
    _Making("logmel", _logmel, ("short",)),
    _Making("onset", _onset, ("short",)),
    _Making("mel", _mel, ("short", "mel")),
    _Making("mfcc", _mfcc, ("short", "mel")),
    _Making("contrast", _contrast, ("survey",)),
    *(_Making(family, _surveyed(family), ("survey",)) for family in (*sorted(SHAPES), "poly")),
    _Making("chroma", _chroma, ("survey", "magnitudes")),
    _Making("chroma_cqt", _chroma_cqt, ("survey", "notes")),
    _Making("chroma_cens", _chroma_cens, ("survey", "notes")),
    _Making("tonnetz", _tonnetz, ("survey", "notes")),
    _Making("rms", _rms, ()),
    _Making("zcr", _zcr, ()),
)
