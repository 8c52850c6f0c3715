"""timeline: where in a long recording a baby cries, exactly as a stream of the same sound tells it."""

import io
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import soundfile

from edgecry import Classifier, EdgecryWarning, ModelError, StreamClassifier, Timeline, load_audio
from edgecry.audio.load import AudioOptions
from edgecry.classifier import LONG
from edgecry.errors import AudioError, TooLongError
from tests import streams
from tests.conftest import needs_bundled
from tests.recordings import encode, wav


@pytest.fixture
def classifier(tmp_path):
    return Classifier(streams.reasoner(tmp_path), detector=streams.loud_detector(tmp_path))


def streamed(classifier, y, sr=streams.SR):
    """What a stream with the same models makes of samples: the ends of cries, and all windows."""
    channels = 1 if y.ndim == 1 else y.shape[1]
    stream = StreamClassifier(classifier.model, sr, channels=channels, detector=classifier.detector)
    stream.recent = type(stream.recent)()  # all of them
    events = streams.run(stream, y, (4001,))
    return tuple(e for e in events if e.kind == "end"), tuple(stream.recent)


@pytest.mark.parametrize("seconds", [0.05, 0.3, 3.0, 9.63, 40.0])
def test_equals_the_stream(classifier, seconds):
    y = streams.scene(seconds, (1, 2.2), (4, 7), (20, 33), (39.5, 40))
    timeline = classifier.timeline(y, streams.SR)
    assert (timeline.cries, timeline.windows) == streamed(classifier, y)
    assert timeline.duration == pytest.approx(seconds)
    assert len(timeline.cries) == (seconds > 4) + (seconds > 20)
    assert all(cry.reasons for cry in timeline.cries)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_equals_the_stream_of_a_file_at_another_rate_and_in_stereo(classifier, tmp_path, rate):
    y = streams.scene(24, (1, 4), (16, 19), sr=rate)
    y = 3 * np.stack([y, 0.5 * np.roll(y, 3)], axis=1)
    soundfile.write(tmp_path / "long.wav", y, rate, subtype="FLOAT")
    timeline = classifier.timeline(tmp_path / "long.wav")
    assert (timeline.cries, timeline.windows) == streamed(classifier, y, rate)
    assert timeline.cries


@needs_bundled
def test_the_bundled_models_equal_their_stream():
    from convert.synth import synthetic_cry

    y = np.random.default_rng(0).normal(0, 1e-3, 16000 * 60).astype(np.float32)
    for at in (12, 41):
        cry = synthetic_cry(sr=16000, seconds=8, seed=at)
        y[16000 * at : 16000 * at + len(cry)] += cry
    classifier = Classifier()
    timeline = classifier.timeline(y, 16000)
    assert (timeline.cries, timeline.windows) == streamed(classifier, y, 16000)
    assert [round(cry.start) // 5 for cry in timeline.cries] == [2, 7]


def test_a_cry_has_times_and_probabilities(classifier):
    timeline = classifier.timeline(streams.scene(40, (10, 16)), streams.SR)
    (cry,) = timeline.cries
    assert (cry.start, cry.end) == pytest.approx((10, 16), abs=0.4)
    assert 0 < cry.mean <= cry.peak <= 1
    assert timeline.label == "cry"
    assert timeline.crying == pytest.approx(cry.duration)
    with pytest.raises(FrozenInstanceError):
        timeline.cries = ()


# -- sources -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["path", "str", "bytes", "file", "pipe", "array", "waveform"])
def test_every_kind_of_source(classifier, tmp_path, kind):
    content = encode(streams.scene(35, (10, 16)), streams.SR)
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    expected = classifier.timeline(path)
    with path.open("rb") as file:
        source = {
            "path": path,
            "str": str(path),
            "bytes": content,
            "file": file,
            "pipe": Pipe(content),
            "array": (load_audio(path, sr=streams.SR).samples, streams.SR),
            "waveform": load_audio(path, sr=streams.SR),
        }[kind]
        found = classifier.answer(source)
    assert isinstance(found, Timeline)
    assert found.cries == expected.cries != ()
    assert found.windows == expected.windows


class Pipe(io.RawIOBase):
    """Bytes that can be read once."""

    def __init__(self, content):
        self._file = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._file.readinto(buffer)


def test_recordings_in_a_row_are_one(classifier):
    part = encode(streams.scene(20, (5, 9)), streams.SR)
    with pytest.warns(EdgecryWarning, match="3 recordings in a row"):
        timeline = classifier.answer(part * 3)
    assert timeline.duration == 60
    assert [round(cry.start) for cry in timeline.cries] == [5, 25, 45]


def test_channels_that_cancel_each_other_are_heard_anew(classifier):
    y = streams.scene(35, (10, 16))
    with pytest.warns(EdgecryWarning, match="only channel 2 is heard"):
        timeline = classifier.timeline(encode(np.stack([-0.98 * y, y], axis=1), streams.SR))
    assert [round(cry.start) for cry in timeline.cries] == [10]
    assert timeline.duration == 35


def test_what_is_left_of_a_recording_that_is_cut_off_is_heard(classifier):
    content = encode(streams.scene(60, (10, 16), (40, 50)), streams.SR)
    with pytest.warns(EdgecryWarning, match="cut short"):
        timeline = classifier.timeline(content[: len(content) // 2])
    assert [round(cry.start) for cry in timeline.cries] == [10]
    assert timeline.duration == pytest.approx(30, abs=0.1)


def test_a_header_that_promises_more_than_a_short_recording_holds(classifier):
    with pytest.warns(EdgecryWarning, match="cut short"):
        prediction = classifier.answer(wav(b"\1\0" * 8000, rate=streams.SR, size=2**30))
    assert not isinstance(prediction, Timeline)
    assert prediction.duration == 1


def test_a_long_one_is_refused_if_it_is_too_long(tmp_path):
    classifier = Classifier(streams.loud_detector(tmp_path), audio=AudioOptions(longest=40))
    assert classifier.answer(streams.noise(39), streams.SR).duration == 39
    with pytest.raises(TooLongError, match="40 s are allowed"):
        classifier.answer(encode(streams.noise(41), streams.SR))


def test_long_is_over_thirty_seconds(classifier):
    assert not isinstance(classifier.answer(streams.noise(LONG), streams.SR), Timeline)
    assert isinstance(classifier.answer(streams.noise(LONG + 0.001), streams.SR), Timeline)


def test_a_short_answer_is_that_of_classify(classifier):
    source = encode(streams.scene(5, (1, 3)), streams.SR)
    answer, expected = classifier.answer(source).to_dict(), classifier.classify(source).to_dict()
    assert {**answer, "elapsed_ms": 0} == {**expected, "elapsed_ms": 0}


# -- what cannot be heard ----------------------------------------------------------------------------


def test_silence_is_told(classifier):
    assert classifier.timeline(np.zeros(8000 * 40, np.float32), streams.SR).heard == "digital_silence"
    assert classifier.timeline(streams.noise(40, 1e-5), streams.SR).heard == "too_quiet"
    assert classifier.timeline(streams.noise(0.1, 0.1), streams.SR).heard == "too_short"
    assert classifier.timeline(streams.noise(40, 0.1), streams.SR).heard == "sound"


def test_nothing_at_all_is_an_error(classifier):
    with pytest.raises(AudioError, match="no samples"):
        classifier.timeline(wav(b"", rate=streams.SR))


def test_a_detector_is_needed(tmp_path):
    classifier = Classifier(streams.reasoner(tmp_path), detector=None)
    with pytest.raises(ModelError, match="without a detector"):
        classifier.timeline(streams.noise(40), streams.SR)
    assert classifier.answer(streams.noise(40), streams.SR).cry is None


def test_memory_is_that_of_minutes(tmp_path):
    """The samples alone of an hour would be 230 MB."""
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 16000, 1) as file:
        for _ in range(60):
            file.write(np.zeros(60 * 16000, np.int16))
    code = (
        "import sys; from edgecry import Classifier; from edgecry.diagnostics.process import memory;"
        "t = Classifier().timeline(sys.argv[1]); assert t.duration == 3600;"
        # What the process that started it held does not count here, as it does in getrusage.
        "print(memory('VmHWM') // 1000)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, path], env=env, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 170_000
