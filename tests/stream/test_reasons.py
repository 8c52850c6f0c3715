"""stream: reasons, which are looked for while a baby cries, and are what the Classifier gives."""

from dataclasses import replace

import numpy as np
import pytest

from edgecry.classifier import Classifier
from edgecry.decision import Decision, find_reasons, name_reason
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.kernels import ENGINES
from edgecry.stream.reasoner import SECONDS
from tests import graphs, streams
from tests.streams import SR, listen, run


@pytest.mark.parametrize("engine", ENGINES)
def test_reasons_are_the_classifiers(loud, why, engine):
    """The reason is that of the last 0.7 s, or of the time since the window that made it a cry."""
    y = streams.scene(3, (0.5, 2.5))
    stream = listen(why, detector=loud, engine=engine, reason_every=0)
    run(stream, y)
    alone = Classifier(why, engine, detector=None)
    asked = [w for w in stream.recent if w.reasons]
    assert len(asked) > 15
    assert [round(t, 3) for t in asked[0][:2]] == [0.5, 0.8]
    for window in asked:
        start = max(asked[0].start, window.end - 0.7)
        stretch = y[round(start * SR) : round(window.end * SR)]
        assert window.reasons == alone.classify(stretch, SR).probabilities


def test_reasons_of_another_rate(tmp_path, loud):
    why = streams.reasoner(tmp_path, replace(streams.LOUD, sr=16000))
    y = streams.scene(2, (0.5, 1.7))
    stream = listen(why, detector=loud)
    run(stream, y)
    window = next(w for w in stream.recent if w.reasons)
    stretch = y[round(window.start * SR) : round(window.end * SR)]
    expected = Classifier(why, "numpy", detector=None).classify(stretch, SR)
    assert window.reasons == expected.probabilities


def test_reasons_are_asked_for_while_it_cries(loud, why):
    """A reason is asked for from the window that announces the cry, at intervals, until it is over."""
    stream = listen(why, detector=loud, reason_every=0.5)
    events = run(stream, streams.scene(6, (2, 4)))
    asked = [round(w.end, 3) for w in stream.recent if w.reasons]
    start = events[0]
    assert start.kind == "start"
    assert start.reasons
    assert asked == [2.3, 2.8, 3.3, 3.8]
    assert stream.statistics.explained == 4
    assert stream.labels == graphs.LABELS


def test_event_has_the_mean_and_its_name(loud, why):
    stream = listen(why, detector=loud, reason_every=0)
    events = run(stream, streams.scene(5, (1, 3)))
    end = events[-1]
    asked = [w.reasons for w in stream.recent if w.reasons]
    for label in graphs.LABELS:
        assert end.reasons[label] == pytest.approx(np.mean([r[label] for r in asked]))
    rule = why.metadata.rule
    assert end.label == name_reason(find_reasons(end.reasons, rule, Decision()), rule.nameable)
    assert [e.kind for e in events] == ["start", "update", "end"]
    assert all(e.reasons for e in events)


@pytest.mark.parametrize(("coverage", "label"), [(0.99, "uncertain"), (0.01, "tired")])
def test_label_is_what_the_evidence_singles_out(loud, why, coverage, label, monkeypatch):
    found = {"burping": 0.01, "hungry": 0.3, "tired": 0.69}
    monkeypatch.setattr("edgecry.stream.reasoner.Reasoner.ask", lambda self, start, stop: found)
    stream = listen(why, detector=loud, decision=Decision(coverage=coverage))
    assert {e.label for e in run(stream, streams.scene(3, (1, 2)))} == {label}


def test_model_without_sets_names_the_most_probable(tmp_path, loud):
    model = streams.load(
        tmp_path / "plain.onnx", replace(graphs.METADATA, spec=graphs.SPEC), graphs.weights()
    )
    event = run(listen(model, detector=loud), streams.scene(3, (1, 2)))[-1]
    assert event.label == max(event.reasons, key=event.reasons.get)


def test_reasons_after_a_gap_are_asked_of_what_came_after(loud, why):
    """A cry goes on, but nothing from before the gap is in the question."""
    sound = streams.scene(2, (0, 2))
    stream = listen(why, detector=loud, reason_every=0)
    run(stream, sound, end=False)
    stream.gap(0.2)
    run(stream, sound)
    window = next(w for w in stream.recent if w.reasons and w.start > 2.1)
    stretch = sound[round((window.start - 2.2) * SR) : round((window.end - 2.2) * SR)]
    alone = Classifier(why, "numpy", detector=None).classify(stretch, SR)
    assert window.reasons == alone.probabilities


@pytest.mark.parametrize("every", [0, 0.45, 5])
def test_of_a_recipe_that_is_worked_on_ahead(tmp_path, loud, every, monkeypatch):
    """Reasons of centred frames are those of the sound alone, however long the cry, and with pauses."""
    spec = replace(streams.LOUD, center=True, families=("mfcc", "chroma", "contrast"), n_bands=4)
    model = streams.load(
        tmp_path / "centred.onnx",
        replace(graphs.REASONS, spec=spec, reads=streams.reads(spec), decision=graphs.CONFORMAL),
        graphs.weights(spec.n_features, 3),
    )
    y = streams.scene(14, (0.5, 2.3), (2.6, 3.2), (3.7, 12))
    used, extract = [], FeatureExtractor.extract

    def watched(self, y, ahead=None):
        used.append(ahead is not None)
        return extract(self, y, ahead)

    monkeypatch.setattr(FeatureExtractor, "extract", watched)
    stream = listen(model, detector=loud, reason_every=every)
    run(stream, y)
    assert any(used)
    alone = Classifier(model, "numpy", detector=None)
    asked = [w for w in stream.recent if w.reasons]
    assert len(asked) >= 3
    for window in asked[:: max(1, len(asked) // 10)]:
        start = max(asked[0].start, window.end - SECONDS)
        stretch = y[round(start * SR) : round(window.end * SR)]
        assert window.reasons == alone.classify(stretch, SR).probabilities
