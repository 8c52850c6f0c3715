"""Pickles that would do harm, and the canary that tells whether they did."""

from __future__ import annotations

import builtins
import functools
import importlib
import io
import operator
import os
import pickle
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.testing._private.utils import runstring
from sklearn.datasets import dump_svmlight_file
from sklearn.tree import DecisionTreeClassifier

from tests.convert.zoo import data


class Call:
    """Pickles as a call of ``function(*args)``."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> Any:
        return self.function, self.args

    def __call__(self) -> None:
        """Be something that pickle accepts as a function."""


def _touch(canary: Path) -> str:
    return f"__import__('pathlib').Path({str(canary)!r}).touch()"


def _module(name: str) -> Call:
    return Call(importlib.import_module, name)


#: What each makes of the canary's path, and one function of those it names.
GADGETS: dict[str, tuple[Callable[[Path], Any], Any]] = {
    "os.system": (lambda c: Call(os.system, f"touch {c}"), os.system),
    "eval": (lambda c: Call(builtins.eval, _touch(c)), builtins.eval),
    "exec": (lambda c: Call(builtins.exec, _touch(c)), builtins.exec),
    "subprocess": (lambda c: Call(subprocess.call, ["touch", str(c)]), subprocess.call),
    "partial": (lambda c: Call(Call(functools.partial, os.system, f"touch {c}")), functools.partial),
    "methodcaller": (lambda c: Call(Call(operator.methodcaller, "touch"), c), operator.methodcaller),
    "attrgetter": (
        lambda c: Call(Call(Call(operator.attrgetter, "system"), _module("os")), f"touch {c}"),
        operator.attrgetter,
    ),
    "getattr": (lambda c: Call(Call(getattr, _module("os"), "system"), f"touch {c}"), getattr),
    "copy": (lambda c: Call(shutil.copyfile, "/dev/null", str(c)), shutil.copyfile),
    "open": (lambda c: Call(io.FileIO, str(c), "w"), io.FileIO),
    "script": (lambda c: Call(runpy.run_path, _script(c)), runpy.run_path),
    "numpy.savetxt": (lambda c: Call(np.savetxt, str(c), [1.0]), np.savetxt),
    "numpy.memmap": (lambda c: Call(np.memmap, str(c), "uint8", "w+", 0, (1,)), np.memmap),
    "numpy's extended eval": (
        lambda c: Call(runstring, _touch(c), {}),
        runstring,
    ),
    "scikit-learn's own": (
        lambda c: Call(dump_svmlight_file, np.ones((1, 1)), [1], str(c)),
        dump_svmlight_file,
    ),
    "joblib's own": (lambda c: Call(joblib.dump, 1, str(c)), joblib.dump),
}


def name_of(function: Any) -> str:
    """The name a pickle gives it."""
    return f"{function.__module__}.{function.__qualname__}"


def _script(canary: Path) -> str:
    script = canary.with_name("script.py")
    script.write_text(_touch(canary))
    return str(script)


def in_estimator(gadget: Any) -> Any:
    """A fitted classifier with the gadget among its attributes."""
    X, y = data(5)
    estimator = DecisionTreeClassifier(max_depth=2).fit(X, y)
    estimator.extra_ = gadget
    return estimator


def in_array(gadget: Any) -> Any:
    """The gadget inside an array of objects, for which joblib writes a pickle of its own."""
    X, y = data(5)
    estimator = DecisionTreeClassifier(max_depth=2).fit(X, y)
    array = np.empty(2, dtype=object)
    array[:] = [{"deep": [gadget]}, 1]
    estimator.extra_ = array
    return estimator


def as_key(gadget: Any) -> Any:
    """The gadget as a key of a dict."""
    return {gadget: 1}


#: How a pickle is wrapped, as bytes.
FORMATS: dict[str, Callable[[Any], bytes]] = {
    "pickle 0": lambda v: pickle.dumps(v, 0),
    "pickle 2": lambda v: pickle.dumps(v, 2),
    "pickle 5": lambda v: pickle.dumps(v, 5),
    "joblib": lambda v: dumped(v),
    "joblib zlib": lambda v: dumped(v, 3),
    "joblib xz": lambda v: dumped(v, ("xz", 1)),
    "joblib lzma": lambda v: dumped(v, ("lzma", 1)),
    "joblib bz2": lambda v: dumped(v, ("bz2", 1)),
    "joblib gzip": lambda v: dumped(v, ("gzip", 1)),
}


def dumped(value: Any, compress: Any = 0) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress)
    return file.getvalue()
