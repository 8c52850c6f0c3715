"""classifier: a recording in, a Prediction out."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from benchmarks import scaling
from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier
from edgecry.decision import Decision
from edgecry.diagnostics import bench
from edgecry.errors import AudioError, EdgecryError, ModelError
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.bundled import BUNDLED_MODEL, bundled
from edgecry.models.model import CryModel
from edgecry.models.runtimes import RuntimeOptions
from edgecry.prediction import Prediction
from tests import graphs
from tests.conftest import answer, needs_bundled, tone


@pytest.fixture
def classifier(model_path) -> Classifier:
    """The model's own answer: nothing is decided."""
    return Classifier(model_path, decision=None)


# -- one recording -----------------------------------------------------------------------------------


def test_is_the_chain_of_its_parts(classifier, recordings):
    """The answer is that of load_audio, extract, softmax(features @ W), and the largest of them."""
    for path in recordings:
        y = load_audio(path, sr=graphs.SPEC.sr)
        scores = FeatureExtractor(graphs.SPEC).extract(y.samples) @ graphs.weights()
        expected = np.exp(scores) / np.exp(scores).sum()
        found = classifier.classify(path)
        np.testing.assert_allclose(list(found.probabilities.values()), expected, atol=1e-5)
        assert found.label == graphs.LABELS[np.argmax(expected)]


def test_recordings_differ(classifier, recordings):
    """The other tests here would show nothing otherwise."""
    assert len({p.confidence for p in classifier.classify_many(recordings)}) == len(recordings)


def test_prediction_is_complete(classifier, recordings):
    prediction = classifier.classify(recordings[0])
    assert tuple(prediction.probabilities) == graphs.LABELS
    assert (
        prediction.confidence
        == prediction.probabilities[prediction.label]
        == max(prediction.probabilities.values())
    )
    assert prediction.duration == 0.5
    assert prediction.elapsed > 0
    assert prediction.model == "tiny"


def test_prediction_is_json(classifier, recordings):
    found = classifier.classify(recordings[0]).to_dict()
    assert json.loads(json.dumps(found)) == found


def test_tie_goes_to_the_first_label(tmp_path):
    even = graphs.make(W=np.zeros((graphs.SPEC.n_features, 3), np.float32))
    prediction = Classifier(graphs.save(tmp_path / "even.onnx", even), decision=None).classify(
        tone(0), sr=8000
    )
    assert prediction.label == graphs.LABELS[0]
    assert prediction.confidence == pytest.approx(1 / 3)


def test_every_source_gives_the_same(classifier, recordings):
    path = recordings[0]
    y = tone(0)
    expected = answer(classifier.classify(path))
    with path.open("rb") as file:
        assert answer(classifier.classify(file)) == expected
    for source in (
        str(path),
        path.read_bytes(),
        io.BytesIO(path.read_bytes()),
        (y, 8000),
        load_audio(path, sr=8000),
    ):
        assert answer(classifier.classify(source)) == expected
    assert answer(classifier.classify(y, sr=8000)) == expected


def test_other_rates_are_resampled(classifier):
    y = tone(1, sr=16000)
    expected = classifier.classify(load_audio((y, 16000), sr=8000))
    assert answer(classifier.classify(y, sr=16000)) == answer(expected)
    assert expected.duration == 0.5


def test_array_needs_its_rate(classifier):
    with pytest.raises(AudioError, match=r"sr: an array does not tell its rate.*classify\(y, sr=16000\)"):
        classifier.classify(tone(0))


def test_rate_of_anything_else_is_refused(classifier, recordings):
    path = recordings[0]
    for source in (path, str(path), path.read_bytes(), (tone(0), 8000), load_audio(path, sr=8000)):
        with pytest.raises(AudioError, match=r"sr: 8000 was given with .*leave sr out"):
            classifier.classify(source, sr=8000)


def test_errors_name_the_recording(classifier, tmp_path):
    path = tmp_path / "none.wav"
    with pytest.raises(AudioError, match=r"none\.wav"):
        classifier.classify(path)


def test_errors_of_the_extractor_name_the_recording(classifier, recordings, monkeypatch):
    def refuse(self, y):
        raise AudioError("samples reach 1e+30")

    monkeypatch.setattr(FeatureExtractor, "extract", refuse)
    with pytest.raises(AudioError, match=r"cry0\.wav: samples reach"):
        classifier.classify(recordings[0])


def test_threads_get_the_same_answers(classifier):
    clips = [tone(seed) for seed in range(6)]
    expected = [answer(classifier.classify(y, sr=8000)) for y in clips]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda y: answer(classifier.classify(y, sr=8000)), clips * 16))
    assert found == expected * 16


@needs_bundled
@pytest.mark.parametrize("kind", scaling.KINDS)
def test_memory_grows_by_12_bytes_a_sample_at_most(tmp_path, kind):
    """Ten minutes, beside a process that has done 7 s; of an hour, each takes less."""
    seconds, clip = 600, tmp_path / "clip.wav"
    soundfile.write(clip, tone(0, seconds=7), 8000)
    path = bench.write_length(clip, seconds, tmp_path)
    grown_mb = scaling.in_own_process(kind, "numpy", path, clip)["grown_mb"]
    assert 0 < 1e6 * grown_mb <= 12 * seconds * scaling.SR


# -- many --------------------------------------------------------------------------------------------


def test_many_are_one_by_one(classifier, recordings):
    found = [answer(p) for p in classifier.classify_many(recordings)]
    assert found == [answer(classifier.classify(path)) for path in recordings]


def test_many_is_lazy(classifier, recordings):
    taken = []

    def sources():
        for path in recordings:
            taken.append(path)
            yield path

    answers = classifier.classify_many(sources())
    assert taken == []
    next(answers)
    assert taken == recordings[:1]


def test_many_raises(classifier, recordings, tmp_path):
    answers = classifier.classify_many([recordings[0], tmp_path / "none.wav", recordings[1]])
    assert isinstance(next(answers), Prediction)
    with pytest.raises(AudioError, match="none"):
        next(answers)


def test_many_yields_errors_in_place(classifier, recordings, tmp_path):
    sources = [recordings[0], tmp_path / "none.wav", recordings[1]]
    found = list(classifier.classify_many(sources, errors="yield"))
    assert [type(x) for x in found] == [Prediction, AudioError, Prediction]


def test_many_refuses_other_manners_at_once(classifier):
    with pytest.raises(EdgecryError, match="errors: 'ignore' is unknown; allowed are raise, yield"):
        classifier.classify_many([], errors="ignore")


# -- the model it uses -------------------------------------------------------------------------------


def test_shows_its_model(classifier, model_path):
    assert classifier.labels == graphs.LABELS
    assert classifier.spec == graphs.SPEC
    assert classifier.model.path == model_path


def test_takes_an_open_model(model_path, recordings):
    model = CryModel.load(model_path, RuntimeOptions(threads=2))
    classifier = Classifier(model, detector=None)
    assert classifier.model is model
    assert classifier.detector is None
    assert classifier.classify(recordings[0]).model == "tiny"


def test_refused_model(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        Classifier(tmp_path / "none.onnx")


def test_an_unknown_name_is_answered_with_those_there_are():
    for asked in ({"model": "craying"}, {"detector": "craying"}):
        with pytest.raises(ModelError, match=r"craying: no such file.* cry, reason, seed$"):
            Classifier(**asked)


@pytest.mark.parametrize("model", ["", 3, b"", ["cry"]])
def test_what_names_no_model(model):
    with pytest.raises(ModelError, match=r"model: found .*allowed are a path and the name"):
        Classifier(model)


@pytest.mark.parametrize("decision", [0.5, {"threshold": 0.5}, Decision])
def test_what_is_no_decision(model_path, decision):
    with pytest.raises(EdgecryError, match=r"decision: found .*allowed are a Decision and None"):
        Classifier(model_path, detector=None, decision=decision)


def test_seed_answers_as_ever(recordings):
    classifier = Classifier("seed", decision=None)
    assert classifier.model.path == BUNDLED_MODEL
    prediction = classifier.classify(recordings[0])
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert prediction.label == max(prediction.probabilities, key=prediction.probabilities.__getitem__)
    assert (prediction.cry, prediction.reasons) == (None, None)


@needs_bundled
def test_bundled_models_are_the_default(recordings):
    classifier = Classifier()
    assert classifier.model.path == bundled("reason")
    assert classifier.detector.path == bundled("cry")
    prediction = classifier.classify(recordings[0])
    assert prediction.cry is not None
    assert (prediction.reasons is not None) == prediction.cry.detected


@needs_bundled
@pytest.mark.parametrize("model", ["reason", "seed", "cry"])
def test_bundled_models_take_silence_for_no_cry(model):
    classifier = Classifier(model)
    for y in (np.zeros(56000, np.float32), np.full(100, 0.25, np.float32)):
        prediction = classifier.classify(y, sr=8000)
        assert (prediction.label, prediction.cry.detected) == ("no_cry", False)
