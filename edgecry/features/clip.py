"""One clip under extraction: the results that several families read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from edgecry.arrays import Float32, Float64
from edgecry.features.contrast import contrast_bands
from edgecry.features.cqt import BINS_PER_OCTAVE, chroma_cqt
from edgecry.features.frames import ShortFrames, short_frames
from edgecry.features.kernels import Kernels
from edgecry.features.mel import without_level
from edgecry.features.once import once
from edgecry.features.spec import FeatureSpec
from edgecry.features.stft import Geometry, Magnitudes
from edgecry.features.tuning import join, octaves_of_peaks, track_bins, tuning_of_octaves

#: The geometry of librosa.estimate_tuning(y), which librosa.feature.chroma_cqt and tonnetz call.
TUNING_GEOMETRY = Geometry(2048, 512, 2048)
#: Families that are single numbers of each spectrum.
SHAPES: Final = frozenset({"centroid", "bandwidth", "rolloff", "flatness"})


class Survey(NamedTuple):
    """What one pass over the magnitudes of a clip finds: octaves of its peaks, and numbers of each frame."""

    octaves: Float32
    frames: Mapping[str, Float64]


class Glance(NamedTuple):
    """The same of some of its frames: pitches and magnitudes of peaks, and numbers of each frame."""

    peaks: tuple[Float32, Float32] | None
    frames: Mapping[str, Float64]


class Clip:
    """A clip, and what is made of it for several families: each when it is first read, and once.

    Parameters
    ----------
    y : float32 [shape=(n,)]
    spec : FeatureSpec
    only : sequence of str
        Families to compute.
    kernels : Kernels
    short : ShortFrames, optional
        Frames that are there already, in place of samples.
    """

    def __init__(
        self,
        y: Float32,
        spec: FeatureSpec,
        only: Sequence[str],
        kernels: Kernels,
        short: ShortFrames | None = None,
    ) -> None:
        self.y, self.spec, self.only, self.kernels = y, spec, only, kernels
        #: The clip at half its rate, at a quarter, and so on, if they are there already.
        self.halves: Sequence[Float32] = ()
        if short is not None:
            self.short = short

    def drop(self, results: Iterable[str]) -> None:
        """Forget results: of an hour of sound each is as large as the samples."""
        for result in results:
            self.__dict__.pop(result, None)

    @once
    def stft(self) -> Geometry:
        """Geometry of the longer transforms."""
        spec = self.spec
        return Geometry(spec.stft_n_fft, spec.stft_hop_length, spec.stft_win_length or spec.stft_n_fft)

    @once
    def short(self) -> ShortFrames:
        """Frames of the shorter transforms."""
        return short_frames(self.y, self.spec, self.kernels, self.only)

    @once
    def mel(self) -> Float32:
        """Mel power, with the level taken out if the spec says so. It is written over :attr:`short`."""
        return without_level(self.short.mel) if self.spec.level == "remove" else self.short.mel

    @once
    def magnitudes(self) -> Iterable[Float32]:
        """Magnitudes of the longer transforms."""
        return self._spectra()

    @once
    def survey(self) -> Survey:
        """Peaks and numbers of each frame, in one pass, since the magnitudes of a long clip are not kept."""
        # Only chroma reads them again.
        return surveyed(
            [self.glance(S) for S in (self.magnitudes if "chroma" in self.only else self._spectra())]
        )

    def glance(self, S: Float32) -> Glance:
        """Find the same in magnitudes of some frames, float32 (frames, 1 + stft_n_fft // 2)."""
        spec, peaks = self.spec, None
        if "chroma" in self.only or (self._shares_peaks and self._wants_notes):
            bins = track_bins(spec.sr, spec.stft_n_fft)
            peaks = self.kernels.spectral_peaks(self.powered(S), bins, spec.sr, spec.stft_n_fft)
        return Glance(peaks, {name: measure(S) for name, measure in self.measures.items()})

    @once
    def notes(self) -> Float32:
        """The constant-Q transform of the clip, summed into notes, float32 (n_frames, 12)."""
        octaves = self.survey.octaves if self._shares_peaks else self._octaves(self.y)
        return self._tuned_notes(self.y, octaves, self.halves)

    def harmonic_notes(self) -> Float32:
        """Compute the same of the harmonic part of the clip."""
        from edgecry.features.harmonic import harmonic

        y = harmonic(self.y)
        return self._tuned_notes(y, self._octaves(y))

    def powered(self, S: Float32) -> Float32:
        """Return what chroma is made of: magnitudes, or their squares."""
        return S if self.spec.chroma_power == 1 else S * S

    def _spectra(self) -> Magnitudes:
        return Magnitudes(self.y, self.stft, self.kernels)

    @once
    def measures(self) -> Mapping[str, Callable[[Float32], Float64]]:
        """How each family that reads frames of magnitudes one by one does it."""
        spec, kernels = self.spec, self.kernels
        measures: dict[str, Callable[[Float32], Float64]] = {}
        if "contrast" in self.only:
            bands = contrast_bands(spec.sr, spec.stft_n_fft, spec.n_bands, spec.fmin)
            measures["contrast"] = lambda S: np.stack(kernels.band_extremes(S, bands), axis=1)
        if "poly" in self.only:
            from edgecry.features.poly import poly_matrix

            fit = poly_matrix(spec.sr, spec.stft_n_fft, spec.poly_order)
            measures["poly"] = lambda S: S @ fit
        if not SHAPES.isdisjoint(self.only):
            from edgecry.features.shape import shape_measures

            shapes = shape_measures(spec.sr, spec.roll_percent)
            measures |= {name: shapes[name] for name in SHAPES.intersection(self.only)}
        return measures

    def _tuned_notes(self, y: Float32, octaves: Float32, halves: Sequence[Float32] = ()) -> Float32:
        tuning = tuning_of_octaves(octaves, BINS_PER_OCTAVE, self.kernels)
        return chroma_cqt(y, self.spec.sr, tuning, self.kernels, halves)

    @property
    def _wants_notes(self) -> bool:
        of_clip = {"chroma_cqt", "chroma_cens"} | ({"tonnetz"} if self.spec.tonnetz_of == "clip" else set())
        return not of_clip.isdisjoint(self.only)

    @property
    def _shares_peaks(self) -> bool:
        """True if chroma reads the very magnitudes by which a constant-Q transform is tuned."""
        return self.stft == TUNING_GEOMETRY and self.spec.chroma_power == 1

    def _octaves(self, y: Float32) -> Float32:
        """Find the octaves of peaks by librosa's default STFT, whatever the other families use."""
        sr, n_fft = self.spec.sr, TUNING_GEOMETRY.n_fft
        bins, spectra = track_bins(sr, n_fft), Magnitudes(y, TUNING_GEOMETRY, self.kernels)
        return octaves_of_peaks(join([self.kernels.spectral_peaks(S, bins, sr, n_fft) for S in spectra]))


def surveyed(glances: Sequence[Glance]) -> Survey:
    """Join what was found in all frames of a clip."""
    peaks = [glance.peaks for glance in glances if glance.peaks is not None]
    names = glances[0].frames
    frames = {name: np.concatenate([glance.frames[name] for glance in glances]) for name in names}
    return Survey(octaves_of_peaks(join(peaks)), frames)
