# SPDX-License-Identifier: Apache-2.0
"""Hosts that may be spoken to without TLS."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether this name or address is of the same machine. Asks no name server."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
