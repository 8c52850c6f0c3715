"""Text fit for a terminal: what a stranger's file names itself may not steer it."""

from __future__ import annotations


def printable(text: str) -> str:
    """Escape what would not show or would steer the terminal, such as newlines in a name."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text
    )
