"""examples: windows exactly as the device hears them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from convert.cry import recipe
from convert.cry.corpora import Sound, read_sounds
from convert.cry.examples import SIZE, SR, Listener, changed, read_examples
from convert.synth import synthetic_cry
from edgecry.audio.load import load_audio
from edgecry.detector import Detector
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.model import CryModel
from tests import graphs


@pytest.fixture(scope="module")
def device(tmp_path_factory) -> Detector:
    """The device's detector, with any model that reads this recipe's vectors."""
    metadata = replace(
        graphs.EAR,
        labels=recipe.LABELS,
        spec=recipe.SPEC,
        reads=tuple(range(recipe.SPEC.n_features)),
        decision=recipe.record(0.5),
    )
    path = graphs.save(tmp_path_factory.mktemp("device") / "ear.onnx", graphs.make(metadata))
    return Detector(CryModel.load(path))


def quiet(tell: str) -> None:
    pass


def sounds_of(corpora: Path) -> tuple[Sound, ...]:
    return read_sounds([corpora])


# -- heard -----------------------------------------------------------------------------------------------


def heard_by_the_device(device: Detector, y: np.ndarray, monkeypatch) -> np.ndarray:
    """What the device's model is given for each window; NaN where it is given nothing."""
    given: list[np.ndarray] = []
    ask = CryModel.predict_proba

    def spy(self, X):
        given.extend(np.asarray(X, np.float32))
        return ask(self, X)

    with monkeypatch.context() as patch:
        patch.setattr(CryModel, "predict_proba", spy)
        windows, _ = device.listen(y)
    floor = 10 ** (recipe.FLOOR_DBFS / 20)
    silent = [np.std(y[round(w.start * SR) : round(w.end * SR)], dtype=float) < floor for w in windows]
    rows = iter(given)
    nothing = np.full(recipe.SPEC.n_features, np.nan, np.float32)
    out = np.array([nothing if is_silent else next(rows) for is_silent in silent])
    assert next(rows, None) is None
    return out


def test_heard_is_what_the_device_hears(device, corpora, monkeypatch):
    """To the last bit, of every window of every recording, and silent where it is for the device."""
    found = read_examples(sounds_of(corpora), None, quiet)
    silent = 0
    for example in found:
        y = load_audio(example.sound.path, SR).samples
        expected = heard_by_the_device(device, y, monkeypatch)
        np.testing.assert_array_equal(example.heard, expected, err_msg=str(example.sound))
        silent += int(np.isnan(example.heard).any(axis=1).sum())
    assert len(found) == len(sounds_of(corpora))
    assert silent >= 2  # the silent recording, and the end of a cry


def test_a_window_is_the_extractors_vector_as_float32():
    y = synthetic_cry(SR, recipe.WINDOW, seed=3)
    (row,) = Listener().hear(y)
    expected = FeatureExtractor(recipe.SPEC).extract(y).astype(np.float32)
    np.testing.assert_array_equal(row, expected)


@pytest.mark.parametrize("y", [np.zeros(SIZE), np.full(SIZE, 0.3), np.zeros(1)])
def test_silence_is_nan(y):
    heard = Listener().hear(y)
    assert heard.shape == (1, recipe.SPEC.n_features)
    assert np.isnan(heard).all()


@pytest.mark.parametrize("dB", [-0.1, 0.1])
def test_silence_begins_at_the_floor(dB):
    """A square wave of amplitude a has an RMS of a."""
    y = 10 ** ((recipe.FLOOR_DBFS + dB) / 20) * np.where(np.arange(SIZE) % 20 < 10, 1.0, -1.0)
    assert np.isnan(Listener().window(y)).all() == (dB < 0)


# -- the cache --------------------------------------------------------------------------------------------


@pytest.fixture
def refuse(monkeypatch):
    """Have any computing of a vector fail."""

    def computed(self, y):
        raise AssertionError("computed")

    def start() -> None:
        monkeypatch.setattr(Listener, "window", computed)

    return start


def test_a_second_run_computes_nothing(corpora, tmp_path, refuse):
    sounds = sounds_of(corpora)[::6]
    first = read_examples(sounds, tmp_path, quiet)
    refuse()
    second = read_examples(sounds, tmp_path, quiet)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.heard, two.heard)


def test_another_recipe_is_computed(corpora, tmp_path, refuse, monkeypatch):
    sounds = sounds_of(corpora)[:1]
    read_examples(sounds, tmp_path, quiet)
    refuse()
    monkeypatch.setattr(recipe, "HOP", 0.5)
    with pytest.raises(AssertionError, match="computed"):
        read_examples(sounds, tmp_path, quiet)


def test_changes_are_kept_by_their_name(corpora, tmp_path, refuse):
    found = read_examples(sounds_of(corpora)[:2], None, quiet)
    first = changed(found, "half", lambda y: y / 2, tmp_path)
    refuse()
    for one, two in zip(first, changed(found, "half", lambda y: y / 2, tmp_path), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(AssertionError, match="computed"):
        changed(found, "third", lambda y: y / 3, tmp_path)


# -- what cannot be read ---------------------------------------------------------------------------------


def test_unreadable_files_are_told_and_left_out(corpora, tmp_path):
    sounds = sounds_of(corpora)[:2]
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no recording")
    told: list[str] = []
    found = read_examples([sounds[0], replace(sounds[0], path=broken), sounds[1]], None, told.append)
    assert [example.sound for example in found] == list(sounds)
    (skipped,) = (line for line in told if line.startswith("skipped"))
    assert skipped.startswith(f"skipped: {broken}: is text, not sound")


# -- changes ---------------------------------------------------------------------------------------------


def test_nothing_changed_is_as_heard(corpora):
    found = read_examples(sounds_of(corpora)[:3], None, quiet)
    for example, vectors in zip(found, changed(found, "nothing", lambda y: y, None), strict=True):
        np.testing.assert_array_equal(vectors, example.heard)


@pytest.mark.parametrize("n", [1, 2, 99])
def test_recordings_of_a_few_samples_are_taken(tmp_path, n):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.full(n, 0.25), SR, subtype="FLOAT")
    (found,) = read_examples([Sound(path, False, "click", "me", "here")], None, quiet)
    assert found.heard.shape == (1, recipe.SPEC.n_features)
