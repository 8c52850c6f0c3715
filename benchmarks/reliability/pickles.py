"""Damaged and hostile pickles, as ``python -m convert`` meets them: loaded or refused, and nothing is run."""

from __future__ import annotations

import io
import pickle
import sys
import warnings
from pathlib import Path
from random import Random

import joblib
import numpy as np

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.mutation import damaged
from convert.errors import ConversionError
from convert.pickles import PickleFile

#: Globals that no model needs, to be put where a pickle names one of its own.
_HOSTILE = (
    (b"os", b"system"), (b"posix", b"system"), (b"builtins", b"eval"), (b"builtins", b"exec"),
    (b"subprocess", b"Popen"), (b"importlib", b"import_module"), (b"runpy", b"run_path"),
    (b"numpy", b"load"), (b"joblib", b"load"), (b"pickle", b"loads"), (b"ctypes", b"CDLL"),
    (b"sklearn.datasets", b"load_files"), (b"sklearn", b"os.system"), (b"builtins", b"getattr"),
)  # fmt: skip
#: What a process does that runs something, in the words of ``sys.addaudithook``.
_RUNS = frozenset(
    (
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "subprocess.Popen",
        "ctypes.dlopen",
        "socket.connect",
    )
)
#: How a pickle of an old protocol names a global of a model's.
_NAMING = (b"csklearn", b"ccopy_re", b"cnumpy.c")


class Pickles(Campaign):
    """Open a damaged pickle of a model, in which other globals may stand: a model, or a ConversionError."""

    name = "pickles"
    faults = "bits, cuts, drops, repeats, sizes, hostile globals"
    quick, usual, long = 250, 5000, 200_000
    package, extra = "sklearn", "convert"

    def prepare(self, _folder: Path) -> None:
        """Save some models in several protocols, and watch from now on what is run."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import LabelEncoder, StandardScaler
        from sklearn.tree import DecisionTreeClassifier

        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(40, 6)), np.repeat(["cry", "other"], 20)
        scaled = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        models = [scaled, DecisionTreeClassifier(max_depth=3).fit(X, y), (scaled, LabelEncoder().fit(y))]
        self._files = [pickle.dumps(model, protocol) for model in models for protocol in (0, 2, 4, 5)]
        for model in models:
            joblib.dump(model, buffer := io.BytesIO())
            self._files.append(buffer.getvalue())
        self._ran: list[str] = []
        self._watches = False
        sys.addaudithook(self._watch)
        PickleFile.of(self._files[0], "whole").load()  # what it imports is imported

    def _watch(self, event: str, _arguments: object) -> None:
        if self._watches and event in _RUNS:
            self._ran.append(event)

    def attempt(self, random: Random) -> str:
        """Damage one or name something hostile in it, scan it and load it."""
        data = random.choice(self._files)
        if random.random() < 0.5:
            data = _renamed(data, random)
        if random.random() < 0.6:
            data = damaged(data, random)
        self._ran.clear()
        self._watches = True
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                file = PickleFile.of(data, "damaged")
                file.load()
        except ConversionError:
            return "refused"
        finally:
            self._watches = False
            if self._ran:
                raise Wrong(f"it has run {', '.join(self._ran)}")
        if file.scan.refused:
            raise Wrong(f"it was loaded, and names {file.scan.refused}")
        return "loaded"


def _renamed(data: bytes, random: Random) -> bytes:
    """Put a hostile global where one of the pickle's own is named."""
    module, name = random.choice(_HOSTILE)
    if data[1:2] in b"\x04\x05" and data[:1] == b"\x80":  # strings, then STACK_GLOBAL
        put = b"\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name + b"\x93"
        places = [at for at in range(len(data)) if data[at : at + 1] == b"\x93"]
    else:  # GLOBAL, and two lines
        put = b"c" + module + b"\n" + name + b"\n"
        places = [at for at in range(len(data)) if data[at : at + 8] in _NAMING]
    if not places:
        return data
    at = random.choice(places)
    if put[:1] == b"c":
        end = data.index(b"\n", data.index(b"\n", at) + 1) + 1
        return data[:at] + put + data[end:]
    # The names that were on the stack stay there, beneath: POP takes the value before it is used.
    return data[:at] + data[at : at + 1] + b"0" + put + data[at + 1 :]
