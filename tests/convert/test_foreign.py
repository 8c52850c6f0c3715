"""What is refused is called what it is, with a way on that leads somewhere."""

import pytest

from convert.foreign import sort_out
from convert.pickles import explain_refusal
from convert.portable.kinds import CLASSIFIER, ENCODER, OTHER, REGRESSOR, TRANSFORMER, kind_of
from convert.portable.scan import Scan


def _explained(*names: str) -> str:
    return explain_refusal(Scan(tuple((name, False) for name in names), (), "x", None))


@pytest.mark.parametrize(
    "name",
    [
        "posix.system",
        "nt.system",
        "builtins.eval",
        "__builtin__.eval",
        "subprocess.Popen",
        "functools.partial",
        "numpy.testing._private.utils.runstring",
        "numpy.savetxt",
        "numpy.core.os.getcwd",
        "sklearn.datasets._base.load_files",
        "joblib.numpy_pickle.dump",
    ],
)
def test_what_can_run_programs(name: str) -> None:
    assert "can run any program" in _explained("xgboost.core.Booster", name)


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("xgboost.sklearn.XGBClassifier", "XGBoost"),
        ("lightgbm.sklearn.LGBMClassifier", "LightGBM"),
        ("keras.src.models.sequential.Sequential", "Keras"),
        ("torch._utils._rebuild_tensor_v2", "PyTorch"),
        ("imblearn.pipeline.Pipeline", "imbalanced-learn"),
    ],
)
def test_other_libraries(name: str, library: str) -> None:
    """They are not supported, and --trust, which could not help, is not offered."""
    said = _explained(name)
    assert library in said
    assert "not supported" in said
    assert "--trust" not in said
    assert "any program" not in said


@pytest.mark.parametrize(
    "name", ["__main__.log_features", "features.MyScaler", "sklearn.utils.validation.check_array"]
)
def test_no_dead_end(name: str) -> None:
    said = _explained(name)
    assert name in said
    assert "it was not loaded" in said
    assert "--trust" not in said


def test_sorted() -> None:
    found = sort_out(["os.system", "numpy.mean", "mine.f", "catboost.core.CatBoostClassifier"])
    assert (found.dangerous, found.unsupported, found.own) == (["os.system"], ["numpy.mean"], ["mine.f"])
    assert list(found.libraries) == ["CatBoost"]
    assert _explained() == ""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("sklearn.ensemble._forest.RandomForestClassifier", CLASSIFIER),
        ("sklearn.svm._classes.SVC", CLASSIFIER),
        ("sklearn.ensemble._forest.RandomForestRegressor", REGRESSOR),
        ("sklearn.preprocessing._data.StandardScaler", TRANSFORMER),
        ("sklearn.preprocessing._label.LabelEncoder", ENCODER),
        ("sklearn.discriminant_analysis.LinearDiscriminantAnalysis", CLASSIFIER),
        ("sklearn.pipeline.Pipeline", OTHER),
        ("a dict with the keys x", OTHER),
        ("xgboost.sklearn.XGBClassifier", OTHER),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert kind_of(path) == kind
