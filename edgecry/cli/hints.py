"""What may have been meant by a command line that cannot be run; imported only when that happens."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

#: How recordings are usually called.
_RECORDINGS: Final = (
    *(".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".caf", ".w64"),
    *(".m4a", ".mp4", ".3gp", ".webm", ".amr", ".aac", ".wma"),
)


def unknown_command(word: str, commands: Sequence[str]) -> str:
    """Say that a word is not a command, with the one that it resembles."""
    near = get_close_matches(word, commands, 1)
    meant = f"did you mean '{near[0]}'?" if near else f"the commands are {', '.join(commands)}"
    return f"{word!r} is not a command and not a file; {meant}"


def advice(arguments: Sequence[str], commands: Sequence[str]) -> str:
    """Say what to do about wrong use: about a file that was not taken for one, or where to read more.

    Parameters
    ----------
    arguments : sequence of str
        All of them, as they were given.
    commands : sequence of str
        The sub-commands.
    """
    command = next((word for word in arguments[:1] if word in commands), "")
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for word in options:
        if word.startswith("-") and len(word) > 1 and _is_recording(word):
            return f"a file whose name begins with a dash is written ./{word}"
    for word in arguments[1:]:
        if command == "listen" and _is_recording(word):
            return (
                f"'edgecry classify {word}' tells whether there is a cry in it, "
                f"and 'edgecry listen - < {word}' listens to it as to a microphone"
            )
    return f"'{' '.join(filter(None, ('edgecry', command, '--help')))}' shows what is allowed"


def _is_recording(word: str) -> bool:
    """Tell whether a file of that name exists, or it is what a recording is called."""
    try:
        return Path(word).suffix.lower() in _RECORDINGS or Path(word).is_file()
    except (OSError, ValueError):
        return False
