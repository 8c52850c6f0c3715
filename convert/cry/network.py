"""The network: log-mel frames of a window to an embedding and the logit of a cry. It needs PyTorch.

Four convolutions bring the frames to an eighth and the bands to five, one goes across the bands, two along
the frames; the mean and the maximum over time give the embedding, and one number is made of that. So the last
layer alone decides between a cry and another sound, and can be fitted anew to a home.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import torch
from torch import nn

from convert.cry.recipe import Schedule

#: Brings the frames, dB above the floor, near 1; part of the first convolution in a model file.
SCALE: Final = 1 / 20
#: Values of the teacher's embedding that are learned beside.
TAUGHT: Final = 192
_DROPOUT: Final = 0.1


class Layer(NamedTuple):
    """A convolution over (frames, bands), padded at both ends of each."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    channels: int
    padding: tuple[int, int]


def layers(width: tuple[int, ...], wide: int) -> list[Layer]:
    """Lay the convolutions out."""
    a, b, c, d = width
    return [
        Layer((5, 5), (2, 2), a, (2, 2)),
        Layer((3, 3), (2, 2), b, (1, 1)),
        Layer((3, 3), (1, 2), c, (1, 1)),
        Layer((3, 3), (2, 1), d, (1, 1)),
        Layer((1, 5), (1, 1), wide, (0, 0)),
        Layer((3, 1), (1, 1), wide, (1, 0)),
        Layer((3, 1), (1, 1), wide, (1, 0)),
    ]


class Network(nn.Module):  # type: ignore[misc] # PyTorch is not there where types are checked
    """Convolutions with batch norm, mean and maximum over time, the embedding, one logit.

    Parameters
    ----------
    schedule : Schedule
        Its sizes.
    taught : bool
        Learn the teacher's embedding as well. That head is not exported.
    """

    def __init__(self, schedule: Schedule, taught: bool) -> None:
        super().__init__()
        before, blocks = 1, []
        for layer in layers(schedule.width, schedule.wide):
            conv = nn.Conv2d(before, layer.channels, layer.kernel, layer.stride, layer.padding, bias=False)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            blocks += [conv, nn.BatchNorm2d(layer.channels, momentum=0.02), nn.ReLU(inplace=True)]
            before = layer.channels
        self.body = nn.Sequential(*blocks)
        self.pooled = nn.Linear(2 * schedule.wide, schedule.units)
        self.drop = nn.Dropout(_DROPOUT)
        self.last = nn.Linear(schedule.units, 1)
        self.teacher = nn.Linear(2 * schedule.wide, TAUGHT) if taught else None

    def forward(self, x: Any) -> tuple[Any, Any]:
        """Give the logit (N,) of frames (N, 1, frames, bands), and the guess at the teacher's embedding."""
        h = self.body(x * SCALE)[..., 0]
        p = torch.cat([h.mean(2), h.amax(2)], 1)
        z = self.last(self.drop(torch.relu(self.pooled(p))))[:, 0]
        return z, None if self.teacher is None else self.teacher(p)
