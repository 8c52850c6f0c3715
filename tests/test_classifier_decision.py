"""classifier: whether there is a cry, and only then why."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier
from edgecry.decision import Decision, find_reasons
from edgecry.errors import AudioError, EdgecryError, ModelError
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.model import CryModel
from tests import graphs
from tests.conftest import answer, tone

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
    with pytest.raises(ModelError, match="is not a detector"):
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
