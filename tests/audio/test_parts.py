"""parts: recordings in a row in one file are all heard, and that is said."""

import struct
import warnings

import numpy as np
import pytest

from edgecry.audio.load import AudioOptions, Source, load_audio
from edgecry.errors import AudioError
from tests.recordings import encode, noisy_tone, wav

KINDS = [
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("AIFF", "PCM_16"),
    ("RF64", "PCM_16"),
    ("W64", "PCM_16"),
    ("AU", "PCM_16"),
    ("CAF", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]
PCM = [(3000 * noisy_tone(n, seed=n)).astype("<i2").tobytes() for n in (4000, 5000)]


def heard(data: Source, **options) -> tuple[np.ndarray, list[str]]:
    """Return the samples and the warnings."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        samples = load_audio(data, options=AudioOptions(**options)).samples
    return samples, [str(note.message) for note in notes]


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_in_a_row(kind, subtype, channels):
    """The samples are those of each recording alone, whatever its rate."""
    rates = (16000, 16000) if subtype == "OPUS" else (16000, 8000)
    parts = [
        encode(noisy_tone(n, channels, seed=n), sr, kind, subtype)
        for n, sr in zip((9000, 7000), rates, strict=True)
    ]
    samples, notes = heard(b"".join(parts))
    np.testing.assert_array_equal(samples, np.concatenate([load_audio(part).samples for part in parts]))
    assert notes == ["bytes: holds 2 recordings in a row; all parts are heard, as one"]


@pytest.mark.parametrize("second", ["WAV", "AIFF", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("first", ["WAV", "AIFF", "W64", "FLAC", "OGG", "MP3"])
def test_of_two_kinds_in_a_row(first, second, tmp_path):
    """What players play on is heard: the cry may be in the second."""
    subtypes = dict(KINDS)
    parts = [
        encode(noisy_tone(n, seed=n), 16000, kind, subtypes[kind])
        for n, kind in ((40_000, first), (30_000, second))
    ]
    (path := tmp_path / "two").write_bytes(b"".join(parts))
    expected = np.concatenate([load_audio(part).samples for part in parts])
    for source in (path, path.read_bytes()):
        samples, notes = heard(source)
        np.testing.assert_array_equal(samples, expected)
        assert any("2 recordings in a row" in note for note in notes)


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
def test_one_is_one(kind, subtype):
    """Tags, notes and junk after the end are not another recording."""
    data = encode(noisy_tone(20_000), kind=kind, subtype=subtype)
    for tail in (b"", b"TAG" + bytes(125), b"LIST" + struct.pack("<I", 4) + b"INFO", b"\0" * 5000):
        assert heard(data + tail)[1] == []


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, len(PCM[0]) + 44, 1_000_000])
def test_wav_whose_length_was_never_filled_in(size):
    """The recorder lost its power and began anew: the second header ends the first recording."""
    samples, notes = heard(wav(PCM[0], size=size) + wav(PCM[1]))
    assert len(samples) == 9000
    assert any("2 recordings in a row" in note for note in notes)


def test_more_than_the_header_tells_of():
    """A recorder that lost its power before it wrote the length anew: a word, as players stop there, too."""
    samples, notes = heard(wav(PCM[0], tail=PCM[1] * 2))
    assert len(samples) == 4000
    assert (
        [note for note in notes if f"{2 * len(PCM[1])} more follow, which are not heard" in note]
        == notes
        != []
    )
    for tail in (bytes(20_000), b"LIST" + struct.pack("<I", 20_000) + b"x" * 20_000, PCM[1][:1000]):
        assert heard(wav(PCM[0], tail=tail))[1] == []


def test_wav_behind_the_notes_of_the_first():
    """This holds for long notes, too."""
    notes = b"LIST" + struct.pack("<I", 20_000) + bytes(20_000)
    assert len(heard(wav(PCM[0], tail=notes) + wav(PCM[1]))[0]) == 9000


def test_mp3_with_titles():
    """The title of the second, which stands before its first frame, is not heard as sound."""
    parts = [encode(noisy_tone(20_000, seed=n), 16000, "MP3", "MPEG_LAYER_III") for n in (0, 1)]
    title = b"ID3\4\0\0" + bytes([0, 0, 2, 0]) + b"x" * 256
    samples, _ = heard(parts[0] + title + parts[1])
    np.testing.assert_array_equal(samples, np.concatenate([load_audio(part).samples for part in parts]))


def test_many(monkeypatch):
    one = wav(PCM[0][:200])
    assert heard(one * 50)[1] == ["bytes: holds 50 recordings in a row; all parts are heard, as one"]
    monkeypatch.setattr("edgecry.audio.load.MAX_PARTS", 9)
    with pytest.raises(AudioError, match="over 9 recordings in a row"):
        heard(one * 10)


def test_the_longest_is_of_all_together():
    one = wav(bytes(32_000))
    assert len(heard(one * 3, longest=3)[0]) == 48_000
    _, notes = heard(one * 4, longest=3)
    assert "what follows after 3.00 s is left out" in notes[0]
    with pytest.raises(AudioError, match="and 0 s are allowed"):
        heard(one * 4, longest=3, strict=True)


def test_a_second_that_is_broken():
    """The whole recordings are heard. With ``strict`` it is an error."""
    broken = wav(PCM[0]) + wav(PCM[1], channels=0)
    samples, notes = heard(broken)
    assert len(samples) == 4000
    assert "what follows after 0.25 s is left out: bytes: " in notes[0]
    with pytest.raises(AudioError, match="0 channels"):
        heard(broken, strict=True)


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "RF64", "W64", "AU", "CAF"])
def test_cut_short(kind):
    """A header promises more than is there: what is there counts, and that is said."""
    data = encode(noisy_tone(20_000), 16000, kind, "PCM_16")
    half = data[: len(data) - 20_000]  # the header of some is long
    samples, notes = heard(half)
    np.testing.assert_array_equal(samples, load_audio(data).samples[: len(samples)])
    assert len(samples) == 10_000
    (note,) = notes
    assert "is cut short or damaged after 0.62 s (its header promises 4000" in note
    with pytest.raises(AudioError, match="is cut short"):
        heard(half, strict=True)


def test_two_chunks_of_sound():
    """Some recorders write a second chunk: players stop after the first, and so it is said."""
    more = b"data" + struct.pack("<I", 20_000) + PCM[0] + PCM[1] + bytes(2000)
    for notes in (b"", b"LIST" + struct.pack("<I", 4) + b"INFO"):
        (note,) = heard(wav(PCM[0], tail=notes + more))[1]
        assert "20000 more follow, which are not heard" in note
