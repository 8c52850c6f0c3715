"""Commands and addresses of settings as words: split without a shell, and shown without secrets."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import Final
from urllib.parse import urlsplit

from edgecry.errors import EdgecryError

_OPERATORS: Final = frozenset({"|", "||", "|&", "&", "&&", ";", "<", "<<", "<<<", ">", ">>", "&>", ">&"})
#: ``2>&1``, ``2>/dev/null``, ``>file``; ``$HOME``, ``${HOME}``, ``$(date)``; ``~/x``; ``sleep 1;``
_SYNTAX: Final = re.compile(
    r"\d*[<>]{1,2}(&\d|[\w./~$-].*)?|.*\$\(.*|`.*`|\$\w+.*|\$\{.*|~/.*|.*[^\\];|\|.+|.+\|"
)
#: ``a|b``: a pipe if the latter is a program; in ``concat:a.ts|b.ts`` it is not.
_PIPE: Final = re.compile(r".*(?:\||&&|;)([\w./-]+)")
#: How a command begins that only a shell can run: ``A=1 ffmpeg``, ``cd /tmp``.
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*=.*")
_BUILT_IN: Final = frozenset(
    {".", "cd", "eval", "exec", "export", "for", "if", "set", "source", "ulimit", "umask", "until", "while"}
)
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "fish", "env", "ssh"})
#: Words of a name that holds a secret.
_NAME: Final = (
    r"[\w.-]*(?:pass(?!es)|pwd|token|secret|auth|cookie|(?:api|access)[-_]?key|user-pw)(?![\w.-]*file)[\w.-]*"
)
_VALUE: Final = r"""(?:"[^"]*"|'[^']*'|[^\s'"]+)"""
#: What may be secret in a command or a line of a log: (what is shown before it, itself).
_SECRETS: Final = tuple(
    re.compile(before + secret, re.IGNORECASE)
    for before, secret in (
        (r"(//)", r"[^\s/]*(?=@)"),  # scheme://user:password@host
        (r"([?&;][\w.-]*(?:pass|pwd|token|key|secret|auth|user|login|sig)[\w.-]*=)", r"[^\s&;'\"]+"),
        (rf"((?:^|[\s'\"])(?:-{{1,2}}{_NAME}(?:=|\s+)|{_NAME}=))", _VALUE),  # --password x, RTSP_PASS=x
        (r"((?:^|\s)(?:-u\s*|--(?:proxy-)?user(?:=|\s+)))", r"[^\s:/]+:[^\s/]+"),  # of curl
        (r"((?:authorization|cookie|x-[\w-]*(?:key|token|auth)[\w-]*)\s*:\s*)", r"[^'\"\r\n]+"),
    )
)


def split(name: str, command: str, error: type[EdgecryError] = EdgecryError) -> list[str]:
    """Split a command into the program and its arguments, as a shell would; no shell is started.

    Parameters
    ----------
    name : str
        What the command is, for the message.
    command : str
        The program and its arguments, quoted as for a shell.
    error : type
        The EdgecryError to raise.

    Raises
    ------
    EdgecryError
        The command is empty, a quote is not closed, or the command needs a shell.
    """
    try:
        found = shlex.split(command)
    except ValueError as reason:
        raise error(
            f"{name}: {without_secrets(command)!r} cannot be split ({reason}); quote it as for a shell"
        ) from None
    if not found:
        raise error(f"{name}: is empty; name a program, and its arguments")
    if found[0].rpartition("/")[2] in _SHELLS:
        return found
    if _VARIABLE.fullmatch(found[0]) or found[0] in _BUILT_IN:
        what = found[0].partition("=")[0]
        todo = "sh -c '...'" if found[0] in _BUILT_IN else "env A=B program ..."
        raise error(f"{name}: no shell sees this command, so {what} has no meaning; write it as: {todo}")
    for word in _quoted_words(command):
        if "'" not in word and (word in _OPERATORS or _SYNTAX.fullmatch(word) or _is_pipe(word)):
            raise error(
                f"{name}: no shell sees this command, so {without_secrets(word)} has no meaning; "
                "write it as: sh -c '...'"
            )
    return found


def _is_pipe(word: str) -> bool:
    found = None if '"' in word else _PIPE.fullmatch(word)
    return found is not None and shutil.which(found[1]) is not None


def _quoted_words(command: str) -> list[str]:
    """Split a command and leave the quotes where they are, as far as that can be done."""
    try:
        return shlex.split(command, posix=False)
    except ValueError:
        return []


def without_secrets(text: str) -> str:
    """Return a command or a line of a log with what may be secret in it replaced by ``...``.

    That is the user and the password of ``scheme://user:password@host``, and the values of query parameters,
    options, variables and headers whose names speak of a password, a token or a key.
    """
    for secret in _SECRETS:
        text = secret.sub(r"\1...", text)
    return text


def shown_address(url: str) -> str:
    """Return an address without its user, path and query: of a webhook, the path may be the secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "..."
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" + ("/..." if parts.path.strip("/") or parts.query else "")


def is_host(name: str) -> bool:
    """Return True if a name of a host can be asked for: its labels are neither empty nor too long.

    One colon is that of a port, which is no part of a name; an address of version 6 has two at least.
    """
    if not name or not name.isprintable() or set(name) & set("/ @?#[]*") or name.count(":") == 1:
        return False
    try:
        name.removesuffix(".").encode("idna")
    except UnicodeError:
        return False
    return True
