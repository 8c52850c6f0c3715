"""protobuf: what is read at once is what is read field by field."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.models.protobuf import WireError, fields, gathered, signed, whole_numbers

INT64 = st.integers(-(2**63), 2**63 - 1)


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])


def field(number: int, value: int | bytes | np.float32) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3 | 5) + value.tobytes()


@given(st.lists(st.tuples(st.integers(1, 20), st.lists(INT64 | st.binary(max_size=200), max_size=6))))
def test_gathered_is_fields_put_together(runs):
    data = b"".join(field(number, value) for number, values in runs for value in values)
    by_hand: dict[int, list[int | bytes]] = {}
    for number, value in fields(data):
        by_hand.setdefault(number, []).append(signed(value) if isinstance(value, int) else value)
    found = {
        number: [one for value in values for one in apart(value)] for number, values in gathered(data).items()
    }
    assert found == by_hand


def apart(value: int | bytes | np.ndarray) -> list[int | bytes]:
    if isinstance(value, np.ndarray):
        return [int(one) for one in value]
    return [signed(value) if isinstance(value, int) else value]


@given(st.lists(INT64, max_size=50))
def test_whole_numbers_apart_and_packed(numbers):
    """More than is looked at together, so that a list goes on in the next part."""
    many = numbers * 200
    apart = gathered(b"".join(field(8, n) for n in many)).get(8, [])
    packed = gathered(field(8, b"".join(map(varint, many))))[8]
    assert whole_numbers(apart).tolist() == whole_numbers(packed).tolist() == many


def test_numbers_of_32_bits():
    numbers = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    found = gathered(b"".join(field(7, n) for n in numbers) + field(3, b"end"))
    np.testing.assert_array_equal(np.frombuffer(b"".join(found[7]), "<f4"), numbers)
    assert found[3] == [b"end"]


def test_short_texts():
    texts = [b"LEAF", b"BRANCH_LEQ", b"", b"x" * 127, b"x" * 128] * 1000
    assert gathered(b"".join(field(9, text) for text in texts))[9] == texts


@pytest.mark.parametrize("whole", [field(8, 300) * 40, field(7, np.float32(1)) * 9, field(9, b"leaf") * 9])
def test_a_list_that_is_cut_short(whole):
    """It is refused wherever it is cut but between two values."""
    one = len(whole) // (40 if whole[0] == 0x40 else 9)
    for size in range(1, len(whole)):
        if size % one:
            with pytest.raises((WireError, IndexError)):
                gathered(whole[:size])
        else:
            gathered(whole[:size])


def test_numbers_that_are_too_long():
    for data in (b"\x08" + b"\xff" * 10 + b"\x01", b"\x08\x01\x08" + b"\xff" * 11 + b"\x01"):
        with pytest.raises(WireError, match="longer than 64 bits"):
            gathered(data)
    with pytest.raises(WireError, match="longer than 64 bits"):
        whole_numbers([b"\xff" * 10 + b"\x01"])


@pytest.mark.parametrize("one", [field(8, 2**40), field(7, np.float32(1))])
def test_a_part_is_looked_at_and_not_the_rest_of_the_message(one):
    """Otherwise fields in turns, each of which begins a list, would take the square of their number."""
    parts = gathered(one * 50_000)[one[0] >> 3]
    assert max(len(part) for part in parts if not isinstance(part, int)) <= 4096
