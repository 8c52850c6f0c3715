"""Onset strength: how much louder the mel bands get from one frame to the next.

Böck & Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013; as
librosa.onset.onset_strength with its defaults.
"""

from __future__ import annotations

import numpy as np

from edgecry.arrays import Float32, Float64


def onset_frames(db: Float32, n_fft: int, hop_length: int, center: bool) -> Float64:
    """Compute the onset strength of all frames, in dB.

    Parameters
    ----------
    db : float32 [shape=(n_frames, n_mels)]
        Mel power in dB.
    n_fft, hop_length : int
        Where frames are centred, the strength is shifted by half a transform, as librosa shifts it.
    center : bool

    Returns
    -------
    float64 [shape=(n_frames, 1)]
        The mean rise of a band. Falling bands count as 0.
    """
    out = np.zeros((len(db), 1))
    shift = 1 + (n_fft // (2 * hop_length) if center else 0)
    if len(db) > shift:
        rises = np.maximum(db[1:] - db[:-1], 0)
        out[shift:, 0] = rises.mean(axis=1, dtype=np.float64)[: len(db) - shift]
    return out
