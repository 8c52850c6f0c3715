"""Which globals a model's pickle may name. Everything else is refused, before anything is loaded.

A pickle is a program: it names importable objects and calls them. These names are what numpy,
scipy.sparse, scikit-learn and joblib write for fitted estimators; they build data and do not reach
files, processes, the network or the import system.

It keeps a pickle from running programs. Made-up numbers, such as a tree whose branches lead nowhere,
are found by `structure`, and a crash all the same is that of a process of its own (`worker`).
"""

from __future__ import annotations

import re
from typing import Any

from .searches import stand_in

ARRAY_WRAPPERS = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")

#: What pickles call otherwise: Python 2's names, as protocol 0 to 2 still write them.
#: `_loss` is what the compiled losses of boosting call their own module, in scikit-learn 1.6.
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg", "_loss": "sklearn._loss._loss"}

_HOMES_OF_MEMMAP = ("numpy.core.memmap", "numpy.core", "numpy._core.memmap")

_NAMES = {
    "builtins": "bool bytearray bytes complex dict float frozenset int list object set slice str tuple",
    "collections": "OrderedDict defaultdict",
    "copyreg": "_reconstructor",
    "numpy": "bool bool_ dtype float16 float32 float64 int8 int16 int32 int64 ndarray str_ uint8 uint16 "
    "uint32 uint64",
    "numpy.ma": "MaskedArray",
    "numpy.random": "__RandomState_ctor",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64",
    "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
    "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
    "numpy.random._bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
    # numpy 2 moved numpy.core to numpy._core.
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "numpy.ma.core": "MaskedArray _mareconstruct",
    "sklearn.utils": "Bunch",
    # Of other libraries: classifiers, and what holds their trees.
    "xgboost.sklearn": "XGBClassifier XGBRFClassifier",
    "xgboost.core": "Booster",
    "lightgbm.sklearn": "LGBMClassifier",
    "lightgbm.basic": "Booster",
    "catboost.core": "CatBoostClassifier",
    # What SplineTransformer keeps.
    "scipy.interpolate._bsplines": "BSpline _BSpline",
    "scipy._lib.array_api_compat.numpy._aliases": "asarray",
}
#: NumPy's functions of one number, which a FunctionTransformer names; `converters.transforms` has them.
_UFUNCS = "absolute exp expm1 fabs log log10 log1p log2 negative reciprocal sign sqrt square tanh"
_NAMES.update(
    {
        f"{module}._multiarray_umath": _UFUNCS
        for module in ("numpy.core", "numpy._core")  # where some versions say that they are
    }
)
# What FeatureAgglomeration pools by.
_NAMES["numpy"] += f" {_UFUNCS} mean"
_ALLOWED = {(module, name) for module, names in _NAMES.items() for name in names.split()}
#: What is never imported: the unpickler has something harmless of its own in its place.
CODECS_ENCODE = ("_codecs", "encode")
PARTIAL, CHECK_ARRAY = ("functools", "partial"), ("sklearn.utils.validation", "check_array")
#: The class of arrays that were loaded with ``mmap_mode``; it is named, and an array in memory made instead.
MEMMAP = ("numpy", "memmap")
_ALLOWED |= {CODECS_ENCODE, PARTIAL, CHECK_ARRAY, MEMMAP}
_ALLOWED |= {(module, "NumpyArrayWrapper") for module in ARRAY_WRAPPERS}

_SPARSE = re.compile(r"(bsr|coo|csc|csr|dia|dok|lil)_(array|matrix)")

#: Parts of scikit-learn that fitted classifiers consist of. Not: datasets, externals, utils, tests.
_SKLEARN = re.compile(
    r"sklearn\.(_loss|calibration|cluster\._agglomerative|cluster\._kmeans|cluster\.k_means_|compose|cross_decomposition|decomposition|discriminant_analysis|dummy|ensemble"
    r"|feature_selection|frozen|gaussian_process|impute|isotonic|kernel_approximation|linear_model"
    r"|metrics\._dist_metrics|metrics\._scorer|model_selection|multiclass|naive_bayes|neighbors"
    r"|neural_network|pipeline|preprocessing|random_projection|semi_supervised|svm|tree|utils\._bunch"
    r"|utils\._metadata_requests)(\.(?!tests)\w+)*"
)
_CLASS = re.compile(r"_?[A-Z][A-Za-z0-9_]*")
_FUNCTION = re.compile(
    r"newObj|__pyx_unpickle_\w+|chi2|f_classif|f_oneway|f_regression|mutual_info_classif|r_regression"
)


def canonical(module: str, name: str) -> tuple[str, str]:
    """Return the name under which Python finds what a pickle calls otherwise."""
    if name == "memmap" and module in _HOMES_OF_MEMMAP:
        return MEMMAP
    return _RENAMED.get(module, module), name


def allowed(module: str, name: str) -> bool:
    """Tell whether a pickle may name ``module.name``. Looks at the names alone and imports nothing.

    A dotted ``name`` would reach through an allowed module into what it has imported, such as
    ``sklearn.base`` to ``os.system``; it is never allowed.
    """
    if "." in name or not name.isascii():
        return False
    if (module, name) in _ALLOWED or stand_in(module, name) is not None:
        return True
    if _within("scipy.sparse", module):
        return _SPARSE.fullmatch(name) is not None
    return _of_sklearn(module) and bool(_CLASS.fullmatch(name) or _FUNCTION.fullmatch(name))


def genuine(module: str, name: str, found: Any) -> bool:
    """Tell whether what ``module.name`` turned out to be is what the allow-list means by it.

    Modules hold what they import, too: ``sklearn.ensemble._forest.Parallel`` looks like a class of
    scikit-learn and is joblib's. So the object has to come from where the allow-list looks.
    """
    if (module, name) in _ALLOWED:
        return True
    home, _ = canonical(str(getattr(found, "__module__", "")), "")
    if isinstance(found, type):
        return allowed(home, found.__qualname__)
    return _of_sklearn(home) and _FUNCTION.fullmatch(name) is not None


def _of_sklearn(module: str) -> bool:
    return _SKLEARN.fullmatch(module) is not None


def _within(package: str, module: str) -> bool:
    return module == package or module.startswith(package + ".")
