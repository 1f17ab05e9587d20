# SPDX-License-Identifier: Apache-2.0
"""Hosts that may be spoken to without TLS, and addresses that are anybody's to call."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

#: NAT64 (RFC 6052, RFC 8215): the last 32 bits are an IPv4 address
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
#: neither private nor anybody's, whatever Python's `is_global` says of them: protocol assignments, anycast of
#: 6to4, 6to4 itself, site-local, and what stands for IPv4
NOBODYS = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "2001::/23", "fec0::/10", "::/96"))
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
    inner = _within(address)
    if inner is not None:
        return is_public(inner)
    listed = any(address in network for network in NOBODYS if network.version == address.version)
    return address.is_global and not address.is_multicast and not listed


def _within(address: Address) -> IPv4Address | None:
    """The IPv4 address that this one stands for."""
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
