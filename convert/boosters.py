"""Models of XGBoost, LightGBM and CatBoost among a user's files: alone or not, readable here or not."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from convert.errors import ConversionError
from convert.foreign import LIBRARIES
from convert.pickles import PickleFile

PACKAGES = ("xgboost", "lightgbm", "catboost")
#: The one class of scikit-learn that a booster's own pickle holds, the same in every version.
_ENCODER = "sklearn.preprocessing._label.LabelEncoder"
#: How XGBoost writes its version into what it pickles (UBJSON): three bytes, each after its type.
_VERSION = re.compile(rb"version\[#L.{7}\x03i(.)i(.)i.", re.DOTALL)


def is_booster(file: PickleFile) -> bool:
    """Tell whether a file holds a booster alone. The version of scikit-learn then does not matter."""
    names = [name for name, _ in file.scan.names if name.startswith("sklearn.")]
    return file.scan.estimator.split(".")[0] in PACKAGES and set(names) <= {_ENCODER}


def require_libraries(file: PickleFile, isolated: bool) -> None:
    """Refuse a file of which the library is not here, or which that library's version reads wrongly.

    Raises
    ------
    ConversionError
        It needs a library that is not installed, which ``isolated`` never has; or another version of
        XGBoost has written the pickle.
    """
    named = [file.scan.estimator, *(name for name, _ in file.scan.names)]
    for package in PACKAGES:
        if not any(name.startswith(f"{package}.") for name in named):
            continue
        library = LIBRARIES[package]
        if isolated:
            raise ConversionError(
                f"{file.origin}: holds a model of {library}, which is not a scikit-learn model: --isolated "
                "installs scikit-learn alone; leave that out"
            )
        if find_spec(package) is None:
            raise ConversionError(
                f"{file.origin}: holds a model of {library}, which is not a scikit-learn model, and "
                f"{library} is not installed; pip install {package}, or edgecry's extra [boosting]"
            )
        if package == "xgboost" and file.format == "pickle":
            _require_same_xgboost(file)


def _require_same_xgboost(file: PickleFile) -> None:
    found = _VERSION.search(file.stream.data)
    try:
        installed = version("xgboost").split(".")[:2]
    except PackageNotFoundError:  # installed without a record of it
        return
    if found and [str(found[1][0]), str(found[2][0])] != installed:
        raise ConversionError(
            f"{file.origin}: pickled by XGBoost {found[1][0]}.{found[2][0]}, installed is "
            f"{'.'.join(installed)}, which may read it wrongly. XGBoost reads files of its own of every "
            "version: load it with the one that wrote it, model.save_model('model.json'), and convert that"
        )
