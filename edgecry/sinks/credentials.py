"""Secrets, from a file or the environment: never from the command line, where ``ps`` shows them."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Final

from edgecry.errors import EdgecryError

#: Bytes of the longest secret; a file without an end, such as /dev/zero, is refused.
LONGEST: Final = 65_536

log = logging.getLogger("edgecry")


def read_secret(
    what: str, file: str | os.PathLike[str] | None = None, variable: str | None = None
) -> str | None:
    """Read a secret from the first line of a file, or from a variable of the environment.

    Parameters
    ----------
    what : str
        What it is, for messages: "mqtt: password".
    file : path, optional
        The file.
    variable : str, optional
        Name of the variable.

    Returns
    -------
    str or None
        The secret; None if neither was given.

    Raises
    ------
    EdgecryError
        Both are given, or the one given holds nothing. The message never holds the secret.
    """
    if file is not None and variable is not None:
        raise EdgecryError(f"{what}: found a file and a variable; give one of the two")
    if variable is not None:
        if not (value := os.environ.get(variable, "")):
            raise EdgecryError(f"{what}: the environment variable {variable} is not set; set it")
        return value
    if file is None:
        return None
    path = Path(file)
    try:
        with path.open("rb") as opened:
            line = opened.readline(LONGEST + 1)
            mode = os.fstat(opened.fileno()).st_mode
        text = line.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise EdgecryError(
            f"{what}: {path}: {reason}; name a file with the secret in its first line"
        ) from None
    if len(line) > LONGEST:
        raise EdgecryError(f"{what}: {path}: its first line has more than {LONGEST} bytes; name another file")
    if mode & stat.S_IROTH:
        log.warning("%s: everybody on this machine may read %s; chmod 600 it", what, path)
    if not (value := text.rstrip("\r\n")):
        raise EdgecryError(f"{what}: {path}: its first line is empty; put the secret there")
    return value
