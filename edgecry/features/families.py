"""The families of features: how wide each is, what its frames become, and what it asks of the spec.

A new family is a row of the table at the end. Its parameters are fields of :class:`FeatureSpec`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecry.checks import number
from edgecry.errors import SpecError

if TYPE_CHECKING:
    from edgecry.features.spec import FeatureSpec

#: Lowest rate at which the highest wavelet of tonnetz (seven octaves over C1, tuned half a bin up, and half
#: its bandwidth more) stays below Nyquist. librosa.vqt refuses lower rates.
TONNETZ_MIN_SR: Final = 8413


@dataclass(frozen=True)
class Family:
    """A group of features that are computed together.

    Parameters
    ----------
    width : callable of FeatureSpec to int
        Number of values in a frame.
    checks : sequence of callable of FeatureSpec
        Each raises SpecError if the spec does not suit the family.
    gives_frames : bool
        True if the vector holds every frame of the clip, for a network to read. All other families give
        statistics of their frames.
    """

    width: Callable[[FeatureSpec], int]
    checks: tuple[Callable[[FeatureSpec], None], ...] = ()
    gives_frames: bool = False


def _check_window(spec: FeatureSpec) -> None:
    _check_fits("win_length", spec.win_length, "n_fft", spec.n_fft)


def _check_stft_window(spec: FeatureSpec) -> None:
    if spec.stft_win_length is not None:
        _check_fits("stft_win_length", spec.stft_win_length, "stft_n_fft", spec.stft_n_fft)


def _check_fits(window: str, size: int, transform: str, n_fft: int) -> None:
    if size > n_fft:
        raise SpecError(f"{window}: {size} is longer than {transform} = {n_fft}; make it at most that")


def _check_mel(spec: FeatureSpec) -> None:
    nyquist = spec.sr / 2
    top = nyquist if spec.mel_fmax is None else spec.mel_fmax
    if not 0 <= spec.mel_fmin < top <= nyquist:
        raise SpecError(
            f"mel_fmin, mel_fmax: {spec.mel_fmin} to {top} Hz; "
            f"need 0 <= mel_fmin < mel_fmax <= sr / 2 = {nyquist} Hz"
        )


def _check_mfcc(spec: FeatureSpec) -> None:
    if spec.dct_type == 1 and spec.n_mels < 2:
        raise SpecError("dct_type: 1 needs two mel bands or more; raise n_mels, or take type 2")
    if spec.n_mfcc > spec.n_mels:
        raise SpecError(f"n_mfcc: {spec.n_mfcc} exceeds n_mels = {spec.n_mels}; make it at most that")


def _check_logmel(spec: FeatureSpec) -> None:
    number("floor_db", spec.floor_db, 0, 200, "dB", above=True, error=SpecError)
    if spec.center or spec.n_samples < spec.n_fft:
        raise SpecError(
            f"families: logmel with center={spec.center} and length={spec.length}; it needs "
            f"center=False and a length of n_fft = {spec.n_fft} samples or more, so that every window "
            "has as many frames"
        )


def _check_voice(spec: FeatureSpec) -> None:
    # The longest lag must lie within half the transform, beyond which the autocorrelation repeats.
    lowest, highest = 2 * spec.sr / spec.n_fft, spec.sr / 2
    if not lowest <= spec.voice_fmin < spec.voice_fmax <= highest:
        raise SpecError(
            f"voice_fmin, voice_fmax: {spec.voice_fmin:g} to {spec.voice_fmax:g} Hz; need "
            f"2 * sr / n_fft = {lowest:g} <= voice_fmin < voice_fmax <= sr / 2 = {highest:g} Hz"
        )


def _check_contrast(spec: FeatureSpec) -> None:
    # Every band but the last ends below Nyquist, and holds at least two bins to compare.
    nyquist = spec.sr / 2
    lowest_of_last = spec.fmin * 2.0 ** (spec.n_bands - 1)
    if lowest_of_last >= nyquist:
        raise SpecError(
            f"fmin, n_bands: band {spec.n_bands} of the contrast would begin at {lowest_of_last:g} Hz, "
            f"at or above sr / 2 = {nyquist:g} Hz; reduce fmin or n_bands"
        )
    if spec.fmin * spec.stft_n_fft / spec.sr < 2:
        raise SpecError(
            f"fmin: the lowest contrast band, up to {spec.fmin:g} Hz, holds under two bins of "
            f"{spec.sr / spec.stft_n_fft:g} Hz; raise fmin or stft_n_fft"
        )


def _check_notes(family: str) -> Callable[[FeatureSpec], None]:
    def check(spec: FeatureSpec) -> None:
        if spec.sr < TONNETZ_MIN_SR:
            raise SpecError(
                f"sr: {spec.sr} Hz is too low for {family}, whose highest note needs {TONNETZ_MIN_SR} Hz; "
                f"raise sr or leave {family} out of families"
            )

    return check


#: Every family by its name. Those of the public model come first, in the order of its vector.
TABLE: Final[Mapping[str, Family]] = {
    "mfcc": Family(lambda spec: spec.n_mfcc, (_check_window, _check_mel, _check_mfcc)),
    "chroma": Family(lambda _: 12, (_check_stft_window,)),
    "mel": Family(lambda spec: spec.n_mels, (_check_window, _check_mel)),
    "contrast": Family(lambda spec: spec.n_bands + 1, (_check_stft_window, _check_contrast)),
    "tonnetz": Family(lambda _: 6, (_check_notes("tonnetz"),)),
    "voice": Family(lambda _: 1, (_check_window, _check_mel, _check_voice)),
    "logmel": Family(lambda spec: spec.n_mels, (_check_window, _check_mel, _check_logmel), gives_frames=True),
    "chroma_cqt": Family(lambda _: 12, (_check_notes("chroma_cqt"),)),
    "chroma_cens": Family(lambda _: 12, (_check_notes("chroma_cens"),)),
    "centroid": Family(lambda _: 1, (_check_stft_window,)),
    "bandwidth": Family(lambda _: 1, (_check_stft_window,)),
    "rolloff": Family(lambda _: 1, (_check_stft_window,)),
    "flatness": Family(lambda _: 1, (_check_stft_window,)),
    "poly": Family(lambda spec: spec.poly_order + 1, (_check_stft_window,)),
    "rms": Family(lambda _: 1),
    "zcr": Family(lambda _: 1),
    "onset": Family(lambda _: 1, (_check_window, _check_mel)),
}

#: Their names.
FAMILIES: Final = tuple(TABLE)
#: Families of the public model. All of them are librosa's.
SEED_FAMILIES: Final = ("mfcc", "chroma", "mel", "contrast", "tonnetz")
