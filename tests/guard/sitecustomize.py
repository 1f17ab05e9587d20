# SPDX-License-Identifier: Apache-2.0
"""Lets a process reach nothing but this machine. Python imports a `sitecustomize` on its path by itself,
so the processes that tests start are held back too; the tests' own process calls `hold_back`.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable

LOCAL_NAMES = {None, "", "localhost", b"localhost", b""}


class OutsideWorld(RuntimeError):
    """A test reached for the network."""


def is_local(host: object) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return str(host).endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def hold_back(notice: Callable[[str], None]) -> None:
    """Refuse, from now on and for good, to look up or connect to other machines; `notice` hears of it."""

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            host = arguments[0]
            if _is_number(host):  # nothing is asked of anybody
                return
        else:
            return
        if not is_local(host):
            notice(f"{event} {host}")
            raise OutsideWorld(f"{event} {host}")

    sys.addaudithook(watch)


def _is_number(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


if __name__ == "sitecustomize":
    hold_back(lambda what: sys.stderr.write(f"reached for the network: {what}\n"))
