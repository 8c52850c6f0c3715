"""classifier: a recording in, a Prediction out."""

import io
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, asdict, replace

import numpy as np
import pytest
import soundfile

from benchmarks import scaling
from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier, Prediction
from edgecry.decision import Cry, Decision, Reasons, find_reasons
from edgecry.diagnostics import bench
from edgecry.errors import AudioError, EdgecryError, ModelError
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.bundled import BUNDLED_MODEL, bundled
from edgecry.models.model import CryModel, RuntimeOptions
from tests import graphs
from tests.conftest import needs_bundled, tone


@pytest.fixture
def classifier(model_path) -> Classifier:
    """The model's own answer: nothing is decided."""
    return Classifier(model_path, decision=None)


def answer(prediction: Prediction) -> dict:
    """All of it but the time it took."""
    return {key: value for key, value in asdict(prediction).items() if key != "elapsed"}


# -- one recording -----------------------------------------------------------------------------------


def test_is_the_chain_of_its_parts(classifier, recordings):
    """load_audio, extract, softmax(features @ W), and the largest of them."""
    for path in recordings:
        y = load_audio(path, sr=graphs.SPEC.sr)
        scores = FeatureExtractor(graphs.SPEC).extract(y.samples) @ graphs.weights()
        expected = np.exp(scores) / np.exp(scores).sum()
        found = classifier.classify(path)
        np.testing.assert_allclose(list(found.probabilities.values()), expected, atol=1e-5)
        assert found.label == graphs.LABELS[np.argmax(expected)]


def test_recordings_differ(classifier, recordings):
    """Or the other tests here would show nothing."""
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


# -- Prediction --------------------------------------------------------------------------------------

KEYS = ["label", "confidence", "probabilities", "cry", "reasons", "heard"]
KEYS += ["duration", "elapsed_ms", "model"]
PREDICTION = Prediction("b", 2 / 3, {"a": 1 / 3, "b": 2 / 3}, 6.912345, 0.0123456, "m")


def test_prediction_is_frozen():
    with pytest.raises(FrozenInstanceError):
        PREDICTION.label = "a"


def test_to_dict_is_rounded_and_in_order():
    found = PREDICTION.to_dict()
    assert found == {
        "label": "b",
        "confidence": 0.666667,
        "probabilities": {"a": 0.333333, "b": 0.666667},
        "cry": None,
        "reasons": None,
        "heard": "sound",
        "duration": 6.912,
        "elapsed_ms": 12.35,
        "model": "m",
    }
    assert list(found) == KEYS
    assert list(found["probabilities"]) == ["a", "b"]


def test_to_dict_of_an_answer_is_json(classifier, recordings):
    found = classifier.classify(recordings[0]).to_dict()
    assert json.loads(json.dumps(found)) == found


def test_to_dict_with_findings():
    cry, reasons = Cry(0.75, 0.5), Reasons({"a": 0.9, "b": 0.1}, ("a", "b"), 0.9, {"a": 0.8, "b": 0.2})
    found = Prediction("uncertain", None, {"a": 0.9, "b": 0.1}, 1.0, 0.1, "m", cry, reasons).to_dict()
    assert list(found) == KEYS
    assert found["confidence"] is None
    assert found["cry"] == cry.to_dict()
    assert found["reasons"] == reasons.to_dict()


# -- whether, then why -------------------------------------------------------------------------------

LOUD, QUIET = tone(0), (0.01 * tone(0)).astype(np.float32)


@pytest.fixture
def ear(tmp_path):
    """A detector that takes what is loud for a cry."""
    return graphs.save(tmp_path / "ear.onnx", graphs.detector())


@pytest.fixture
def why(tmp_path):
    """A model of reasons that knows of sets."""
    return graphs.save(tmp_path / "why.onnx", graphs.reasons())


@pytest.fixture
def extractions(monkeypatch):
    """Lengths of what features are computed of."""
    seen, extract = [], FeatureExtractor.extract

    def count(self, y):
        seen.append(len(y))
        return extract(self, y)

    monkeypatch.setattr(FeatureExtractor, "extract", count)
    return seen


def test_no_cry_has_no_reason(ear, why, extractions):
    found = Classifier(why, detector=ear).classify(QUIET, sr=8000)
    assert found.label == "no_cry"
    assert not found.cry.detected
    assert found.confidence == 1 - found.cry.probability
    assert (found.probabilities, found.reasons) == ({}, None)
    assert 4000 not in extractions  # nothing was computed for the reason
    assert found.model == "why"


def test_a_cry_has_the_reasons_of_its_model(ear, why):
    found = Classifier(why, detector=ear).classify(LOUD, sr=8000)
    alone = Classifier(why, detector=None).classify(LOUD, sr=8000)
    assert found.cry.detected
    assert found.cry.threshold == 0.05
    assert found.probabilities == alone.probabilities == dict(found.reasons.probabilities)
    rule = CryModel.load(why).metadata.rule
    assert found.reasons == alone.reasons == find_reasons(found.probabilities, rule, Decision())
    assert (found.label, found.confidence) == (alone.label, alone.confidence)
    assert alone.cry is None


def test_cry_is_of_the_windows(ear, why):
    found = Classifier(why, detector=ear).classify(LOUD, sr=8000)
    assert found.cry.probability == max(w.probability for w in found.cry.windows)
    assert found.cry.windows[-1].end == found.duration == 0.5


def test_threshold_in_place_of_the_models(ear, why):
    p = Classifier(why, detector=ear).classify(LOUD, sr=8000).cry.probability
    for threshold, cry in ((p - 0.01, True), (p + 0.01, False)):
        found = Classifier(why, detector=ear, decision=Decision(threshold=threshold)).classify(LOUD, sr=8000)
        assert (found.cry.threshold, found.cry.detected) == (threshold, cry)
        assert (found.label == "no_cry") != cry


def test_coverage_in_place_of_the_models(ear, why):
    sets = [
        Classifier(why, detector=ear, decision=Decision(coverage=c)).classify(LOUD, sr=8000).reasons.set
        for c in (0.05, 0.9, 0.99)
    ]
    assert set(sets[0]) < set(sets[1]) <= set(sets[2]) == set(graphs.LABELS)


def test_a_model_without_sets_behind_a_detector(ear, model_path):
    classifier = Classifier(model_path, detector=ear)
    assert classifier.classify(QUIET, sr=8000).label == "no_cry"
    found = classifier.classify(LOUD, sr=8000)
    raw = Classifier(model_path, decision=None).classify(LOUD, sr=8000)
    assert (found.label, found.probabilities, found.reasons) == (raw.label, raw.probabilities, None)
    assert found.cry.detected


def test_a_detector_alone(ear):
    classifier = Classifier(ear)
    assert classifier.labels == ("cry", "no_cry")
    assert classifier.detector is classifier.model
    for y, label in ((LOUD, "cry"), (QUIET, "no_cry")):
        found = classifier.classify(y, sr=8000)
        p = found.cry.probability
        assert (found.label, found.reasons) == (label, None)
        assert found.probabilities == {"cry": p, "no_cry": 1 - p}
        assert found.confidence == found.probabilities[label]


def test_a_detector_without_a_decision_is_a_model_as_any(ear):
    found = Classifier(ear, decision=None).classify(LOUD, sr=8000)
    assert tuple(found.probabilities) == ("other", "cry")
    assert found.cry is None


def test_without_a_decision_no_detector_is_opened(why, tmp_path):
    classifier = Classifier(why, detector=tmp_path / "none.onnx", decision=None)
    found = classifier.classify(QUIET, sr=8000)
    assert found.label == max(found.probabilities, key=found.probabilities.__getitem__)
    assert (found.cry, found.reasons) == (None, None)


def test_a_shared_recipe_is_computed_once(tmp_path, why, extractions):
    """One window is the whole recording, and both models read the same vector."""
    ear = graphs.save(tmp_path / "long.onnx", graphs.detector(window=1.0, hop=0.5))
    alone = Classifier(why, detector=None).classify(LOUD, sr=8000)
    extractions.clear()
    found = Classifier(why, detector=ear).classify(LOUD, sr=8000)
    assert extractions == [4000]
    assert found.probabilities == alone.probabilities


def test_a_shared_recipe_of_which_each_reads_a_part(tmp_path, why):
    """Families that only the second reads are there."""
    model = graphs.make(
        replace(graphs.EAR, reads=(0, 1, 2, 3), decision={**graphs.THRESHOLD, "window": 1.0}),
        W=np.vstack((np.full((4, 2), 0.001), np.zeros((8, 2)))).astype(np.float32),
    )
    ear = graphs.save(tmp_path / "part.onnx", model)
    alone = Classifier(why, detector=None).classify(LOUD, sr=8000)
    assert Classifier(why, detector=ear).classify(LOUD, sr=8000).probabilities == alone.probabilities


def test_windows_have_no_more_computed_than_the_detector_reads(tmp_path, why, monkeypatch):
    """Their vectors are of no use to the other model."""
    model = graphs.make(
        replace(graphs.EAR, reads=(0, 1, 2, 3)),
        W=np.vstack((np.full((4, 2), 0.001), np.zeros((8, 2)))).astype(np.float32),
    )
    ear, computed, extract = graphs.save(tmp_path / "part.onnx", model), [], FeatureExtractor.extract
    monkeypatch.setattr(
        FeatureExtractor, "extract", lambda self, y: computed.append((len(y), self.only)) or extract(self, y)
    )
    Classifier(why, detector=ear).classify(LOUD, sr=8000)
    assert computed == [*4 * [(1600, ("mfcc",))], (4000, ("mfcc", "mel"))]


def test_each_model_hears_its_own_rate(tmp_path, ear, recordings):
    """From every kind of source, one that can be read only once too."""
    why = graphs.save(tmp_path / "why16.onnx", graphs.reasons(sr=16000))
    both, path = Classifier(why, detector=ear), recordings[0]
    expected = both.classify(path)
    alone = Classifier(why, detector=None).classify(path)
    assert expected.cry == Classifier(ear).classify(path).cry
    assert expected.probabilities == alone.probabilities
    with path.open("rb") as file:
        assert answer(both.classify(file)) == answer(expected)
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as cat:
        assert answer(both.classify(cat.stdout)) == answer(expected)
    for source in (path.read_bytes(), load_audio(path, sr=8000)):
        assert answer(both.classify(source)) == answer(expected)


def test_errors_of_the_detector_name_the_recording(ear, why, recordings, monkeypatch):
    def refuse(self, y):
        raise AudioError("samples reach 1e+30")

    monkeypatch.setattr(FeatureExtractor, "extract", refuse)
    with pytest.raises(AudioError, match=r"cry0\.wav: samples reach"):
        Classifier(why, detector=ear).classify(recordings[0])


def test_numba_is_taken_over_for_both(ear, why, recordings, monkeypatch):
    monkeypatch.setattr("edgecry.classifier.MANY", 1)
    monkeypatch.setattr("edgecry.classifier._faster", lambda extractor: taken.append(extractor) or extractor)
    taken = []
    found = list(Classifier(why, detector=ear).classify_many(recordings))
    assert len(taken) == 3
    assert len(found) == 3
    taken.clear()
    list(Classifier(why, "numpy", detector=ear).classify_many(recordings))
    assert not taken


def test_a_detector_must_be_one(why, model_path):
    with pytest.raises(ModelError, match="is no detector"):
        Classifier(why, detector=model_path)


def test_settings_without_effect_are_refused(model_path, ear, why):
    with pytest.raises(EdgecryError, match="threshold: why runs without a detector"):
        Classifier(why, detector=None, decision=Decision(threshold=0.5))
    for model in (model_path, ear):
        with pytest.raises(EdgecryError, match=r"coverage: .* knows of no sets"):
            Classifier(model, detector=ear, decision=Decision(coverage=0.5))


def test_threads_decide_alike(ear, why):
    classifier = Classifier(why, detector=ear)
    clips = [LOUD, QUIET, tone(1), tone(2)]
    expected = [answer(classifier.classify(y, sr=8000)) for y in clips]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda y: answer(classifier.classify(y, sr=8000)), clips * 8)) == expected * 8


@pytest.mark.parametrize("db", [-6, -12, -20, -40])
def test_gain_changes_nothing_where_models_remove_the_level(tmp_path, db):
    """A microphone that is turned down hears the same cry, for the same reason."""
    spec = replace(graphs.SPEC, level="remove")
    ear = graphs.make(replace(graphs.EAR, spec=spec, decision={**graphs.THRESHOLD, "threshold": 0.44}))
    why = graphs.make(replace(graphs.REASONS, spec=spec))
    paths = [graphs.save(tmp_path / name, model) for name, model in (("ear.onnx", ear), ("why.onnx", why))]
    classifier = Classifier(paths[1], detector=paths[0])
    labels = set()
    for seed in range(8):
        y = tone(seed)
        loud, soft = (classifier.classify((g * y).astype(np.float32), sr=8000) for g in (1, 10 ** (db / 20)))
        assert soft.label == loud.label
        assert soft.cry.probability == pytest.approx(loud.cry.probability, abs=1e-4)
        assert soft.probabilities == pytest.approx(loud.probabilities, abs=1e-4)
        labels.add(loud.label)
    assert labels == {"no_cry", "uncertain"}
