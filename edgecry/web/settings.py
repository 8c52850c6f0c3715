"""Settings of the page: where it is, who may see it, how long its history goes back."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import Final

from edgecry.checks import check_kinds, shown, whole
from edgecry.errors import EdgecryError
from edgecry.words import is_host

#: The address of the page if no other is given. Only this machine can reach it.
ADDRESS: Final = "127.0.0.1:8377"
PORT: Final = 8377
_ADDRESS: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:\s/]*)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True)
class WebSettings:
    """Where the page is and who may see it.

    Parameters
    ----------
    address : str
        ``HOST:PORT`` to listen on, ``HOST`` or ``:PORT``. If empty, there is no page.
    key_file, key_variable : optional
        Where the key is: a file, or a variable of the environment. An address that other machines can reach
        always has a key. If no key is named, one is made and kept in the service's own folder.
    hosts : tuple of str
        Further names by which browsers may call the page. Addresses and the names of this machine are
        always allowed.
    ingress : str
        Address of a proxy that checks by itself who somebody is, as Home Assistant's does. Requests from
        it need no key.
    days : int in [1, 3650]
        Number of days that the history goes back.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    address: str = ""
    key_file: str | os.PathLike[str] | None = None
    key_variable: str | None = None
    hosts: tuple[str, ...] = ()
    ingress: str = ""
    days: int = 400

    def __post_init__(self) -> None:
        check_kinds(self)
        if self.address:
            _ = self.place
        for host in self.hosts:
            if not is_host(host) or ":" in host:
                raise EdgecryError(f"hosts: found {shown(host)}; allowed are names without a port")
        if self.ingress and _ip(self.ingress) is None:
            raise EdgecryError(f"ingress: found {shown(self.ingress)}; allowed is the address of a proxy")
        whole("days", self.days, 1, 3650)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port to listen on."""
        found = _ADDRESS.fullmatch(self.address)
        host = found["host"].strip("[]") if found else ""
        port = int(found["port"] or PORT) if found else -1
        is_name = is_host(host) and (_ip(host) is not None or not set(host) <= set("0123456789."))
        is_good = found is not None and 0 <= port <= 65535 and (not host or is_name)
        if not is_good:
            raise EdgecryError(f"web: found {shown(self.address)}; allowed are HOST, HOST:PORT and :PORT")
        return host or "0.0.0.0", port  # noqa: S104 - a key goes with it

    @property
    def is_local(self) -> bool:
        """True if only this machine can reach the address."""
        host = self.place[0]
        ip = _ip(host)
        return host == "localhost" if ip is None else ip.is_loopback


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
