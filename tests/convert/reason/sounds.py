"""Recordings whose reason can be heard, or not, and the spec by which a model of reasons hears them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tests.convert import tones

SPEC = replace(tones.SPEC, level="remove")
PITCH = tones.PITCH
make_corpus = partial(tones.make_corpus, babies=12, spec=SPEC)
