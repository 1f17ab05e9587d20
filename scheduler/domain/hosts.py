# SPDX-License-Identifier: Apache-2.0
"""Hosts that may be spoken to without TLS, and addresses that are anybody's to call."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

#: NAT64 (RFC 6052): the last 32 bits are an IPv4 address
TRANSLATED = ip_network("64:ff9b::/96")
#: nobody's, or one network's own, whatever Python's `is_global` says of them: protocol assignments, anycast
#: of 6to4, 6to4 itself, NAT64 of a network's own (RFC 8215), site-local, IPv4 in other words, documentation
NOBODYS = tuple(
    map(
        ip_network,
        (
            *("192.0.0.0/24", "192.88.99.0/24"),
            *(
                "::/96",
                "::ffff:0:0:0/96",
                "64:ff9b:1::/48",
                "2001::/23",
                "2002::/16",
                "3fff::/20",
                "fec0::/10",
            ),
        ),
    )
)


def is_loopback(host: str) -> bool:
    """Whether this name or address is of the same machine. Asks no name server."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_public(address: Address) -> bool:
    """Whether this is an address of the open internet: not of this machine, a network of its own, a cloud's
    metadata, or a way around to one of those.
    """
    if any(address in network for network in NOBODYS if network.version == address.version):
        return False
    inner = _within(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast


def _within(address: Address) -> IPv4Address | None:
    """The IPv4 address that this one stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
