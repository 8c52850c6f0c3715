"""preamble: a tag or zeros in front of a recording do not keep it from being heard."""

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from tests.audio.test_parts import heard
from tests.recordings import encode, noisy_tone

ID3 = b"ID3\3\0\0" + bytes([0, 0, 2, 0]) + b"TIT2" + bytes(252)
KINDS = {"WAV": "PCM_16", "AIFF": "PCM_16", "FLAC": "PCM_16", "OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}


@pytest.mark.parametrize("front", [ID3, bytes(512), bytes(4096)], ids=["tag", "block", "page"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_is_heard(kind, front, tmp_path):
    data = encode(noisy_tone(8000), kind=kind, subtype=KINDS[kind])
    (path := tmp_path / "one").write_bytes(front + data)
    for source in (path, front + data):
        samples, notes = heard(source)
        np.testing.assert_array_equal(samples, load_audio(data).samples)
        assert [f"begins with {len(front)} zeros" in note for note in notes] == [True] * (front != ID3)


def test_another_behind_it():
    """The second in a row is found where it is."""
    data = encode(noisy_tone(8000))
    assert len(heard(ID3 + data + data)[0]) == 16_000


@pytest.mark.parametrize("front", [ID3, bytes(512), bytes(4)], ids=["tag", "block", "four"])
def test_in_a_stream(front):
    data = encode(noisy_tone(8000))
    found = PcmDecoder(PcmFormat()).feed(front + data)
    np.testing.assert_array_equal(found, load_audio(data).samples)


def test_a_tag_in_pieces():
    data, decoder = encode(noisy_tone(8000)), PcmDecoder(PcmFormat())
    stream = ID3 + data
    found = [decoder.feed(stream[at : at + 3]) for at in range(0, len(stream), 3)]
    np.testing.assert_array_equal(np.concatenate(found), load_audio(data).samples)


def test_silence_is_not_held_back():
    assert len(PcmDecoder(PcmFormat()).feed(bytes(500))) == 250


def test_what_is_refused_is_refused_behind_zeros():
    with pytest.raises(AudioError, match="is FLAC"):
        PcmDecoder(PcmFormat()).feed(bytes(512) + encode(noisy_tone(8000), kind="FLAC"))


def test_raw_sound_that_begins_with_silence():
    sound = bytes(500) + (3000 * noisy_tone(4000)).astype("<i2").tobytes()
    assert len(PcmDecoder(PcmFormat()).feed(sound)) == 4250
