"""What the calls in a pickle may be given, so that none of them hangs or fills the memory when it is loaded.

The allow-list says which names a pickle may call. Some of them are dangerous with the wrong
arguments: ``bytes(10**10)`` fills the memory, and hashing or printing a tuple that holds one tuple
twice, 45 levels deep, never ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import Refused

#: Objects inside the arguments of one call, or inside one key; an object counts as often as it is named.
_MOST = 2_000_000
#: The same of a key. Models have keys of a few parts.
_MOST_IN_KEY = 1000
#: Nesting of the same. Hashing a tuple needs stack for every level.
_DEEPEST = 60
#: Objects that are looked at over a whole stream: a list of a million may be named in every call.
_MOST_LOOKS = 6_000_000
#: Axes of an array, and the length of one.
_MOST_AXES, _LONGEST = 64, 2**62

#: Calls that make something as large as a number says.
_ALLOCATING = frozenset({"builtins.bytes", "builtins.bytearray"})
#: Calls that copy what they are given, and those of them that hash it.
_COPYING = frozenset({"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset"})
_HASHING = frozenset(
    {
        "builtins.set",
        "builtins.frozenset",
        "builtins.dict",
        "collections.OrderedDict",
        "collections.defaultdict",
    }
)
#: Libraries whose classes read files that they are named.
_BOOSTING = frozenset({"xgboost", "lightgbm", "catboost"})
_RECONSTRUCTING = {"_reconstruct": 1, "_mareconstruct": 2}


class Looks:
    """How many objects were looked at in one stream; what makes them too many is refused."""

    def __init__(self) -> None:
        self._left = _MOST_LOOKS

    def count(self) -> None:
        """Count one more.

        Raises
        ------
        Refused
            They are too many.
        """
        self._left -= 1
        if self._left < 0:
            raise Refused("names the same objects over and over; it may take for ever to load")


def check_call(path: str, args: tuple[Any, ...], size: int, looks: Looks) -> None:
    """Refuse a call whose arguments could hang or fill the memory.

    Parameters
    ----------
    path : str
        Dotted name of what is called.
    args : tuple
        As the scan found them; what calls would have made are `Inert` records.
    size : int
        Bytes of the whole stream, which no honest array or text in it exceeds.
    looks : Looks
        Of the whole stream.

    Raises
    ------
    Refused
        The arguments are not what a fitted model's pickle writes.
    """
    check_size(args, _MOST, f"the arguments of {path:.200}", looks)
    first = args[0] if args else None
    if path in _ALLOCATING and isinstance(first, int):
        raise Refused(f"calls {path}({first!r:.30}), which no model's pickle does")
    if path in _COPYING and args and not isinstance(first, (list, tuple)):
        raise Refused(f"calls {path} on what is not a list, which no model's pickle does")
    if path in _HASHING:
        for argument in args:
            for item in argument if isinstance(argument, (list, tuple)) else ():
                check_key(item, looks)
    if path.split(".")[0] in _BOOSTING and args:
        raise Refused(f"calls {path} with arguments, which no pickle of a fitted model does")
    name = path.rpartition(".")[2]
    if path == "copyreg._reconstructor" and len(args) == 3 and _is_plain(args[2]):
        raise Refused("rebuilds an object from a number or a text, which no model's pickle does")
    if name in _RECONSTRUCTING and path.startswith("numpy") and len(args) > _RECONSTRUCTING[name]:
        check_shape(args[_RECONSTRUCTING[name]], size)
    if path == "numpy.ndarray":
        check_shape(first, size)


def check_shape(shape: Any, size: int) -> None:
    """Refuse to make an empty array that is larger than the file."""
    lengths = [n for n in (shape if isinstance(shape, tuple) else (shape,)) if isinstance(n, int)]
    count = count_items(lengths)
    if count > size:
        raise Refused(f"makes an array of {count:.3g} items in a file of {size:,} bytes")


def count_items(shape: Sequence[int]) -> int:
    """Multiply the lengths of an array's axes, if they can be those of an array.

    Raises
    ------
    Refused
        There are more axes than NumPy has, or one is longer than any.
    """
    if len(shape) > _MOST_AXES:
        raise Refused(f"damaged: an array of {len(shape):,} axes; NumPy has at most {_MOST_AXES}")
    count = 1
    for n in shape:
        if not 0 <= n <= _LONGEST:
            raise Refused("damaged: an array whose length is negative, or longer than any memory")
        count *= n
    return count


def check_key(key: Any, looks: Looks) -> None:
    """Refuse a key, or an item of a set, that takes too long to hash."""
    check_size(key, _MOST_IN_KEY, "a key of a dict or an item of a set", looks)


def check_size(value: Any, most: int, what: str, looks: Looks) -> None:
    """Refuse containers that hold more than ``most`` objects, or that are nested too deeply.

    An object that is named twice counts twice, as whoever hashes or prints it visits it twice. The
    walk itself visits it once, and keeps no stack of Python's.
    """
    sizes: dict[int, tuple[int, int]] = {}
    pending = [(value, False)]
    while pending:
        item, is_done = pending.pop()
        looks.count()
        if not isinstance(item, (list, tuple, dict)) or (id(item) in sizes and not is_done):
            continue
        parts = list(item.items()) if isinstance(item, dict) else item
        if not is_done:
            sizes[id(item)] = (1, 0)  # what holds itself is met again before it is done
            pending.append((item, True))
            pending.extend((part, False) for part in parts)
            continue
        known = [sizes.get(id(part), (1, 0)) for part in parts]
        total, depth = 1 + sum(n for n, _ in known), 1 + max((d for _, d in known), default=0)
        if total > most or depth > _DEEPEST:
            raise Refused(
                f"{what}: more than {most:,} objects, or nested more than {_DEEPEST} deep; "
                "no model's pickle has that, and it may take for ever to load"
            )
        sizes[id(item)] = (total, depth)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (int, float, str, bytes)) and not isinstance(value, bool)
