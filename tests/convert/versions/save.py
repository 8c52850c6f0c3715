"""``python -m tests.convert.versions.save FOLDER [PATTERN ...]``: fit the zoo, save it, and ask it.

It runs under whatever scikit-learn is there, and under Python 3.8. Each estimator leaves ``NAME.pkl``, and
``NAME.npz`` with inputs ``X`` (float32), its answers ``P`` (``predict_proba``) and its ``classes``.
``saved.json`` tells versions, what was saved, and what this scikit-learn does not have or does not fit.
Everything is seeded.
"""

from __future__ import annotations

import fnmatch
import json
import pickle
import platform
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn

if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 0):
    from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401

from tests.convert.every import BINARY, NO_PLACE, listed, made
from tests.convert.zoo import ZOO, data


def animals() -> Iterator[tuple[str, Any, int, bool]]:
    """Name each estimator, with how it is made, the number of its classes, and whether its data are wild."""
    for name, make in ZOO.items():
        yield f"{name}, 2 classes", make, 2, False
        yield f"{name}, 5 classes", make, 5, True
    for name in listed():
        if name not in NO_PLACE:
            # The name is bound now, not when it is called.
            yield name, lambda name=name: made(name), 2 if name in BINARY else 5, False


def asked(X: Any) -> Any:
    """Inputs of the answers: the training data, and rows beside them and far outside, as float32."""
    rng = np.random.default_rng(0)
    centre, spread = X.mean(axis=0), X.std(axis=0)
    around = [centre + far * spread * rng.standard_normal((30, X.shape[1])) for far in (1.0, 3.0, 30.0)]
    return np.concatenate([X, *around]).astype(np.float32)


def save(folder: Path, only: Sequence[str] | None = None) -> None:
    """Fill a folder; with those that a pattern of ``only`` fits to, if it is given."""
    told: dict[str, Any] = {
        "sklearn": sklearn.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "saved": [],
        "absent": {},
    }
    for number, (name, make, n_classes, wild) in enumerate(animals()):
        if only is not None and not any(fnmatch.fnmatchcase(name, pattern) for pattern in only):
            continue
        X, y = data(n_classes, wild)
        try:
            # Both kinds of array that hold names: pandas makes objects.
            model = make().fit(X, y if wild else y.astype(object))
            rows = asked(X)
            # What has none is saved all the same: it is to be refused.
            P = model.predict_proba(rows.astype(np.float64)) if hasattr(model, "predict_proba") else ()
        except Exception as error:  # not there, or with other arguments, in this version
            told["absent"][name] = f"{type(error).__name__}: {error}".splitlines()[0][:120]
            continue
        # Both ways in which people save, by turns.
        with (folder / f"{name}.pkl").open("wb") as file:
            (joblib.dump if number % 2 else pickle.dump)(model, file)
        np.savez(folder / f"{name}.npz", X=rows, P=P, classes=np.asarray(model.classes_, dtype=str))
        told["saved"].append(name)
    (folder / "saved.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    save(Path(sys.argv[1]), sys.argv[2:] or None)
