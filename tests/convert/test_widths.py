"""Recipes by the number of values they give, and how a wrong number is told."""

import json
from pathlib import Path

import pytest

from convert.__main__ import main
from convert.widths import explain_width, recipes
from edgecry import FeatureSpec


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
