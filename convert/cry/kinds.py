"""Kinds of sounds, by what a detector of cries makes of them: for weights in training, and for tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from convert.cry.corpora import Sound

#: Kind by category; every other sound that is not a cry is of the kind "rest".
KINDS: Final[Mapping[str, frozenset[str]]] = {
    "cat": frozenset({"cat"}),
    "laughter": frozenset({"baby_laugh", "laughter", "child_laughter", "phone_child_or_laugh"}),
    "voice": frozenset(
        {"speech", "child_speech", "phone_speech", "cartoon_voice", "speech_acted", "speech_radio", "singing"}
        | {"crowd", "scream", "baby_voice", "sheep_goat", "monkey", "sea_lion", "wolf_coyote", "cow", "pig"}
        | {"vomiting", "coughing", "sneezing", "phone_music"}
    ),
    "room": frozenset(
        {"room_noise", "phone_silence", "phone_noise", "ambience_boat", "ambience_city"}
        | {"ambience_coffee_shop"}
    ),
}
#: Of the sounds that cries are heard under, for training and for tables.
MUSIC: Final = (
    *("music", "phone_music", "instrument", "music box", "hummed", "singing", "toy"),
    "phone_ring",
)
MACHINES: Final = (
    *("vacuum_cleaner", "washing_machine", "air_conditioner", "dishwasher", "household_machine", "fan"),
    *("shush", "motor", "rain", "sea_waves", "wind", "pink noise", "brown noise", "white noise", "snoring"),
    *("helicopter", "train"),
)
VOICES: Final = (
    *("speech", "speech_radio", "speech_acted", "cartoon_voice", "phone_speech", "child_speech"),
    "crowd",
)
ROOMS: Final = (
    *("room_noise", "phone_noise", "phone_silence", "ambience_boat", "ambience_city"),
    *("ambience_coffee_shop", "kitchen", "footsteps", "door", "crackling_fire", "clock_tick", "dog"),
)
QUIET: Final = (
    *("room_noise", "phone_silence", "fan", "pink noise", "brown noise", "white noise"),
    "air_conditioner",
)


def kind(sound: Sound) -> str:
    """Name the kind of a sound: "cry", one of ``KINDS``, or "rest"."""
    if sound.is_cry:
        return "cry"
    return next((name for name, members in KINDS.items() if sound.category in members), "rest")
