"""`Inert`: what stands for an object that a scanned pickle would make."""

from __future__ import annotations

from typing import Any


class Inert:
    """Stands for a global, or for what calling one would have made."""

    __slots__ = ("args", "items", "made_by", "state")

    def __init__(self, made_by: Inert | tuple[str, str], args: Any = ()) -> None:
        self.made_by = made_by
        self.args = args
        self.state: Any = None
        self.items: list[Any] | None = None

    @property
    def path(self) -> str:
        """Dotted name of the global it is or was made by."""
        made_by: Any = self.made_by
        while isinstance(made_by, Inert):
            made_by = made_by.made_by
        return ".".join(made_by)

    # What the opcodes for lists and sets do to an object.
    def append(self, item: Any) -> None:
        """Take an item."""
        self.extend([item])

    def extend(self, items: Any) -> None:
        """Take several."""
        self.items = [] if self.items is None else self.items
        self.items.extend(items)

    add = append

    def __setitem__(self, key: Any, value: Any) -> None:
        self.append((key, value))
