"""Log-mel: the mel power of every frame in dB, which is what a network on frames reads.

The other families summarise their frames. This one gives them as they are, frame by frame, with the level
of the window taken out: a value says how far a band stands above a floor under the window's mean power.
"""

from __future__ import annotations

import numpy as np

from edgecry.arrays import Float32


def logmel_frames(power: Float32, n_frames: int, floor_db: float) -> Float32:
    """Give mel power in dB above a floor that lies ``floor_db`` under its mean.

    ``max(0, floor_db + 10 * log10(power / mean))``, where the mean is over all frames and bands. A gain
    cancels out. Without any power all values are 0.

    Parameters
    ----------
    power : float32 [shape=(n, n_mels)], n <= n_frames
        Mel power of the frames that there are. It is not changed.
    n_frames : int
        Frames of a whole window. Fewer stand in the middle of frames without power, which count in the
        mean: a short recording is heard as one in silence.
    floor_db : float over 0
        In dB.

    Returns
    -------
    float32 [shape=(n_frames, n_mels)]
        From 0, the floor, to ``floor_db + 10 * log10(n_frames * n_mels)``.
    """
    mean = power.sum(dtype=np.float64) / (n_frames * power.shape[1])
    out = np.zeros((n_frames, power.shape[1]), np.float32)
    if mean > 0:
        first = (n_frames - len(power)) // 2
        x = out[first : first + len(power)]
        np.multiply(power, np.float32(1 / mean), out=x)
        # log10(x) = log(x) / log(10): NumPy has a vectorised float32 log on more machines than log10.
        np.log(np.maximum(x, np.float32(10 ** (-floor_db / 10)), out=x), out=x)
        x *= np.float32(10 / np.log(10))
        x += np.float32(floor_db)
        np.maximum(x, 0, out=x)
    return out
