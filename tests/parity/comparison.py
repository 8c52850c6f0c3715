"""Tolerances of the promise, and how a vector of ours is held against librosa's."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from edgecry.diagnostics.selftest import ABSOLUTE, MEL_RELATIVE
from edgecry.errors import EdgecryWarning
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.harmonic import harmonic
from edgecry.features.kernels import ENGINES
from edgecry.features.spec import FeatureSpec
from tests.parity import reference
from tests.spectra import estimate_tuning, magnitude


def tolerance(family: str, theirs: np.ndarray, spec: FeatureSpec | None = None) -> np.ndarray:
    """Allowed difference of each value.

    librosa's cepstra are float32, and those of silence so large (-1131) that neighbouring numbers
    are 1.2e-4 apart: mfcc is allowed that last digit in addition.

    A mel value is power and spans many decades, so each band is held to a part of itself, however
    quiet it is. Two floors lie below that. A float64 transform rounds a bin to about 1e-16 of the
    loudest one, 1e-32 in power: bands 1e-24 below the loudest band are rounding, not sound. And
    librosa stores spectra as float32, which below 1.2e-38 has fewer and fewer digits.

    A lifter and a transform without norm make cepstra larger, and their differences with them. Where a
    window has hardly any harmonic part, its tonal centroids are those of rounding.
    """
    spec = spec or FeatureSpec()
    if family == "mfcc":
        scale = (1 + spec.lifter / 2) * (1 if spec.dct_norm == "ortho" else 2 * np.sqrt(spec.n_mels))
        digits = 1 if scale == 1 and spec.dct_type == 2 else 8
        return ABSOLUTE[family] * scale + digits * np.spacing(np.abs(theirs).astype(np.float32))
    if family == "tonnetz" and spec.tonnetz_of == "harmonic":
        return np.full(theirs.shape, 1e-4)
    if family == "mel" and spec.mel_unit != "power":
        return np.full(theirs.shape, ABSOLUTE["logmel"])
    if family != "mel":
        return np.full(theirs.shape, ABSOLUTE[family])
    floor = max(1e-24 * float(theirs.max(initial=0.0)), float(np.finfo(np.float32).tiny))
    return MEL_RELATIVE * np.abs(theirs) + floor


class Compared(NamedTuple):
    """One clip by all engines and by librosa.

    ``ours`` has a row for each of ENGINES, as ``our_tunings`` has an entry.
    """

    name: str
    spec: FeatureSpec
    ours: np.ndarray
    theirs: np.ndarray
    our_tunings: list[dict[str, float]]
    their_tunings: dict[str, float]

    @property
    def tunings_agree(self) -> bool:
        return all(ours == self.their_tunings for ours in self.our_tunings)

    def excess(self, family: str) -> float:
        """Greatest difference in ``family``, in tolerances: over 1 is a failure, NaN counts as one."""
        part = self.spec.slices[family]
        ours, theirs = self.ours[:, part], self.theirs[part]
        worst = float(np.max(np.abs(ours - theirs) / tolerance(family, theirs, self.spec)))
        return float("inf") if np.isnan(worst) else worst


def compare(name: str, y: np.ndarray, spec: FeatureSpec | None = None) -> Compared:
    """Compute ``y``'s vector and tunings by both."""
    spec = spec or FeatureSpec()
    theirs = reference.tunings(y, spec)
    ours = np.stack([vector(y, spec, engine) for engine in ENGINES])
    our_tunings = [tunings(y, spec, engine) for engine in ENGINES]
    return Compared(name, spec, ours, reference.vector(y, spec, theirs), our_tunings, theirs)


def vector(y: np.ndarray, spec: FeatureSpec, engine: str) -> np.ndarray:
    extractor = FeatureExtractor(spec, engine)
    assert extractor.engine == engine, f"{engine} did not load, {extractor.engine} did"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EdgecryWarning)  # of clips without a pitch
        return extractor.extract(y)


def tunings(y: np.ndarray, spec: FeatureSpec, engine: str) -> dict[str, float]:
    y, out = reference.fitted(y, spec), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EdgecryWarning)
        if "chroma" in spec.families:
            n_fft = spec.stft_n_fft
            S = magnitude(y, n_fft, spec.stft_hop_length, spec.stft_win_length or n_fft, engine)
            S = S**spec.chroma_power
            out["chroma"] = estimate_tuning(S, spec.sr, n_fft, 12, engine)
        if "tonnetz" in spec.families:
            sound = harmonic(y) if spec.tonnetz_of == "harmonic" else y
            S = magnitude(sound, 2048, 512, 2048, engine)
            out["tonnetz"] = estimate_tuning(S, spec.sr, 2048, 36, engine)
    return out


def assert_same(compared: Compared) -> None:
    """Same tunings, then every family within its tolerance."""
    assert compared.tunings_agree, compared.name
    over = {family: compared.excess(family) for family in compared.spec.families}
    assert max(over.values()) <= 1, f"{compared.name}: in tolerances, {over}"
