"""Hear a stream without end, and print the beginning and the end of every cry.

    arecord -q -t raw -f S16_LE -r 16000 -c 1 | python examples/stream_loop.py
    python examples/stream_loop.py --microphone      # needs the extra mic

``edgecry listen`` does this and much more: restarts, recordings, webhook, MQTT. Take this loop where
the sound is already in a program of your own.
"""

import sys
from collections.abc import Iterator

from edgecry import StreamClassifier

SR = 16000
BLOCK = SR // 5  # samples that come at once, 0.2 s; any number will do


def pipe() -> Iterator[bytes]:
    """Raw samples from stdin: 16 bits, one channel."""
    while data := sys.stdin.buffer.read(2 * BLOCK):
        yield data


def microphone() -> Iterator[bytes]:
    """Raw samples from the system's microphone."""
    import sounddevice

    with sounddevice.RawInputStream(SR, BLOCK, channels=1, dtype="int16") as stream:
        while True:
            data, overflowed = stream.read(BLOCK)
            if overflowed:
                print("some sound was lost: this machine is too busy", file=sys.stderr)
            yield bytes(data)


def main(chunks: Iterator[bytes]) -> None:
    stream = StreamClassifier(sr=SR)
    for chunk in chunks:
        for event in stream.push(chunk):
            show(event)
    for event in stream.flush():  # the stream has ended: a cry that goes on ends with it
        show(event)


def show(event) -> None:
    if event.kind == "start":
        print(f"{event.start:8.1f} s  crying began", flush=True)
    elif event.kind == "end":
        print(f"{event.end:8.1f} s  crying ended: {event.label}, peak {event.peak:.2f}", flush=True)


if __name__ == "__main__":
    main(microphone() if "--microphone" in sys.argv[1:] else pipe())
