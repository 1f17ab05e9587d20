# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.hosts import is_loopback, is_public

#: networks that lead inwards, to nobody, or to everybody
NOT_PUBLIC = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "2001:db8::/32",
    "2001::/32",
    "2002::/16",
    "100::/64",
    "64:ff9b:1::/48",
    "::ffff:0:0:0/96",
    "3fff::/20",
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001:80b::200e")


@pytest.mark.parametrize("network", NOT_PUBLIC)
@given(data=st.data())
def test_no_address_of_these_networks_may_be_called(network, data):
    there = ip_network(network)
    offset = data.draw(st.integers(0, there.num_addresses - 1))
    address = there[offset]

    assert not is_public(address)
    if isinstance(address, IPv4Address):
        assert not any(map(is_public, _disguises(address)))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_open_internet_may_be_called(address):
    assert is_public(ip_address(address))


def test_an_open_address_in_translation_is_what_it_stands_for():
    address = IPv4Address("8.8.8.8")

    assert is_public(IPv6Address((0x64_FF9B << 96) | int(address)))  # NAT64, RFC 6052
    assert is_public(IPv6Address(f"::ffff:{address}"))


def _disguises(address: IPv4Address) -> list[IPv6Address]:
    """Addresses of IPv6 that lead to one of IPv4."""
    number = int(address)
    return [
        IPv6Address(f"::ffff:{address}"),
        IPv6Address(number),  # IPv4-compatible, RFC 4291 2.5.5.1
        IPv6Address((0x64_FF9B << 96) | number),  # NAT64, RFC 6052
        IPv6Address((0x64_FF9B_0001 << 80) | number),  # NAT64 of one's own network, RFC 8215
        IPv6Address((0x2002 << 112) | number << 80),  # 6to4, RFC 3056
        IPv6Address((0x2001 << 112) | (number ^ 0xFFFF_FFFF)),  # Teredo, RFC 4380
    ]


@pytest.mark.parametrize(
    ("host", "is_it"),
    [("localhost", True), ("a.localhost", True), ("127.9.9.9", True), ("::1", True), ("example.org", False)],
)
def test_this_machine_is_known_by_its_names(host, is_it):
    assert is_loopback(host) is is_it
