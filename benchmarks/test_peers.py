"""Mel and cepstra by edgecry beside other libraries, where these are installed, on the same samples.

Their settings cannot all be made the same (Kaldi has 80 bands, and no zero padding at the ends), so
this shows an order of magnitude. ``pip install kaldi-native-fbank python_speech_features audioflux
essentia`` for as many as there are for the machine.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import seed_pipeline as seed
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec

SR = seed.SR


@pytest.fixture(scope="module")
def y(clip):
    return seed.load(clip)


def edgecry(y):
    extractor = FeatureExtractor(FeatureSpec(families=("mfcc",)))
    return lambda: extractor.extract(y)


def librosa(y):
    return lambda: seed.mfcc_of(y)


def kaldi_native_fbank(y):
    knf = pytest.importorskip("kaldi_native_fbank")
    options = knf.MfccOptions()
    options.frame_opts.samp_freq, options.frame_opts.dither = SR, 0
    options.mel_opts.num_bins, options.num_ceps = 80, 40
    samples = y.tolist()

    def run():
        mfcc = knf.OnlineMfcc(options)
        mfcc.accept_waveform(SR, samples)
        mfcc.input_finished()
        return np.mean([mfcc.get_frame(i) for i in range(mfcc.num_frames_ready)], axis=0)

    return run


def python_speech_features(y):
    psf = pytest.importorskip("python_speech_features")
    return lambda: psf.mfcc(y, SR, 0.025, 0.01, numcep=40, nfilt=128, nfft=1024).mean(axis=0)


def audioflux(y):
    flux = pytest.importorskip("audioflux")
    return lambda: flux.mfcc(y, cc_num=40, mel_num=128, radix2_exp=10, samplate=SR, slide_length=160)[0].mean(
        1
    )


def essentia(y):
    es = pytest.importorskip("essentia.standard")
    window, spectrum = es.Windowing(type="hann", zeroPadding=624), es.Spectrum()
    mfcc = es.MFCC(
        inputSize=513, sampleRate=SR, numberBands=128, numberCoefficients=40, highFrequencyBound=SR / 2
    )

    def run():
        frames = es.FrameGenerator(y, frameSize=400, hopSize=160)
        return np.mean([mfcc(spectrum(window(frame)))[1] for frame in frames], axis=0)

    return run


@pytest.mark.parametrize(
    "library", [edgecry, librosa, kaldi_native_fbank, python_speech_features, audioflux, essentia]
)
def test_40_cepstra_of_7_seconds(benchmark, y, library):
    benchmark.group = "40 cepstra, mean over time"
    work = library(y)
    assert np.shape(benchmark(work)) == (40,)
