"""Load a pickle with nothing but the allow-list at its disposal."""

from __future__ import annotations

import importlib
import io
import pickle
import warnings
from typing import Any, ClassVar

from . import Refused
from .allowlist import (
    ARRAY_WRAPPERS,
    CHECK_ARRAY,
    CODECS_ENCODE,
    MEMMAP,
    PARTIAL,
    allowed,
    canonical,
    genuine,
)
from .lightgbm_text import check_lightgbm
from .machine import Machine
from .searches import stand_in


def unpickle(stream: bytes, origin: str, trust: bool = False) -> Any:
    """Load a pickle stream of joblib or pickle.

    Parameters
    ----------
    stream : bytes
        Unpacked.
    origin : str
        Name of the file, for messages.
    trust : bool
        Load whatever it names, which is to run whatever its author wrote.

    Raises
    ------
    Refused
        It names something that is not on the allow-list, or does not load.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's and scikit-learn's remarks on old names
            return _Unpickler(io.BytesIO(stream), trust).load()
    except Refused as error:
        raise Refused(f"{origin}: {error}") from error
    except MemoryError:
        raise
    except (ImportError, AttributeError) as error:  # what it names is of another version
        raise Refused(f"{origin}: names what the libraries that load it do not have, {error}") from error
    except Exception as error:  # damaged data: whatever loading leads to
        raise Refused(f"{origin}: does not load; it is damaged, or its parts do not fit together") from error


class _ArrayWrapper:
    """Stands in for joblib's NumpyArrayWrapper, whose attributes it is given."""

    dtype: Any
    shape: tuple[int, ...]
    order: str
    numpy_array_alignment_bytes: int | None = None  # absent in files of joblib before 1.2

    def read(self, file: io.BytesIO, trust: bool) -> Any:
        """Read the array that follows the wrapper in the file."""
        import numpy as np

        if self.dtype.hasobject:
            return _Unpickler(file, trust).load()
        if self.numpy_array_alignment_bytes is not None:
            file.read(file.read(1)[0])
        count = 1
        for n in self.shape:
            count *= int(n)
        data = file.read(count * self.dtype.itemsize)
        array = np.frombuffer(bytearray(data), dtype=self.dtype, count=count)
        if self.order == "F":
            return array.reshape(self.shape[::-1]).transpose()
        return array.reshape(self.shape)


def _encode(text: str, encoding: str) -> bytes:
    """Stands in for _codecs.encode, by which pickles of protocol 2 write bytes."""
    if encoding != "latin1":
        raise Refused(f"bytes written as {encoding!r:.30}, which pickle never does")
    return text.encode("latin1")


def _check_array(values: Any) -> Any:
    """Stand in for ``check_array`` of scikit-learn: vectors of the proof are checked already."""
    return values


class _Partial:
    """Stands in for ``partial(check_array, ...)``, by which HistGradientBoosting with categories reads."""

    def __init__(self, function: Any) -> None:
        if function is not _check_array:
            raise Refused(f"names functools.partial of {function!r:.60}; only that of check_array is allowed")

    def __setstate__(self, state: Any) -> None:
        """Take the other arguments, which say what is to be checked, and leave them."""

    def __call__(self, values: Any) -> Any:
        return _check_array(values)


def _without_arguments(found: Any) -> Any:
    """Derive a Booster that is given its state alone: its constructor opens files that it is named."""

    class Bare(found):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()

        def __setstate__(self, state: Any) -> None:
            if found.__module__.startswith("lightgbm."):
                check_lightgbm(state.get("_handle", state.get("handle")))
            super().__setstate__(state)

    return Bare


_STAND_INS = {CODECS_ENCODE: _encode, CHECK_ARRAY: _check_array, PARTIAL: _Partial}


def _check_dtype(dtype: Any) -> None:
    """Refuse a dtype that denies its objects or overruns its items.

    numpy takes a dtype's flags from the pickle; an array of objects that says it is none would have its
    raw bytes taken for addresses.
    """
    if dtype.fields:
        for field, offset, *_ in dtype.fields.values():
            _check_dtype(field)
            if field.hasobject or offset + field.itemsize > dtype.itemsize:
                raise Refused(f"a forged dtype, {dtype!r:.80}")
    elif dtype.subdtype:
        _check_dtype(dtype.subdtype[0])
    if (dtype.kind == "O") != dtype.hasobject:
        raise Refused(f"a forged dtype, {dtype!r:.80}")


class _Unpickler(Machine):  # type: ignore[misc]
    dispatch: ClassVar[dict[int, Any]] = dict(Machine.dispatch)

    def __init__(self, file: io.BytesIO, trust: bool) -> None:
        super().__init__(file, encoding="latin1")
        self._file, self._trust = file, trust

    def find_class(self, module: str, name: str) -> Any:
        module, name = canonical(module, name)
        if module in ARRAY_WRAPPERS and name == "NumpyArrayWrapper":
            return _ArrayWrapper
        if self._trust:
            return super().find_class(module, name)
        if not allowed(module, name):
            raise Refused(f"names {module}.{name}, which is not on the allow-list")
        if (module, name) == MEMMAP:
            import numpy as np

            return np.ndarray
        if (module, name) in _STAND_INS:
            return _STAND_INS[module, name]
        if stand_in(module, name) is not None:
            return stand_in(module, name)
        found = getattr(importlib.import_module(module), name)
        if not genuine(module, name, found):
            raise Refused(f"names {module}.{name}, which is really {found!r:.80}; not on the allow-list")
        return _without_arguments(found) if name == "Booster" else found

    def get_extension(self, code: int) -> None:
        raise Refused(f"refers to entry {code} of copyreg's extension registry")

    def load_build(self) -> None:
        super().load_build()
        if type(self.stack[-1]).__module__.startswith("numpy") and hasattr(self.stack[-1], "hasobject"):
            _check_dtype(self.stack[-1])
        if isinstance(self.stack[-1], _ArrayWrapper):
            self.stack.append(self.stack.pop().read(self._file, self._trust))

    dispatch[pickle.BUILD[0]] = load_build
