"""The response of a room with flat walls, by image sources, for cries that are heard from across it.

Every wall is a mirror that absorbs a share of the power: what arrives after reflections comes straight from
an image of the source (Allen and Berkley, "Image method for efficiently simulating small-room acoustics",
J. Acoust. Soc. Am. 65, 1979). Networks learn from responses of another making (``tracks.far``).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float64

#: The speed of sound in metres a second.
SPEED: Final = 343.0
#: Smallest and largest length, width and height of a room, and the least distance from a wall, in metres.
_ROOM: Final = ((2.5, 2.2, 2.3), (5.0, 4.2, 2.8))
_FROM_WALL: Final = 0.3
#: Least distance from cot to microphone in metres, and seconds in which sound fades by 60 dB.
_APART: Final = 1.5
_FADES: Final = (0.2, 0.6)


def any_room(sr: int, rng: np.random.Generator) -> Float64:
    """Give the response of some room, from a cot to a microphone 1.5 m away or more."""
    low, high = np.array(_ROOM)
    size = rng.uniform(low, high)
    source = microphone = size / 2
    while np.linalg.norm(source - microphone) < _APART:
        source, microphone = rng.uniform(_FROM_WALL, size - _FROM_WALL, (2, 3))
    return response(size, source, microphone, rng.uniform(*_FADES), sr)


def response(size: Float64, source: Float64, microphone: Float64, seconds: float, sr: int) -> Float64:
    """Compute a response of a room.

    Parameters
    ----------
    size, source, microphone : float [shape=(3,)]
        Length, width and height of the room, and two places in it, in metres from a corner.
    seconds : float
        Time in which sound fades by 60 dB. It tells how much the walls absorb (Eyring 1930).
    sr : int
        In Hz.

    Returns
    -------
    float [shape=(n,)]
        As long as the sound takes to fade, and to arrive; 1 where the microphone is a metre from the
        source and nothing is reflected.
    """
    surface = 2 * (size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
    kept = np.exp(-0.161 * size.prod() / (surface * seconds) / 2)  # of a reflection's amplitude
    far = SPEED * seconds + float(np.linalg.norm(source - microphone))
    axes = [_axis(*axis, far) for axis in zip(size, source, microphone, strict=True)]
    distance = np.sqrt(_summed(*(squared for squared, _ in axes)))
    heard = distance < far
    hits = _summed(*(hit for _, hit in axes))[heard]
    amplitude, delay = kept**hits / distance[heard], distance[heard] / SPEED * sr
    before = delay.astype(np.intp)
    late = amplitude * (delay - before)  # the share of the sample after
    n = int(far / SPEED * sr) + 2
    out = np.zeros(n)
    np.add.at(out, before, amplitude - late)
    np.add.at(out, before + 1, late)
    return out


def _axis(size: float, source: float, microphone: float, far: float) -> tuple[Float64, NDArray[Any]]:
    """Give the squared distance of every image along an axis, and how often a wall was hit."""
    most = int(np.ceil(far / (2 * size))) + 1
    m = np.repeat(np.arange(-most, most + 1), 2)
    mirrored = np.tile([0, 1], 2 * most + 1)
    place = (1 - 2 * mirrored) * source + 2 * m * size
    return np.square(place - microphone), np.abs(m - mirrored) + np.abs(m)


def _summed(x: NDArray[Any], y: NDArray[Any], z: NDArray[Any]) -> NDArray[Any]:
    out: NDArray[Any] = x[:, None, None] + y[:, None] + z
    return out
