"""All that needs the estimator itself: is it fit for the device, its graph, its own answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from . import DETAILS, Refused
from . import vectors as made
from .boosted import is_boosted, is_fitted
from .converters.nodes import require_counterpart
from .fitted import require_fitted
from .graph import export
from .region import find_outside
from .structure import check_structure
from .widths import names_of, width_of

#: By how much probabilities may miss 0 and their sum may miss 1, as on the device.
_ROUNDED = 1e-3
#: Numbers of classes are smaller, as int64 is.
_LARGEST = 2**63


class Examined(NamedTuple):
    """What the rest of the conversion works on; plain data, so that it can cross a process.

    ``classes`` and ``encoder`` (the label encoder's, if there is one) are lists of str or int;
    ``vectors`` (n, n_features) float32: the first ``given`` are the caller's, the next ``real`` are of
    sounds, the others are made from the model. ``probabilities`` (n, n_classes) float64 and
    ``predicted`` (n,) are the estimator's own answers, the last as positions in ``classes``.
    ``outside`` tells where the real vectors lie outside of what the model was fitted on
    (:class:`convert.portable.region.Outside`, as a list); None if nowhere. ``reference`` names the
    library whose answers these are, with its version. ``columns`` are the names of the columns that it was
    fitted on; None if they had none.
    """

    estimator: str
    sklearn: str
    n_features: int
    classes: list[Any]
    encoder: list[Any] | None
    graph: bytes
    given: int
    vectors: Any
    probabilities: Any
    predicted: Any
    real: int = 0
    outside: list[Any] | None = None
    reference: str = ""
    columns: list[str] | None = None


def examine(
    estimator: Any,
    encoder: Any = None,
    vectors: Any = None,
    n_features: int | None = None,
    real: Any = None,
) -> Examined:
    """Check an estimator, export it, and let it answer.

    Parameters
    ----------
    estimator : fitted scikit-learn classifier
    encoder : LabelEncoder or list of str, optional
    vectors : array of float32, shape (n, n_features), optional
        What to compare on, besides those made from the model.
    n_features : int, optional
        How many inputs it must have.
    real : array of float32, shape (n, n_features), optional
        Vectors of sounds, as the device computes them.

    Raises
    ------
    Refused
        It is not a classifier that edgecry can serve; the message says why.
    """
    import sklearn

    check_structure(estimator)
    check_classifier(estimator, n_features)
    width = int(width_of(estimator) or 0)
    sounds = np.zeros((0, width), np.float32) if real is None else np.asarray(real, dtype=np.float32)
    given = np.zeros((0, width), np.float32) if vectors is None else np.asarray(vectors, dtype=np.float32)
    try:
        graph = export(estimator)
    except Refused as refusal:
        if refusal.__cause__ is not None:  # perhaps scikit-learn stumbles as well, which says more
            _answers(estimator, np.zeros((2, width), np.float32))
        raise
    with _quietly(), _in_one_process():
        X, outside = _vectors(estimator, given, sounds)
        probabilities, predicted = _answers(estimator, X)
    return Examined(
        estimator=f"{type(estimator).__module__}.{type(estimator).__qualname__}",
        sklearn=sklearn.__version__,
        n_features=width,
        classes=_plain(estimator.classes_),
        encoder=None if encoder is None else _encoded(encoder),
        graph=graph,
        given=len(given),
        vectors=X,
        probabilities=probabilities,
        predicted=predicted,
        real=len(sounds),
        outside=None if outside is None else list(outside),
        reference=_reference(estimator),
        columns=names_of(estimator),
    )


def _vectors(estimator: Any, given: Any, sounds: Any) -> tuple[Any, Any]:
    """Return the vectors of the proof, and where sounds lie outside of what the model was fitted on."""
    try:
        return np.concatenate([given, sounds, made.vectors(estimator)]), find_outside(estimator, sounds)
    except MemoryError:
        raise
    except Exception as error:  # what was learned has shapes that do not fit
        raise Refused(
            f"{type(estimator).__name__}: what it has learned does not fit together; it is damaged. {DETAILS}"
        ) from error


def _answers(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Ask the estimator for probabilities and classes, the latter as positions in ``classes_``.

    Raises
    ------
    Refused
        It stumbles over finite numbers, or its answers are not probabilities.
    """
    kind = type(estimator).__name__
    try:
        with _quietly(), _in_one_process():
            probabilities = np.asarray(estimator.predict_proba(X.astype(np.float64)), dtype=np.float64)
            # The classes of an encoder are in order; those that someone has renamed may not be.
            order = np.argsort(estimator.classes_, kind="stable")
            found = np.ravel(estimator.predict(X.astype(np.float64)))
            place = np.searchsorted(estimator.classes_, found, sorter=order)
            predicted = order[np.minimum(place, len(order) - 1)]
    except MemoryError:
        raise
    except Exception as error:  # whatever an estimator raises
        raise Refused(
            f"{kind} cannot answer the feature vectors of the proof, finite numbers as recordings give "
            "them, in its own library: it is damaged, or it has no answer far from what it was fitted on. "
            f"{DETAILS}"
        ) from error
    if probabilities.shape != (len(X), len(estimator.classes_)):
        raise Refused(
            f"{kind} has {len(estimator.classes_)} classes and answers with an array of shape "
            f"{probabilities.shape} for {len(X)} vectors; it is damaged"
        )
    fair = np.isfinite(probabilities).all(axis=1) & (probabilities >= -_ROUNDED).all(axis=1)
    fair &= np.abs(probabilities.sum(axis=1) - 1) <= _ROUNDED
    if not fair.all():
        shown = ", ".join(f"{p:g}" for p in probabilities[np.argmin(fair)][:6])
        raise Refused(
            f"{kind} answers {shown} for a vector of finite numbers in its own library, and these are not "
            "probabilities; a number in it is not finite or out of range, or it was fitted on too little"
        )
    return probabilities, predicted


def _reference(estimator: Any) -> str:
    """Name what answers, with its version: scikit-learn, or the library of a booster that is alone."""
    import sklearn

    if not is_boosted(estimator):
        return f"scikit-learn {sklearn.__version__}"
    import importlib

    package = type(estimator).__module__.split(".")[0]
    return f"{package} {importlib.import_module(package).__version__}"


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _in_one_process() -> Iterator[None]:
    """Keep an estimator that was saved with ``n_jobs=-1`` from starting processes of its own."""
    import joblib

    with joblib.parallel_backend("sequential"):
        yield


def check_classifier(estimator: Any, n_features: int | None = None) -> None:
    """Refuse what has no probabilities of at least two classes for ``n_features`` values."""
    kind = type(estimator).__name__
    _check_kind(estimator, kind)
    _check_classes(estimator, kind)
    require_fitted(estimator)
    _check_width(estimator, kind, n_features)


def _check_kind(estimator: Any, kind: str) -> None:
    """Refuse what is not a fitted classifier with probabilities."""
    from sklearn.base import BaseEstimator, is_classifier, is_regressor

    if not (isinstance(estimator, BaseEstimator) or is_boosted(estimator)) or isinstance(estimator, type):
        raise Refused(f"holds a {kind}, not a scikit-learn estimator; save the classifier itself")
    if is_boosted(estimator) and not is_fitted(estimator):
        package = type(estimator).__module__.split(".")[0]
        raise Refused(f"{kind} of {package} is not fitted, which is not supported; fit it before saving it")
    if is_regressor(estimator):
        raise Refused(f"{kind} is a regressor; edgecry needs a classifier with predict_proba")
    if not is_classifier(estimator):
        raise Refused(f"{kind} is not a classifier; edgecry needs one with predict_proba")
    if not hasattr(estimator, "classes_"):
        raise Refused(f"{kind} is not fitted; fit it before saving it")
    if not hasattr(estimator, "predict_proba"):
        raise Refused(
            f"{kind} has no predict_proba, only scores; wrap it in CalibratedClassifierCV and fit that"
        )


def _check_classes(estimator: Any, kind: str) -> None:
    """Refuse several labels at once, and fewer than two classes."""
    if isinstance(estimator.classes_, list):
        raise Refused(f"{kind} predicts {len(estimator.classes_)} labels at once; edgecry serves one")
    _check_names(estimator.classes_, kind)
    if len(estimator.classes_) < 2:
        raise Refused(
            f"{kind} knows one class only, {_plain(estimator.classes_)[0]}; at least two are needed"
        )


def _check_width(estimator: Any, kind: str, n_features: int | None) -> None:
    """Refuse what does not tell how many values it reads, or reads another number than ``n_features``."""
    found = width_of(estimator)
    if found is None:
        require_counterpart(estimator)
        raise Refused(
            f"{kind} does not tell how many features it reads, and nothing that it has learned tells it "
            "either; fit and save it with scikit-learn 1.0 or later"
        )
    if n_features is not None and found != n_features:
        raise Refused(
            f"{kind} reads {found} values, the feature spec makes {n_features}; "
            "give the spec the model was trained with (--spec)"
        )


def _check_names(classes: Any, kind: str) -> None:
    """Refuse classes that are neither names nor numbers, such as dates or tuples."""
    values = classes.tolist() if hasattr(classes, "tolist") else None
    if not isinstance(values, list):
        raise Refused(f"{kind}: its classes are a {type(classes).__name__}, not an array; it is damaged")
    types = {type(value) for value in values}
    if types == {str}:
        if any("\ud800" <= letter <= "\udfff" for value in values for letter in value):
            raise Refused(f"{kind}: the name of a class is not a text; it is damaged")
        return
    numbers = types <= {int, bool} or types == {float}
    if not numbers or not all(abs(value) < _LARGEST for value in values):
        shown = ", ".join(sorted(type_.__name__ for type_ in types))
        raise Refused(f"{kind}: its classes are {shown}, and edgecry knows names and whole numbers")


def _encoded(encoder: Any) -> list[Any]:
    from sklearn.preprocessing import LabelEncoder

    if isinstance(encoder, list):
        return encoder
    if not isinstance(encoder, LabelEncoder):
        raise Refused(f"the label file holds a {type(encoder).__name__}, not a LabelEncoder")
    if not hasattr(encoder, "classes_"):
        raise Refused("the label file's LabelEncoder is not fitted")
    return _plain(encoder.classes_)


def _plain(classes: Any) -> list[Any]:
    """Class names or numbers as str or int."""
    plain = []
    for value in classes.tolist():
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        plain.append(value if isinstance(value, (str, int)) else str(value))
    return plain
