"""A small file cannot fill the memory or the time of who looks inside."""

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from convert.errors import ConversionError
from convert.pickles import PickleFile
from convert.portable import Refused, calls
from convert.portable import scan as scanning
from convert.portable.calls import Looks, check_size
from convert.portable.scan import scan
from convert.portable.unpack import unpack

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "bz2": bz2.compress,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}


@pytest.mark.parametrize("name", COMPRESS)
def test_bombs(name: str) -> None:
    """More than 64 MiB from a file 200 times smaller is refused, and little of it is held."""
    bomb = COMPRESS[name](b"\x80\x04" + bytes(70 * 2**20))
    with pytest.raises(Refused, match=f"{len(bomb):,} bytes of {name} data that unpack to more than"):
        unpack(bomb, "model")


@pytest.mark.parametrize("name", COMPRESS)
def test_what_compresses_well_unpacks(name: str) -> None:
    stream = b"\x80\x04" + bytes(5 * 2**20) + b"."
    assert unpack(COMPRESS[name](stream), "model") == (stream, name)
    with pytest.raises(Refused, match="ends too early"):
        unpack(COMPRESS[name](stream)[:-9], "model")


class _Call:
    def __init__(self, function: Any, *args: Any) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> Any:
        return self.function, self.args


@pytest.mark.parametrize(
    ("gadget", "why"),
    [
        (_Call(bytes, 10**11), r"calls builtins\.bytes\(100000000000\)"),
        (_Call(bytearray, 10**11), r"calls builtins\.bytearray\(100000000000\)"),
        (_Call(list, _Call(bytes, 10)), r"calls builtins\.bytes\(10\)"),
        (_Call(list, b"abc"), r"calls builtins\.list on what is not a list"),
        (_Call(set, "abc"), r"calls builtins\.set on what is not a list"),
    ],
)
def test_calls_that_allocate(gadget: Any, why: str) -> None:
    with pytest.raises(ConversionError, match=why):
        PickleFile.of(pickle.dumps([1, gadget], 4), "model")


def test_array_larger_than_the_file() -> None:
    """An empty array of a shape that no data follows."""
    import numpy as np

    stream = pickle.dumps(np.zeros(3), 2)
    huge = stream.replace(b"K\x00\x85", b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85", 1)
    assert huge != stream
    with pytest.raises(Refused, match=r"makes an array of 1\.1e"):
        scan(huge, "model")


def _doubled(levels: int) -> bytes:
    return b")" + b"2\x86" * levels


@pytest.mark.parametrize(
    "stream",
    [
        b"\x80\x04}" + _doubled(45) + b"Ns.",  # a key
        b"\x80\x04}(" + _doubled(45) + b"Nu.",  # one of several
        b"\x80\x04(" + _doubled(45) + b"Nd.",  # of a dict made at once
        b"\x80\x04(" + _doubled(45) + b"\x91.",  # in a frozenset
        b"\x80\x04\x8f(" + _doubled(45) + b"\x90.",  # in a set
        b"\x80\x02cbuiltins\nset\n](" + _doubled(45) + b"e\x85R.",  # in a list that becomes a set
        b"\x80\x02cbuiltins\nstr\n" + _doubled(45) + b"\x85R.",  # printed
        b"\x80\x02ccollections\nOrderedDict\n](" + _doubled(45) + b"N\x86e\x85R.",
        # A state, of which scikit-learn prints the version.
        b"\x80\x02csklearn.pipeline\nPipeline\n)\x81}X\x10\x00\x00\x00_sklearn_version"
        + _doubled(45)
        + b"sb.",
    ],
)
def test_what_never_ends(stream: bytes) -> None:
    """A tuple that holds one twice, 45 deep, wherever it would be hashed or printed."""
    with pytest.raises(Refused, match="may take for ever"):
        scan(stream, "model")


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        # A tuple of 500 is the key of a dict, again and again; and a list the argument of a call.
        (b"(" + b"N" * 500 + b"tq\x00}" + b"h\x00Ns" * 10 + b".", "over and over"),
        (b"(" + b"N" * 500 + b"lq\x00" + b"0cbuiltins\nlist\nh\x00\x85R" * 10 + b".", "over and over"),
        (b")" + b"2\x86" * 45 + b"Q.", "an object outside the file, which"),
    ],
)
def test_what_is_looked_at_again(stream: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_MOST_LOOKS", 2000)
    with pytest.raises(Refused, match=why):
        scan(b"\x80\x02" + stream, "model")


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (b")\x85", "whose length is a tuple"),
        (b"(" + b"K\x02" * 100 + b"t", "an array of 100 axes; NumPy has at most 64"),
        (b"\x8a\x09" + b"\xff" * 8 + b"\x00\x85", "longer than any memory"),
        (b"J\xff\xff\xff\xff\x85", "is negative"),
        (b"N", "an array without a shape"),
    ],
)
def test_arrays_of_no_shape(shape: bytes, why: str) -> None:
    """An array of joblib, whose shape says how much of the file to skip."""
    import joblib
    import numpy as np

    file = io.BytesIO()
    joblib.dump(np.zeros(3), file)
    honest = file.getvalue()
    forged = honest.replace(b"K\x03\x85\x94", shape, 1)
    assert forged != honest
    scan(honest, "model")
    # Without the frame, which says how long it is.
    with pytest.raises(Refused, match=why):
        scan(b"\x80\x04" + forged[forged.index(b"\x8c") :], "model")


@pytest.mark.parametrize("name", COMPRESS)
def test_files_of_very_many_streams(name: str) -> None:
    """Each is empty; 12,000 of them took minutes once they were copied one after another."""
    with pytest.raises(Refused, match=r"more than 10,000 streams"):
        unpack(COMPRESS[name](b"") * 12_000, "model")


def test_streams_and_the_padding_between_them() -> None:
    stream = b"\x80\x04" + bytes(3 * 2**16) + b"."
    packed = gzip.compress(stream[:9]) + bytes(3 * 2**16) + gzip.compress(stream[9:]) + bytes(5)
    assert unpack(packed, "model").data == stream


def test_nesting_is_counted_without_recursion() -> None:
    value: Any = ()
    for _ in range(100_000):
        value = (value,)
    with pytest.raises(Refused, match="nested more than 60 deep"):
        check_size(value, 10**6, "this", Looks())
    check_size([[1, 2], {"a": (3,)}], 20, "this", Looks())
    loop: list[Any] = []
    loop.append(loop)
    check_size(loop, 20, "this", Looks())


def test_too_many_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted over the pickles inside the pickle as well."""
    from tests.convert.gadgets import dumped, in_array

    stream = unpack(dumped(in_array(1)), "model").data
    scan(stream, "model")
    monkeypatch.setattr(scanning, "MOST_INSTRUCTIONS", 100)
    with pytest.raises(Refused, match="more than 100 instructions"):
        scan(stream, "model")
