"""What is inside a pickle, told without running it.

The scanner walks the stream as an unpickler does, but every global it names becomes an `Inert`
record, and what the stream would call or build becomes another. Nothing is imported, nothing is
called. A list of opcodes would not do: how many bytes of an array joblib has put into the middle of
the stream stands in the pickled objects.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, ClassVar, NamedTuple

from . import Refused
from .allowlist import ARRAY_WRAPPERS, CHECK_ARRAY, MEMMAP, PARTIAL, allowed, canonical
from .calls import Looks, check_call, check_key, check_size, count_items
from .contents import Part, describe, list_parts
from .inert import Inert
from .machine import Machine
from .searches import GETATTR, is_method
from .states import check_made, check_state, class_of

_MAX_NESTING = 20
#: Instructions of a stream. A forest of a thousand trees has some 150,000.
MOST_INSTRUCTIONS = 2_000_000
_HASHABLE = (str, int, float, bool, bytes, type(None))


class Scan(NamedTuple):
    """What a pickle holds.

    ``names`` are the globals' dotted names, each with whether it is allowed; ``versions`` the
    scikit-learn versions its estimators recorded; ``estimator`` and ``n_features`` tell what it would
    load to; ``parts`` tells what it holds where that is a dict, a list or a tuple.
    """

    names: tuple[tuple[str, bool], ...]
    versions: tuple[str, ...]
    estimator: str
    n_features: int | None
    parts: tuple[Part, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        """Globals that are not on the allow-list."""
        return tuple(name for name, ok in self.names if not ok)


def scan(stream: bytes, origin: str) -> Scan:
    """Walk a pickle stream without importing or calling anything.

    Raises
    ------
    Refused
        The stream is damaged, or uses what models' pickles never do.
    """
    globals_: dict[tuple[str, str], bool] = {}
    states: list[Any] = []
    try:
        root = _Scanner(io.BytesIO(stream), len(stream), globals_, states).load()
        parts = list_parts(root)
    except Refused as error:
        raise Refused(f"{origin}: {error}") from error
    except Exception as error:  # whatever a stream that is no pickle leads the machine into
        raise Refused(f"{origin}: damaged, cut short, or not a pickle") from error
    found = tuple((".".join(key), ok) for key, ok in sorted(globals_.items()))
    versions = {s["_sklearn_version"] for s in states if isinstance(s.get("_sklearn_version"), str)}
    whole = describe(root)
    return Scan(found, tuple(sorted(versions)), whole.kind, whole.n_features, parts)


class _Counted(dict):  # type: ignore[type-arg]
    """The machine's instructions, which counts those that are looked up and ends what has too many."""

    count = 0

    def __getitem__(self, opcode: int) -> Any:
        self.count += 1
        if self.count > MOST_INSTRUCTIONS:
            raise Refused(f"has more than {MOST_INSTRUCTIONS:,} instructions; no model's pickle needs that")
        return super().__getitem__(opcode)


class _Scanner(Machine):  # type: ignore[misc]
    """Python's own pure-Python unpickler with everything that acts taken out."""

    dispatch: ClassVar[dict[int, Any]] = dict(Machine.dispatch)

    def __init__(
        self,
        file: io.BytesIO,
        size: int,
        globals_: dict[tuple[str, str], bool],
        states: list[Any],
        outer: _Scanner | None = None,
    ) -> None:
        super().__init__(file, encoding="latin1")
        self._file, self._size = file, size
        # Instead of the class' table; what is nested goes on counting.
        self._counted: _Counted = _Counted(type(self).dispatch) if outer is None else outer._counted
        self._looks: Looks = Looks() if outer is None else outer._looks
        self._nesting: int = 0 if outer is None else outer._nesting + 1
        setattr(self, "dispatch", self._counted)  # noqa: B010 - typed as the class' alone
        self._globals, self._states = globals_, states

    # -- names -----------------------------------------------------------------------------------

    def find_class(self, module: Any, name: Any) -> Inert:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise Refused("damaged: a global whose name is not a text")
        key = canonical(module, name)
        self._globals[key] = self._globals.get(key, True) and allowed(*key)
        return Inert(key)

    def get_extension(self, code: int) -> None:
        raise Refused(f"refers to entry {code} of copyreg's extension registry, which no model's pickle does")

    def persistent_load(self, pid: Any) -> None:
        told = f" ({pid[:60]!r})" if isinstance(pid, str) else ""
        raise Refused(f"refers to an object outside the file{told}, which no model's pickle does")

    # -- what would be called or built -----------------------------------------------------------

    def _instantiate(self, klass: Any, args: Any) -> None:
        made = Inert(klass if isinstance(klass, Inert) else ("?", "?"), tuple(args))
        check_call(made.path, made.args, self._size, self._looks)
        check_made(made)
        if made.path == ".".join(PARTIAL) and not _is_check_array(made.args):
            self._globals[PARTIAL] = False
        if made.path == ".".join(GETATTR) and not is_method(made.args):
            self._globals[GETATTR] = False
        if made.path == ".".join(MEMMAP):  # to call it is to open a file, or to make one
            self._globals[MEMMAP] = False
        self.append(made)

    def load_reduce(self) -> None:
        args = self.stack.pop()
        self._instantiate(self.stack.pop(), args if isinstance(args, tuple) else ())

    def load_newobj_ex(self) -> None:
        if not isinstance(self.stack.pop(), dict):
            raise Refused("damaged: arguments by name that are not a dict")
        self.load_reduce()

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Inert):
            return
        check_size(state, MOST_INSTRUCTIONS, f"the state of {target.path:.200}", self._looks)
        check_state(target, state)
        target.state = state
        if isinstance(state, dict):
            self._states.append(state)
        if class_of(target) in [f"{module}.NumpyArrayWrapper" for module in ARRAY_WRAPPERS]:
            self.stack[-1] = self._skip_array(target)

    # -- containers: only plain keys are hashed here; a nested tuple may take for ever ----------------

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set(self.stack[-1], key, value)

    def load_setitems(self) -> None:
        items = self.pop_mark()
        for key, value in zip(items[::2], items[1::2]):  # noqa: B905 - strict= is Python 3.10's
            self._set(self.stack[-1], key, value)

    def load_dict(self) -> None:
        items = self.pop_mark()
        made: dict[Any, Any] = {}
        for key, value in zip(items[::2], items[1::2]):  # noqa: B905
            self._set(made, key, value)
        self.append(made)

    def load_additems(self) -> None:
        items = self.pop_mark()
        for item in items:
            check_key(item, self._looks)
        self.stack[-1].extend(items)

    def load_empty_set(self) -> None:
        self.append([])

    def load_frozenset(self) -> None:
        items = self.pop_mark()
        for item in items:
            check_key(item, self._looks)
        self.append(items)

    def _set(self, target: Any, key: Any, value: Any) -> None:
        check_key(key, self._looks)
        if isinstance(target, (dict, Inert)):
            target[key if isinstance(key, _HASHABLE) else id(key)] = value

    def load_bytearray8(self) -> None:
        # The stock one allocates what the stream claims before reading it.
        size = int.from_bytes(self.read(8), "little")
        if size > self._size:
            raise Refused(f"damaged: {size} bytes of data announced in a file of {self._size}")
        self.append(bytearray(self.read(size)))

    def load_next_buffer(self) -> None:
        raise Refused(
            "keeps its arrays outside of the file, as the buffers of pickle's protocol 5; "
            "save it with joblib.dump"
        )

    for _opcode, _method in (
        (pickle.NEXT_BUFFER, load_next_buffer),
        (pickle.REDUCE, load_reduce),
        (pickle.NEWOBJ, load_reduce),
        (pickle.NEWOBJ_EX, load_newobj_ex),
        (pickle.BUILD, load_build),
        (pickle.SETITEM, load_setitem),
        (pickle.SETITEMS, load_setitems),
        (pickle.DICT, load_dict),
        (pickle.EMPTY_SET, load_empty_set),
        (pickle.ADDITEMS, load_additems),
        (pickle.FROZENSET, load_frozenset),
        (pickle.BYTEARRAY8, load_bytearray8),
    ):
        dispatch[_opcode[0]] = _method

    # -- joblib's arrays -------------------------------------------------------------------------

    def _skip_array(self, wrapper: Inert) -> Any:
        state = wrapper.state
        if not isinstance(state, dict):
            raise Refused("damaged: an array without a description")
        itemsize = _itemsize(state.get("dtype"))
        if itemsize is None:
            return self._nested()
        lengths = state.get("shape")
        if not isinstance(lengths, (tuple, list)):
            raise Refused("damaged: an array without a shape")
        shape = tuple(_length(n) for n in lengths)
        count = count_items(shape)
        if state.get("numpy_array_alignment_bytes") is not None:
            self._file.read(self._file.read(1)[0])
        left = self._size - self._file.tell()
        if count * itemsize > left:
            raise Refused(f"damaged: an array of {count * itemsize} bytes announced, {left} left in the file")
        self._file.seek(count * itemsize, io.SEEK_CUR)
        array = Inert(("numpy", "ndarray"))
        array.state = (1, shape)  # as numpy's own pickles tell it
        return array

    def _nested(self) -> Any:
        """Scan the pickle of its own that joblib writes for an array of objects."""
        if self._nesting >= _MAX_NESTING:
            raise Refused(f"arrays of objects nested more than {_MAX_NESTING} deep")
        return _Scanner(self._file, self._size, self._globals, self._states, self).load()


def _is_check_array(args: tuple[Any, ...]) -> bool:
    """Tell whether these arguments are the one function that may be called later, with others."""
    return len(args) == 1 and isinstance(args[0], Inert) and args[0].made_by == CHECK_ARRAY


def _length(value: Any) -> int:
    """Read one entry of a shape: a number, or the record of a NumPy scalar."""
    if isinstance(value, Inert) and value.args and isinstance(value.args[-1], bytes):
        return int.from_bytes(value.args[-1], "little")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    told = value if isinstance(value, float) else f"a {type(value).__name__}"
    raise Refused(f"damaged: an array whose length is {told}")


def _itemsize(dtype: Any) -> int | None:
    """Bytes of one item, or None where items are Python objects (``numpy.dtype.__reduce__``)."""
    if not (isinstance(dtype, Inert) and dtype.path == "numpy.dtype" and dtype.args):
        raise Refused("damaged: an array without a dtype")
    code = str(dtype.args[0])
    kind, digits = code[:1], code[1:]
    state = dtype.state if isinstance(dtype.state, tuple) else ()
    if kind == "O":
        return None
    if len(state) > 7 and isinstance(state[7], int) and state[7] & 1:
        return None  # NPY_ITEM_HASOBJECT: a record with objects among its fields
    if kind not in "biufcSUVmM" or not digits.isdigit():
        raise Refused(f"an array of type {code!r:.30}, which is not known")
    return int(digits) * (4 if kind == "U" else 1)
