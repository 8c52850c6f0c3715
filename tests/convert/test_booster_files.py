"""Boosters' own files and pickles, as a user gives them; and made-up ones, which become a sentence."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.boosters import is_booster, require_libraries
from convert.errors import ConversionError
from convert.jobs import Source
from convert.pickles import PickleFile
from convert.portable import Refused
from convert.portable.examine import Examined, examine
from convert.portable.native import load, recognise
from convert.portable.scan import Scan
from convert.portable.unpack import Stream
from convert.portable.unpickle import unpickle
from tests.convert.gadgets import Call
from tests.convert.test_boosting import booster, training
from tests.convert.zoo import LABELS, N_FEATURES

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

X, Y = training(5)
FORMATS = {
    "json": ("xgboost", "xgboost"),
    "ubj": ("xgboost", "xgboost"),
    "txt": ("lightgbm", "lightgbm"),
    "cbm": ("catboost", "catboost"),
    "catboost.json": ("catboost", "catboost-json"),
}


def written(ending: str, folder: Path, model: Any = None) -> bytes:
    """What a library writes of a model."""
    library, _ = FORMATS[ending]
    model = model or booster(library).fit(X, Y)
    path = folder / f"model.{ending}"
    if library == "lightgbm":
        model.booster_.save_model(str(path))
    elif ending == "catboost.json":
        model.save_model(str(path), format="json")
    else:
        model.save_model(str(path))
    return path.read_bytes()


def examined(data: bytes) -> Examined:
    found = recognise(data, "model")
    assert found is not None
    return examine(load(data, found.format, "model"), n_features=N_FEATURES)


@pytest.mark.parametrize("ending", FORMATS)
def test_the_librarys_own_file(ending: str, tmp_path: Path) -> None:
    """The same answers as of the model that was written, and nothing of it is a pickle."""
    library, format_ = FORMATS[ending]
    model = booster(library).fit(X, Y)
    path = tmp_path / f"model.{ending}"
    data = written(ending, tmp_path, model)
    file = PickleFile.read_model(path)
    assert (file.format, file.scan.names) == (format_, ())
    assert is_booster(file)
    assert file.scan.n_features in (N_FEATURES, None)
    found = examined(data)
    expected = model.predict_proba(found.vectors.astype(np.float64))
    np.testing.assert_allclose(found.probabilities, expected, rtol=0, atol=1e-6)
    assert found.classes == list(range(5))
    assert found.reference.startswith(f"{library} ")


def test_names_of_the_classes_are_in_catboosts_file(tmp_path: Path) -> None:
    model = booster("catboost").fit(X, np.array(LABELS)[Y])
    assert examined(written("cbm", tmp_path, model)).classes == list(LABELS)


def test_xgboost_that_answers_with_a_class(tmp_path: Path) -> None:
    """``multi:softmax`` has the same trees as ``multi:softprob``."""
    data = written("json", tmp_path)
    asked = examined(data.replace(b"multi:softprob", b"multi:softmax"))
    np.testing.assert_array_equal(asked.probabilities, examined(data).probabilities)


def regressor(library: str) -> Any:
    """Fit a model that gives numbers, and not classes."""
    module = pytest.importorskip(library, reason=f"NOT TESTED: {library} is not installed (extra boosting)")
    if library == "lightgbm":
        return module.LGBMRegressor(n_estimators=3, verbose=-1).fit(X, Y)
    if library == "xgboost":
        return module.XGBRegressor(n_estimators=3).fit(X, Y)
    return module.CatBoostRegressor(iterations=3, depth=2, verbose=0, allow_writing_files=False).fit(X, Y)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_model_that_gives_numbers(ending: str, tmp_path: Path) -> None:
    """None of these files says whether it is a classifier's; its objective does."""
    data = written(ending, tmp_path, regressor(FORMATS[ending][0]))
    with pytest.raises(Refused, match=r"which is not a classifier|loss_function='RMSE' cannot be converted"):
        examined(data)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm", "catboost"])
def test_from_a_pickle(library: str) -> None:
    model = booster(library).fit(X, Y)
    file = PickleFile.of(pickle.dumps(model), "model.pkl")
    assert file.scan.refused == ()
    assert is_booster(file)
    Source(file).require_runnable(isolated=False)
    loaded = unpickle(file.stream.data, "model.pkl")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_a_pickle_of_another_xgboost() -> None:
    data = pickle.dumps(booster("xgboost").fit(X, Y))
    older = re.sub(rb"(version\[#L.{8})i.i.", lambda m: m[1] + b"i\x01i\x07", data, flags=re.DOTALL)
    with pytest.raises(ConversionError, match=r"pickled by XGBoost 1\.7, installed is .*save_model"):
        require_libraries(PickleFile.of(older, "model.pkl"), isolated=False)


def test_isolated_has_none_of_them(tmp_path: Path) -> None:
    written("txt", tmp_path)
    with pytest.raises(ConversionError, match="--isolated installs scikit-learn alone"):
        require_libraries(PickleFile.read_model(tmp_path / "model.txt"), isolated=True)


def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convert.boosters.find_spec", lambda name: None)
    scan = Scan((), (), "xgboost.sklearn.XGBClassifier", None)
    file = PickleFile("model.json", 2, "", Stream(b"{}", "none"), scan, "xgboost")
    with pytest.raises(ConversionError, match=r"not a scikit-learn model, and XGBoost is not installed; pip"):
        require_libraries(file, isolated=False)


def test_a_booster_is_not_called_with_arguments() -> None:
    """``Booster(model_file=...)`` opens what it is named."""
    module = pytest.importorskip("xgboost", reason="NOT TESTED: xgboost is not installed (extra boosting)")
    with pytest.raises(ConversionError, match="with arguments, which no pickle of a fitted model does"):
        PickleFile.of(pickle.dumps(Call(module.Booster, {}, (), "/etc/passwd")), "bad.pkl")
    bare = unpickle(pickle.dumps(module.Booster), "bad.pkl")
    with pytest.raises(TypeError):
        bare(model_file="/etc/passwd")


def test_not_fitted() -> None:
    model = unpickle(pickle.dumps(booster("xgboost")), "model.pkl")
    with pytest.raises(Refused, match="of xgboost is not fitted, which is not supported"):
        examine(model)


# -- made-up files --------------------------------------------------------------------------------------


def changed(key: str, index: int, value: int) -> Callable[[Any], None]:
    return lambda tree: tree[key].__setitem__(index, value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (changed("left_children", 0, 0), "leads to node 0 twice, so a walk has no end"),
        (changed("left_children", 0, 10**9), "leads to node 1000000000, and there are"),
        (changed("right_children", 0, -1), "leads to node -1"),
        (changed("split_indices", 0, 25), "asks for feature 25, and there are 20"),
        (
            lambda tree: tree["tree_param"].update(num_nodes="2000000000"),
            "XGBoost cannot read it",
        ),
        (lambda tree: tree["split_conditions"].__setitem__(-1, float("nan")), "not a finite number"),
    ],
)
def test_trees_of_xgboost(change: Callable[[Any], None], why: str, tmp_path: Path) -> None:
    found = json.loads(written("json", tmp_path))
    change(found["learner"]["gradient_booster"]["model"]["trees"][7])
    with pytest.raises(Refused, match=why):
        examined(json.dumps(found).encode())


@pytest.mark.parametrize(
    ("line", "value", "why"),
    [
        ("left_child", 0, "leads to 0, which is not its own child"),
        ("right_child", -300, "leads to -300, which is not its own child"),
        ("split_feature", 25, "asks for feature 25, and there are 20"),
    ],
)
def test_trees_of_lightgbm(line: str, value: int, why: str, tmp_path: Path) -> None:
    text = written("txt", tmp_path).decode()
    made_up = re.sub(rf"^{line}=-?\d+", f"{line}={value}", text, count=1, flags=re.MULTILINE)
    size = int(re.search(r"tree_sizes=(\d+)", text)[1])
    made_up = made_up.replace(f"tree_sizes={size} ", f"tree_sizes={size + len(made_up) - len(text)} ", 1)
    with pytest.raises(Refused, match=why):
        examined(made_up.encode())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("tree_sizes=1 2 3", "tree 0 does not begin where its size says|tree 1 does not begin"),
        ("num_class=1000000000", "1000000000 classes, and 5 trees for each iteration"),
        ("num_tree_per_iteration=0", "5 classes, and 0 trees for each iteration"),
        ("max_feature_idx=" + 30 * "9", "a number of 30 digits for max_feature_idx"),
    ],
)
def test_head_of_lightgbm(line: str, why: str, tmp_path: Path) -> None:
    """LightGBM itself aborts at such a number, or reads memory that is not its own."""
    text = written("txt", tmp_path).decode()
    key = line.partition("=")[0]
    with pytest.raises(Refused, match=why):
        examined(re.sub(rf"^{key}=.*$", line, text, count=1, flags=re.MULTILINE).encode())


def test_a_pickle_of_lightgbm_with_a_made_up_text() -> None:
    """Its text is checked before LightGBM is given it."""
    data = pickle.dumps(booster("lightgbm").fit(X, Y))
    with pytest.raises(Refused, match="0 trees for each iteration"):
        unpickle(data.replace(b"num_tree_per_iteration=5", b"num_tree_per_iteration=0"), "bad.pkl")


@pytest.mark.parametrize("ending", FORMATS)
def test_truncated(ending: str, tmp_path: Path) -> None:
    """The sentence is ours: each library complains in words of its own source."""
    data = written(ending, tmp_path)
    with pytest.raises(Refused) as caught:
        examined(data[: len(data) // 2])
    assert "damaged" in str(caught.value)
    assert not re.search(r"\.(cc|cpp|h):\d+|Check failed", str(caught.value))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"binf" + bytes(9), "old binary format"),
        (b'[\n { "nodeid": 0, "depth": 0', "a dump of XGBoost's trees"),
        (b'{"name": "tree", "version": "v4"}', "a dump of LightGBM's trees"),
    ],
)
def test_what_cannot_be_read_back(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        recognise(data, "model")


@pytest.mark.parametrize("data", [b'["a", "b"]', b'{"a": 1}', b"\x80\x04N.", b"", b"tree house"])
def test_other_files_are_left_to_others(data: bytes) -> None:
    assert recognise(data, "model") is None
