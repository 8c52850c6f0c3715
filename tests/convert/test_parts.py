"""Models in several parts: files beside each other, dicts and tuples."""

import json
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    LabelEncoder,
    MinMaxScaler,
    Normalizer,
    StandardScaler,
)

from convert.__main__ import main
from convert.portable import Refused
from convert.portable.examine import check_classifier
from convert.portable.parts import assemble
from convert.portable.scan import scan
from edgecry import CryModel
from tests.convert.spec import SPEC
from tests.convert.zoo import LABELS, data

X, Y = data(5, wild=True)
SCALER = StandardScaler().fit(X)
PROJECTION = PCA(6, random_state=0).fit(SCALER.transform(X))
ENCODER = LabelEncoder().fit(Y)
NUMBERS = ENCODER.transform(Y)
REDUCED = PROJECTION.transform(SCALER.transform(X))
CLASSIFIER = LogisticRegression().fit(REDUCED, NUMBERS)
EXPECTED = CLASSIFIER.predict_proba(REDUCED)


@pytest.mark.parametrize(
    "loaded",
    [
        {"model": CLASSIFIER, "scaler": SCALER, "pca": PROJECTION, "le": ENCODER, "note": "mine"},
        {"pca": PROJECTION, "scaler": SCALER, "model": CLASSIFIER, "classes": list(LABELS)},
        {"m": CLASSIFIER, "pre": make_pipeline(SCALER, PROJECTION), "id2label": dict(enumerate(LABELS))},
        (SCALER, PROJECTION, CLASSIFIER, ENCODER),
        [CLASSIFIER, ENCODER, PROJECTION, SCALER],
    ],
    ids=["dict", "another order", "pipeline", "tuple", "list"],
)
def test_put_together(loaded: Any) -> None:
    """The order is the one in which the widths fit; the labels are found, whatever they are called."""
    model, encoder = assemble(loaded, [], 20)
    np.testing.assert_allclose(model.predict_proba(X), EXPECTED)
    assert list(getattr(encoder, "classes_", encoder)) == list(LABELS)


def test_files_of_their_own() -> None:
    """Transformers of other files come first, in the order that the user gives."""
    model, encoder = assemble(CLASSIFIER, [SCALER, PROJECTION], 20)
    np.testing.assert_allclose(model.predict_proba(X), EXPECTED)
    assert encoder is None
    assert assemble(CLASSIFIER, [])[0] is CLASSIFIER


@pytest.mark.parametrize(
    ("loaded", "scalers", "why"),
    [
        ({"a": CLASSIFIER, "b": CLASSIFIER}, [], "with 2 classifiers; edgecry serves one"),
        ([1, "x", None], [], "with 0 classifiers"),
        ({"a": CLASSIFIER, "b": LinearRegression().fit(X, NUMBERS)}, [], r"b \(LinearRegression\)"),
        ((CLASSIFIER, SCALER), [], r"StandardScaler \(reads 20\), make no chain from 20 features to the 6"),
        (
            (make_pipeline(SCALER, PROJECTION, CLASSIFIER), SCALER),
            [],
            "beside a pipeline that has one already",
        ),
        (
            (GaussianNB().fit(X, Y), SCALER, MinMaxScaler().fit(X)),
            [],
            "StandardScaler, MinMaxScaler, fit in more than one order",
        ),
        (CLASSIFIER, [ENCODER], "--scaler holds a LabelEncoder, not a transformer"),
        (CLASSIFIER, [CLASSIFIER], "--scaler holds a LogisticRegression"),
    ],
)
def test_refused(loaded: Any, scalers: list[Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        assemble(loaded, scalers, 20)


@pytest.mark.parametrize(
    "scaler",
    [StandardScaler(), make_pipeline(SCALER, PCA(3)), FeatureUnion([("a", MinMaxScaler())])],
    ids=str,
)
def test_one_that_was_never_fitted_is_named(scaler: Any) -> None:
    """It tells no width, so that the numbers of features would be blamed."""
    name = {"Pipeline": "PCA", "FeatureUnion": "MinMaxScaler"}.get(type(scaler).__name__, "StandardScaler")
    classifier = GaussianNB().fit(X, Y)
    with pytest.raises(Refused, match=f"^--scaler holds a {name} that is not fitted; fit it"):
        assemble(classifier, [scaler], 20)
    with pytest.raises(Refused, match=f"^holds a {name} that is not fitted"):
        assemble({"model": classifier, "scaler": scaler}, [], 20)
    with pytest.raises(Refused, match=f"^holds a {name} that is not fitted"):
        check_classifier(make_pipeline(scaler, classifier), 20)


@pytest.mark.parametrize("step", [Normalizer(), Binarizer(), FunctionTransformer(np.tanh)])
def test_one_that_learns_nothing_needs_no_fitting(step: Any) -> None:
    classifier = GaussianNB().fit(X, Y)
    model, _ = assemble(classifier, [step], 20)
    np.testing.assert_allclose(model.predict_proba(X), classifier.predict_proba(step.transform(X)))
    check_classifier(model, 20)


def test_a_kind_without_counterpart_is_refused_as_that() -> None:
    """Old versions do not record the width of a DummyClassifier, and that is not what is wrong with it."""
    dummy = DummyClassifier().fit(X, Y)
    del dummy.n_features_in_
    for model in (dummy, make_pipeline("passthrough", dummy)):
        with pytest.raises(Refused, match="DummyClassifier cannot be converted: edgecry has no ONNX"):
            check_classifier(model, 20)


def test_parts_are_told_without_loading() -> None:
    parts = scan(pickle.dumps({"model": CLASSIFIER, "scaler": SCALER}), "m").parts
    assert [(part.key, part.kind.rpartition(".")[2], part.n_features) for part in parts] == [
        ("model", "LogisticRegression", 6),
        ("scaler", "StandardScaler", 20),
    ]
    assert scan(pickle.dumps(CLASSIFIER), "m").parts == ()


def test_a_scaler_in_a_file_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it the forest is refused, and the message names it; with it the file answers as the two do."""
    rng = np.random.default_rng(0)
    spread = np.r_[100.0, np.full(19, 20.0)]
    rows = rng.standard_normal((150, 20)) * spread + np.r_[-300.0, np.zeros(19)]
    y = np.array(LABELS)[(rows[:, 0] > -300) * 1 + (rows[:, 1] > 0) * 2]
    scaler = StandardScaler().fit(rows)
    forest = RandomForestClassifier(10, random_state=0).fit(scaler.transform(rows), y)
    joblib.dump(forest, tmp_path / "model.joblib")
    joblib.dump(scaler, tmp_path / "scaler.joblib")
    (tmp_path / "spec.json").write_text(SPEC.to_json())
    output = tmp_path / "out.onnx"
    arguments = ["convert", f"{tmp_path}/model.joblib", "--spec", f"{tmp_path}/spec.json", "-o", str(output)]
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert "fitted behind a scaler that is not in the file: give it with --scaler" in told
    assert "mfcc_0 is -" in told
    assert not output.exists()
    assert main([*arguments, "--scaler", f"{tmp_path}/scaler.joblib"]) == 0
    assert "WARNING" not in capsys.readouterr().out
    device = CryModel.load(output)
    expected = forest.predict_proba(scaler.transform(rows.astype(np.float32).astype(float)))
    np.testing.assert_allclose(device.predict_proba(rows), expected, rtol=0, atol=1e-5)
    assert main([*arguments, *["--scaler", f"{tmp_path}/scaler.joblib"] * 2]) == 1
    assert "name the same transformer twice" in capsys.readouterr().err
    assert len(device.metadata.source["parts"]) == 1
    assert main(["verify", str(output), f"{tmp_path}/model.joblib"]) == 1
    assert "made with 1 transformers in files of their own, 0 are given" in capsys.readouterr().err


def test_inspect_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "part.joblib"
    for part, advice in (
        (SCALER, f"convert MODEL --scaler {path}"),
        (ENCODER, "give it as --labels"),
        (LinearRegression().fit(X, NUMBERS), "nothing; it is a regressor"),
        ({"scaler": SCALER}, "no part of it is a classifier"),
        ({"scaler": SCALER, "model": CLASSIFIER}, f"python -m convert convert {path}"),
    ):
        joblib.dump(part, path)
        assert main(["inspect", str(path)]) == 0
        assert advice in capsys.readouterr().out
    main(["inspect", str(path), "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert facts["parts"][0]["key"] == "scaler"
    assert facts["parts"][0]["n_features"] == 20
