"""Names of classes: who gives them, and what does not fit."""

import json
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.preprocessing import LabelEncoder, OneHotEncoder

import convert
from convert.errors import ConversionError
from convert.labels import class_names, read_labels
from convert.pickles import PickleFile
from tests.convert.spec import SPEC
from tests.convert.zoo import data

NAMES = ["belly_pain", "burping", "tired"]


def test_names_of_their_own() -> None:
    """Classes that are names need no label file."""
    assert class_names(NAMES, None, None) == tuple(NAMES)


def test_encoder_names_numbers() -> None:
    """Number i is the encoder's i-th name, as inverse_transform has it."""
    encoder = LabelEncoder().fit(NAMES)
    classes = [0, 1, 2]
    assert class_names(classes, encoder.classes_.tolist(), None) == tuple(encoder.inverse_transform(classes))


def test_given_names() -> None:
    """A list names the classes in their order, names or numbers."""
    assert class_names([3, 5, 8], None, ["x", "y", "z"]) == ("x", "y", "z")
    assert class_names(["bp", "bu", "ti"], None, NAMES) == tuple(NAMES)


@pytest.mark.parametrize(
    ("classes", "encoder", "names", "why"),
    [
        ([0, 1, 2], None, None, "are 0, 1, 2, which are not names; give --labels"),
        ([False, True], None, None, "which are not names"),
        ([0, 1, 2], ["a", "b"], None, "2 names for 3 classes: it belongs to another model"),
        ([0, 1], ["a", "b", "c"], None, "3 names for 2 classes"),
        ([0, 1, 7], ["a", "b", "c"], None, "an encoder's numbers are 0 to 2"),
        ([1, 2, 3], ["a", "b", "c"], None, "an encoder's numbers are 0 to 2"),
        (["a", "b"], ["a", "c"], None, "they differ"),
        ([0, 1], None, ["a"], "1 names, a, for 2 classes"),
        ([0, 1], None, ["a", "a"], "names one twice"),
        ([0, 1], None, ["a", " "], "is empty"),
        ([0, 1], None, "ab", "not a list of names"),
        ([0, 1], None, [0, 1], "not a list of names"),
        (["a", "b"], None, ["b", "a"], "in another order; its order is a, b"),
        ([0, 1], [1, 1], None, "names one twice"),
    ],
)
def test_misfits(classes: list[Any], encoder: Any, names: Any, why: str) -> None:
    """What does not fit is refused: a wrong name is worse than none."""
    with pytest.raises(ConversionError, match=why):
        class_names(classes, encoder, names)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.txt", "belly_pain\nburping\n\n tired \n"),
        ("labels", "belly_pain\r\nburping\r\ntired"),
        ("labels.json", json.dumps(NAMES)),
        ("labels.txt", "\ufeffbelly_pain\nburping\ntired\n"),
    ],
)
def test_text_files(name: str, text: str, tmp_path: Path) -> None:
    """One name a line, or a JSON list; blanks around names and byte-order marks do not count."""
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert read_labels(path) == tuple(NAMES)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("labels.json", b'{"a": 1}', "write a list of names"),
        ("labels.json", b"[1, 2]", "write a list of names"),
        ("labels.json", b"[", "not JSON"),
        ("labels.bin", b"\xff\xfe\x00", "not a pickle"),
        ("labels.joblib", b"a\nb\n", "not a pickle"),
        ("labels.pkl", pickle.dumps(["a", "b"]), "holds a list, not a LabelEncoder"),
        ("labels.pkl", pickle.dumps(OneHotEncoder()), "OneHotEncoder, not a LabelEncoder"),
    ],
)
def test_other_files(name: str, content: bytes, why: str, tmp_path: Path) -> None:
    """What names nothing gets a message with the file's name."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConversionError, match=why) as told:
        read_labels(path)
    assert name in str(told.value)


def test_missing_file(tmp_path: Path) -> None:
    """A label file that is not there gets a message."""
    with pytest.raises(ConversionError, match="cannot be read"):
        read_labels(tmp_path / "none.txt")


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_pickles(protocol: int, tmp_path: Path) -> None:
    """A LabelEncoder's pickle is recognised by what is in it, whatever its name; it is not loaded."""
    path = tmp_path / "encoder.pkl"
    path.write_bytes(pickle.dumps(LabelEncoder().fit(NAMES), protocol))
    file = read_labels(path)
    assert isinstance(file, PickleFile)
    assert file.load().classes_.tolist() == NAMES


def test_joblib_encoder_of_objects(tmp_path: Path) -> None:
    """An encoder fitted on a pandas-like column keeps its names as objects."""
    joblib.dump(LabelEncoder().fit(np.array(NAMES, dtype=object)), tmp_path / "label.joblib")
    file = read_labels(tmp_path / "label.joblib")
    assert isinstance(file, PickleFile)
    assert file.load().classes_.tolist() == NAMES


def test_encoder_through_the_door() -> None:
    """From Python: an encoder that is no LabelEncoder, or not fitted, is refused."""
    from sklearn.preprocessing import LabelBinarizer
    from sklearn.tree import DecisionTreeClassifier

    X, y = data(2)
    encoder = LabelEncoder().fit(y)
    estimator = DecisionTreeClassifier(max_depth=2).fit(X, encoder.transform(y))
    assert convert.convert(estimator, encoder, SPEC).metadata.labels == ("belly_pain", "burping")
    with pytest.raises(ConversionError, match="holds a LabelBinarizer, not a LabelEncoder"):
        convert.convert(estimator, LabelBinarizer().fit(y), SPEC)
    with pytest.raises(ConversionError, match="not fitted"):
        convert.convert(estimator, LabelEncoder(), SPEC)
    with pytest.raises(ConversionError, match="which are not names"):
        convert.convert(estimator, spec=SPEC)


def test_classes_that_are_whole_floats() -> None:
    """Classes 0.0 and 1.0 are the encoder's 0 and 1."""
    from sklearn.tree import DecisionTreeClassifier

    X, y = data(2)
    encoder = LabelEncoder().fit(y)
    estimator = DecisionTreeClassifier(max_depth=2).fit(X, encoder.transform(y).astype(float))
    assert convert.convert(estimator, encoder, SPEC).metadata.labels == ("belly_pain", "burping")


def test_a_name_that_fills_the_screen() -> None:
    with pytest.raises(ConversionError, match=r"a name of 1,000,000 characters, x{20}\.\.\.; allowed are"):
        class_names(["x" * 10**6, "b"], None, None)
