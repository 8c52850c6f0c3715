"""What tests of bad recordings share: the kinds that libsndfile writes, and what is said of a file."""

import warnings

import pytest

from edgecry.audio.load import AudioOptions, Waveform, load_audio
from edgecry.errors import AudioError

KINDS = [
    ("WAV", "PCM_16"),
    ("WAV", "IMA_ADPCM"),
    ("AIFF", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]
STRICT = AudioOptions(strict=True)


def message(source, options: AudioOptions = AudioOptions()) -> str:  # noqa: B008 - frozen
    """Return the message of the AudioError."""
    with pytest.raises(AudioError) as caught:
        load_audio(source, options=options)
    return str(caught.value)


def warned(source) -> tuple[Waveform, list[str]]:
    """Return the samples that are heard all the same, and the warnings."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        found = load_audio(source)
    return found, [str(note.message) for note in notes]
