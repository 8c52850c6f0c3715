"""Recipes by the number of values they give, and how a wrong number is told."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convert import ConversionError, convert
from convert.__main__ import main
from convert.widths import explain_width, recipes, require_order
from edgecry import FeatureSpec
from tests.convert.spec import SPEC
from tests.convert.zoo import data


@pytest.mark.parametrize("n", [13, 40, 80, 108, 180, 193, 194])
def test_each_recipe_gives_that_many(n: int) -> None:
    found = recipes(n)
    assert found
    assert {recipe.spec.n_features for recipe in found} == {n}
    assert len({recipe.spec for recipe in found}) == len(found)


def test_the_usual_one_is_first() -> None:
    assert recipes(40)[0].spec.families == ("mfcc",)
    assert recipes(193)[0].spec.families == ("mfcc", "chroma", "mel", "contrast", "tonnetz")
    assert recipes(194)[0].spec == FeatureSpec()
    assert recipes(1_000_003) == []


def test_told() -> None:
    said = explain_width("sklearn.ensemble._forest.RandomForestClassifier", 40, 194)
    assert said.startswith("RandomForestClassifier reads 40 values, the feature spec makes 194;")
    assert "mfcc 40" in said
    assert "spec --features 40" in said
    assert "none that edgecry knows" in explain_width("x.Y", 1_000_003, 194)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lists them, writes each as a file that is a spec, and says where nothing is known."""
    assert main(["spec", "--features", "193"]) == 0
    assert '"n_bands": 6' in capsys.readouterr().out
    assert main(["spec", "--features", "40", "-o", str(tmp_path / "specs")]) == 0
    files = sorted((tmp_path / "specs").iterdir())
    assert [FeatureSpec.from_json(path.read_text()).n_features for path in files] == [40] * len(files)
    assert json.loads(files[0].read_text())["families"] == ["mfcc"]
    assert main(["spec", "--features", "1000003"]) == 1
    assert "no recipe that edgecry knows gives 1000003 values" in capsys.readouterr().err


@pytest.mark.parametrize("search", [False, True])
def test_columns_in_another_order(search: bool) -> None:
    """Fitting on a data frame keeps its names in the estimator that read it, wherever that is."""
    X, y = data(3)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    if search:
        model = GridSearchCV(model, {"logisticregression__C": [1.0]}, cv=2)
    model.fit(X, y)
    reader = (model.best_estimator_ if search else model)[0]
    reader.feature_names_in_ = np.array(SPEC.names, dtype=object)
    assert convert(model, spec=SPEC).report.passed
    reader.feature_names_in_ = np.array(sorted(SPEC.names), dtype=object)
    with pytest.raises(ConversionError, match="another order: its value 2 is mfcc_10, the spec's is mfcc_2"):
        convert(model, spec=SPEC)


def test_columns_of_other_names() -> None:
    """What the names mean is not known, so that nothing is told of them."""
    require_order(None, SPEC)
    require_order([f"x{i}" for i in range(SPEC.n_features)], SPEC)
    require_order([*SPEC.names[1:], "pitch"], SPEC)


def test_columns_chosen_by_name() -> None:
    X, y = data(3)
    chooser = ColumnTransformer([("scaled", StandardScaler(), [3, 1])])
    model = make_pipeline(chooser, LogisticRegression()).fit(X, y)
    # As fitting on a data frame leaves it.
    chooser.transformers_ = [("scaled", chooser.transformers_[0][1], ["mfcc_3", "mfcc_1"])]
    with pytest.raises(
        ConversionError, match=r"chooses columns by \['mfcc_3', 'mfcc_1'\]; the features have no"
    ):
        convert(model, spec=SPEC)
