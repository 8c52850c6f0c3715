"""A recording in blocks, for what is too long to be held at once. Its samples are those of load_audio."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import BinaryIO, Final

from edgecry.arrays import Float32
from edgecry.audio.decoder import Decoder, warn
from edgecry.audio.load import MAX_PARTS, AudioOptions, Source, Waveform, load_audio, opened
from edgecry.audio.mono import Mono, at_rate, check_channels, check_rate
from edgecry.errors import AudioError, EdgecryError

#: Samples in a block of what is in memory already.
_BLOCK: Final = 65_536

#: For each of the recordings in a row whose channels cancel each other, the channel that is heard.
_Channels = dict[int, int]


def blocks(source: Source, sr: int, options: AudioOptions) -> Iterator[Float32 | None]:
    """Decode a recording as :func:`~edgecry.audio.load.load_audio` does, a block at a time.

    Parameters
    ----------
    source : path, bytes, binary file object, (array, rate) or Waveform
        A file object must be one that can be sought, unless it has a single channel.
    sr : int in [1000, 768000]
        Wanted sampling rate in Hz.
    options : AudioOptions
        How it is read.

    Yields
    ------
    float32 [shape=(n,)], or None
        Samples, valid until the next block is asked for. None if the recording begins again: only its end
        shows that its channels cancel each other, and that one of them is to be heard alone.

    Raises
    ------
    AudioError
        As load_audio, when the block that is wrong is reached.
    """
    if isinstance(source, Waveform | tuple):
        samples = load_audio(source, sr, options).samples
        for start in range(0, len(samples), _BLOCK):
            yield samples[start : start + _BLOCK]
        return
    check_rate(sr, "sr")
    with opened(source) as (file, origin):
        start, channels = file.tell(), _Channels()
        while cancelled := (yield from _row(file, start, sr, origin, options, channels)):
            channels |= cancelled
            yield None


def _row(
    file: BinaryIO, at: int, sr: int, origin: str, options: AudioOptions, channels: _Channels
) -> Generator[Float32, None, _Channels]:
    """Yield the blocks of all recordings in a row; return the channel of one that has to be heard anew."""
    n, part = 0, 0
    following: int | None = 0
    while following is not None:
        if part == MAX_PARTS:
            raise AudioError(f"{origin}: holds over {MAX_PARTS} recordings in a row; cut it into parts")
        at += following
        file.seek(at)
        try:
            with Decoder(file, origin, options.strict) as decoder:
                rate = check_rate(decoder.rate, f"{origin}: sampling rate in its header")
                check_channels(decoder.channels, f"{origin}: its header")
                longest = options.longest - n / sr
                mono = Mono(rate, origin, longest, channels.get(part), mends=not options.strict)
                mono.check_length(decoder.stated_seconds)
                for y in at_rate(mono.of(decoder.blocks()), rate, sr):
                    n += len(y)
                    yield y
                following = decoder.next
        except EdgecryError as error:
            if part == 0 or options.strict:
                raise
            warn(f"{origin}: what follows after {n / sr:.2f} s is left out: {error}")
            break
        if part not in channels and (channel := mono.instead_of_mix()) is not None:
            warn(
                f"{origin}: its channels cancel each other, as of a balanced microphone on a stereo input; "
                f"only channel {channel + 1} is heard"
            )
            return {part: channel}
        part += 1
    if part > 1:
        warn(f"{origin}: holds {part} recordings in a row; all parts are heard, as one")
    if n == 0:
        raise AudioError(f"{origin}: holds no samples; record or copy it again")
    return {}
