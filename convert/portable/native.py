"""The files that XGBoost, LightGBM and CatBoost write of their models themselves: no pickle is in them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from . import DETAILS, Refused
from .lightgbm_text import check_lightgbm

XGBOOST, LIGHTGBM, CATBOOST, CATBOOST_JSON = "xgboost", "lightgbm", "catboost", "catboost-json"
#: What each format's library calls itself.
LIBRARY_OF = {XGBOOST: "XGBoost", LIGHTGBM: "LightGBM", CATBOOST: "CatBoost", CATBOOST_JSON: "CatBoost"}
#: Bytes at the beginning of a file by which it is recognised.
_HEAD = 2**16
#: Files of these libraries that cannot be read back, and what to do, by a pattern at their beginning.
_NO_MODELS = (
    (
        rb"binf|bs64",
        "XGBoost's old binary format; load it with XGBoost before 3.1 and save it as .json",
    ),
    (
        rb"\s*\[\s*\{\s*\"nodeid\"",
        "a dump of XGBoost's trees, which says nothing of the classes; save_model(...)",
    ),
    (
        rb"\s*\{\s*\"name\"\s*:\s*\"tree\"",
        "a dump of LightGBM's trees; give what booster_.save_model(...) writes",
    ),
)


class Native(NamedTuple):
    """A booster's own file: its format, the class that it becomes, and its number of features, if known."""

    format: str
    estimator: str
    n_features: int | None


def recognise(data: bytes, origin: str) -> Native | None:
    """Recognise a booster's own file by its beginning. Return None for any other file.

    Raises
    ------
    Refused
        It comes from one of these libraries, but it is not a model that can be read back.
    """
    head = data[:_HEAD]
    for pattern, what in _NO_MODELS:
        if re.match(pattern, head):
            raise Refused(f"{origin}: {what}")
    if head.startswith(b"CBM1"):
        return Native(CATBOOST, "catboost.core.CatBoostClassifier", None)
    if re.match(rb"tree\r?\n", head):
        found = re.search(rb"^max_feature_idx=(\d{1,9})\s*$", head, re.MULTILINE)
        return Native(LIGHTGBM, "lightgbm.BoosterClassifier", int(found[1]) + 1 if found else None)
    if head.startswith(b"{L\0"):
        return Native(XGBOOST, "xgboost.sklearn.XGBClassifier", None)
    if not re.match(rb"\s*\{\s*\"", head):
        return None
    if b'"oblivious_trees"' in data or b'"features_info"' in head:
        return Native(CATBOOST_JSON, "catboost.core.CatBoostClassifier", None)
    if b'"learner"' in data:
        found = re.search(rb'"num_feature"\s*:\s*"(\d{1,9})"', data)
        return Native(XGBOOST, "xgboost.sklearn.XGBClassifier", int(found[1]) if found else None)
    return None


def load(data: bytes, format_: str, origin: str) -> Any:
    """Load a booster's own file by its own library, as a classifier.

    Raises
    ------
    Refused
        The library refuses it, or it is not a classifier.
    """
    try:
        return _LOADERS[format_](data)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # each library has exceptions of its own
        library = LIBRARY_OF[format_]
        raise Refused(
            f"{origin}: {library} cannot read it: it is damaged, or no model of {library}'s, or saved by a "
            f"later version than the one that is installed; save it again with save_model. {DETAILS}"
        ) from error


def _of_xgboost(data: bytes) -> Any:
    import json

    from xgboost import Booster, XGBClassifier

    booster = Booster()
    booster.load_model(bytearray(data))
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    if objective.partition(":")[0] not in ("binary", "multi"):
        raise Refused(f"holds a model of XGBoost with objective {objective!r}, which is not a classifier")
    if objective == "multi:softmax":  # the same trees; it answers with a class instead of probabilities
        booster.set_param({"objective": "multi:softprob"})
    model = XGBClassifier(n_jobs=1)
    model.load_model(booster.save_raw("json"))
    return model


def _of_lightgbm(data: bytes) -> Any:
    import lightgbm
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin

    class BoosterClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        """LightGBM's Booster as a classifier; its file does not know the names of the classes."""

        def __init__(self, booster_: Any = None) -> None:
            self.booster_ = booster_

        @property
        def n_features_in_(self) -> int:
            return int(self.booster_.num_feature())

        @property
        def classes_(self) -> Any:
            return np.arange(max(2, self.booster_.num_model_per_iteration()))

        def predict_proba(self, X: Any) -> Any:
            found = np.asarray(self.booster_.predict(np.asarray(X), num_threads=1))
            return np.stack([1 - found, found], axis=1) if found.ndim == 1 else found

        def predict(self, X: Any) -> Any:
            return self.classes_[self.predict_proba(X).argmax(axis=1)]

    # Its place in reports, and what `boosted` knows it by.
    BoosterClassifier.__module__, BoosterClassifier.__qualname__ = "lightgbm", "BoosterClassifier"
    text = data.decode("utf-8")
    check_lightgbm(text)
    objective = re.search(r"^objective=(\w+)", text, re.MULTILINE)
    if objective and not re.match("binary|multiclass|cross_entropy", objective[1]):
        raise Refused(f"holds a model of LightGBM with objective {objective[1]!r}, which is not a classifier")
    return BoosterClassifier(lightgbm.Booster(model_str=text))


def _of_catboost(format_: str) -> Any:
    def load_it(data: bytes) -> Any:
        import tempfile
        from pathlib import Path

        from catboost import CatBoostClassifier

        model = CatBoostClassifier(thread_count=1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            path.write_bytes(data)
            model.load_model(str(path), format=format_)
        return model

    return load_it


_LOADERS = {
    XGBOOST: _of_xgboost,
    LIGHTGBM: _of_lightgbm,
    CATBOOST: _of_catboost("cbm"),
    CATBOOST_JSON: _of_catboost("json"),
}
