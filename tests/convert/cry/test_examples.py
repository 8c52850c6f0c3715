"""examples: windows exactly as the device hears them, and what is taught of each recording."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from convert.cry import distractors, examples, recipe, variation
from convert.cry.corpora import Sound, read_sounds
from convert.cry.examples import (
    SIZE,
    SR,
    Listener,
    changed,
    copies_by_sound,
    distractor_vectors,
    read_examples,
    under_noise,
)
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
        np.testing.assert_array_equal(example.heard, expected.astype(np.float64), err_msg=str(example.sound))
        silent += int(np.isnan(example.heard).any(axis=1).sum())
    assert len(found) == len(sounds_of(corpora))
    assert silent >= 2  # the silent recording, and the end of a cry


def test_a_window_is_the_extractors_vector_as_float32():
    y = synthetic_cry(SR, recipe.WINDOW, seed=3)
    (row,) = Listener().hear(y)
    expected = FeatureExtractor(recipe.SPEC).extract(y).astype(np.float32)
    np.testing.assert_array_equal(row, expected.astype(np.float64))


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


# -- taught ----------------------------------------------------------------------------------------------


def test_taught_are_of_that_recording_alone(corpora, monkeypatch):
    """Whatever is learned of a recording is the same whoever else is there, in whatever order."""
    monkeypatch.setattr(recipe, "COPIES", (2, 2))
    sounds = sounds_of(corpora)[::4]
    together = read_examples(sounds[::-1], None, quiet)[::-1]
    for sound, example in zip(sounds, together, strict=True):
        (alone,) = read_examples([sound], None, quiet)
        np.testing.assert_array_equal(alone.taught, example.taught)


def test_copies_are_made_of_the_recordings_own_windows(corpora, monkeypatch):
    given: list[np.ndarray] = []

    def spy(y, sr, rng, *, is_cry):
        given.append((y.copy(), is_cry))
        return variation.vary(y, sr, rng, is_cry=is_cry)

    monkeypatch.setattr(examples, "vary", spy)
    for sound in sounds_of(corpora)[::5]:
        given.clear()
        read_examples([sound], None, quiet)
        y = load_audio(sound.path, SR).samples.astype(np.float64)
        assert given
        for part, is_cry in given:
            assert is_cry == sound.is_cry
            where = [
                a for a in range(0, len(y) - len(part) + 1, 10) if np.array_equal(y[a : a + len(part)], part)
            ]
            assert where, sound.path


def test_a_cry_is_varied_from_its_loudest_windows_in_turn(tmp_path, monkeypatch):
    """Of three windows the quiet one is the pause, which teaches nothing."""
    y = synthetic_cry(SR, 5.0, seed=1) * np.repeat([1.0, 0.02, 0.02, 0.02, 1.0], SR)
    y[: SR // 2] *= 1.5  # the first is louder than the last, and the middle by far the quietest
    soundfile.write(tmp_path / "cry.wav", y, SR, subtype="FLOAT")
    given: list[np.ndarray] = []

    def spy(part, sr, rng, *, is_cry):
        given.append(part)
        return part

    monkeypatch.setattr(examples, "vary", spy)
    monkeypatch.setattr(recipe, "COPIES", (4, 4))
    read_examples([Sound(tmp_path / "cry.wav", True, "cry", "c:1", "c")], None, quiet)
    kept = load_audio(tmp_path / "cry.wav", SR).samples.astype(np.float64)
    first, last = kept[:SIZE], kept[-SIZE:]
    assert len(given) == 4
    assert {part.tobytes() for part in given} == {first.tobytes(), last.tobytes()}
    assert given[0].tobytes() == given[2].tobytes() != given[1].tobytes() == given[3].tobytes()


def test_more_copies_are_taught_besides_the_recording_itself(corpora, monkeypatch):
    (cry, *_) = sounds_of(corpora)
    taught = {}
    for n in (0, 3):
        monkeypatch.setattr(recipe, "COPIES", (n, n))
        (example,) = read_examples([cry], None, quiet)
        taught[n] = example.taught
    np.testing.assert_array_equal(taught[3][: len(taught[0])], taught[0])
    assert len(taught[3]) == len(taught[0]) + 3
    assert len(np.unique(taught[3], axis=0)) == len(taught[3])


def test_nothing_silent_is_taught(corpora):
    (silence,) = (sound for sound in sounds_of(corpora) if sound.category == "silence")
    (example,) = read_examples([silence], None, quiet)
    assert example.taught.shape == (0, recipe.SPEC.n_features)
    assert np.isnan(example.heard).all()


@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_recordings_of_a_few_samples_are_taken(tmp_path, n):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.linspace(-0.5, 0.5, n) if n > 1 else np.full(1, 0.5), SR)
    (example,) = read_examples([Sound(path, False, "click", "c:1", "c")], None, quiet)
    assert len(example.heard) == 1
    assert not np.isnan(example.taught).any()


def sound(category: str, is_cry: bool, corpus: str = "c") -> Sound:
    return Sound(Path("a.wav"), is_cry, category, f"{corpus}:1", corpus)


def test_copies_are_more_where_cries_are_few(monkeypatch):
    monkeypatch.setattr(recipe, "COPIES", (2, 9))
    monkeypatch.setattr(recipe, "WANTED_CRIES", 40)
    few, some, many = ([sound("cry", True, name)] * n for name, n in (("few", 1), ("some", 10), ("many", 90)))
    rare, other = sound(min(recipe.RARE), False, "few"), sound("dog", False, "few")
    found = copies_by_sound([*few, *some, *many, rare, other])
    assert found == [9, *[4] * 10, *[2] * 90, 9, 2]


# -- cache -----------------------------------------------------------------------------------------------


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
        np.testing.assert_array_equal(one.taught, two.taught)


@pytest.mark.parametrize("module", [recipe, variation, distractors, examples])
def test_a_changed_recipe_computes_again(corpora, tmp_path, refuse, monkeypatch, module):
    sounds = sounds_of(corpora)[:1]
    read_examples(sounds, tmp_path / "cache", quiet)
    source = tmp_path / "changed.py"
    source.write_bytes(Path(module.__file__).read_bytes() + b"#")
    refuse()
    read_examples(sounds, tmp_path / "cache", quiet)
    monkeypatch.setattr(module, "__file__", str(source))
    with pytest.raises(AssertionError, match="computed"):
        read_examples(sounds, tmp_path / "cache", quiet)


def test_another_number_of_copies_is_computed(corpora, tmp_path, refuse, monkeypatch):
    sounds = sounds_of(corpora)[:1]
    read_examples(sounds, tmp_path, quiet)
    refuse()
    monkeypatch.setattr(recipe, "COPIES", (3, 3))
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
    assert skipped.startswith(f"skipped: {broken}: is no recording")


# -- changes and distractors -----------------------------------------------------------------------------


def test_nothing_changed_is_as_heard(corpora):
    found = read_examples(sounds_of(corpora)[:3], None, quiet)
    for example, vectors in zip(found, changed(found, "nothing", lambda y: y, None), strict=True):
        np.testing.assert_array_equal(vectors, example.heard)


def test_noise_is_of_the_ratio_and_the_same_each_time():
    y = synthetic_cry(SR, 2.0).astype(np.float64)
    noise = under_noise(y, 0, 10) - y
    assert 10 * np.log10(np.mean(y**2) / np.mean(noise**2)) == pytest.approx(10, abs=1e-6)
    np.testing.assert_array_equal(under_noise(y, 0, 10), under_noise(y, 0, 10))


def test_distractors_are_windows_and_silence_is_nan():
    kinds, vectors = distractor_vectors(2, seed=1)
    assert vectors.shape == (len(kinds), recipe.SPEC.n_features)
    assert kinds.count("silence") == 2
    silent = np.isnan(vectors).any(axis=1)
    assert silent[np.array(kinds) == "silence"].all()
    assert not silent.all()
    np.testing.assert_array_equal(np.isnan(vectors).all(axis=1), silent)
