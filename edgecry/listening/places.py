"""Where a listener keeps what must not be lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edgecry.config import ListenSettings

OUTBOX: Final = "outbox.db"


def outbox_path(settings: ListenSettings, environment: Mapping[str, str]) -> Path:
    """Where events wait: as set, or in the folder that systemd gives a service, or in the user's own."""
    if settings.outbox.path:
        return Path(settings.outbox.path)
    if given := environment.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given) / OUTBOX
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "edgecry" / OUTBOX
