"""Names that are not scikit-learn's: of other libraries, of an author's own code, of what runs programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

#: Libraries whose models people save, by their top-level package.
LIBRARIES = {
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "_catboost": "CatBoost",
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "torch": "PyTorch",
    "imblearn": "imbalanced-learn",
    "skorch": "skorch",
    "hmmlearn": "hmmlearn",
    "mlxtend": "mlxtend",
    "pycaret": "PyCaret",
    "autosklearn": "auto-sklearn",
    "tpot": "TPOT",
    "category_encoders": "category_encoders",
    "sklearnex": "Intel's scikit-learn extension",
    "daal4py": "Intel's scikit-learn extension",
    "cuml": "RAPIDS cuML",
    "fastai": "fastai",
    "speechbrain": "SpeechBrain",
    "transformers": "Hugging Face Transformers",
    "interpret": "InterpretML",
    "ngboost": "NGBoost",
    "pomegranate": "pomegranate",
    "sktime": "sktime",
    "statsmodels": "statsmodels",
}
#: Python's own modules, also under the names of Python 2 and of other systems.
_STANDARD = sys.stdlib_module_names | {"__builtin__", "commands", "copy_reg", "nt", "posix"}
#: Scientific packages of which some names are allowed; the others are not supported.
_SCIENTIFIC = ("sklearn", "numpy", "scipy", "joblib", "pandas")
#: Of these, what writes files or runs code.
_HARMFUL = ("numpy.testing", "numpy.f2py", "numpy.distutils", "numpy.ctypeslib", "joblib", "sklearn.datasets")
_HARMFUL_NAMES = ("save", "savez", "savez_compressed", "savetxt", "memmap", "load", "fromfile", "DataSource")


class Sorted(NamedTuple):
    """Names that are not allowed, by what they are."""

    libraries: dict[str, list[str]]
    unsupported: list[str]
    own: list[str]
    dangerous: list[str]


def sort_out(names: Sequence[str]) -> Sorted:
    """Sort refused names: of other libraries, not supported, of the author's own code, harmful."""
    found = Sorted({}, [], [], [])
    for name in names:
        root = name.split(".")[0]
        if root in LIBRARIES:
            found.libraries.setdefault(LIBRARIES[root], []).append(name)
        elif _runs_programs(name):
            found.dangerous.append(name)
        elif root in _SCIENTIFIC:
            found.unsupported.append(name)
        else:
            found.own.append(name)
    return found


def _runs_programs(name: str) -> bool:
    """Tell whether a name may reach programs, files or the import system."""
    root, _, last = name.rpartition(".")
    if root.split(".")[0] in _SCIENTIFIC:
        if any(root == module or root.startswith(module + ".") for module in _HARMFUL):
            return True
        # A dotted name reaches through a module into what that has imported.
        return last in _HARMFUL_NAMES or any(part in _STANDARD for part in name.split(".")[1:])
    return name.split(".")[0] in _STANDARD
