"""Is an internet address public? Nothing that a feed names may lead into our own network."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from shelver.errors import ShelverError

Resolve = Callable[..., list[Any]]
"""As `socket.getaddrinfo`."""


NOT_PUBLIC_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network, unspecified
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT; metadata of some clouds
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's services for the machine itself
            "169.254.0.0/16",  # link-local; metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
"""IPv4 networks that are not public (IANA's special-purpose registry, and what clouds use inside)."""

UNICAST_6 = ip_network("2000::/3")
"""The only IPv6 block that public addresses are given from."""
NOT_PUBLIC_6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: holds an IPv4 address, of whatever kind
            "3fff::/20",  # documentation
        ),
    )
)
"""Networks in it that are not public."""
NAT64 = ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6-only networks see them."""


class NotPublicError(ShelverError):
    """A host that leads to an address that is not public."""


def is_public(ip: str | IPv4Address | IPv6Address) -> bool:
    """Is it an address of the public internet?

    Parameters
    ----------
    ip : str, IPv4Address or IPv6Address
        Of IPv6 also with a zone, as in ``fe80::1%eth0``.

    Returns
    -------
    bool
        False for loopback, private, link-local, shared (carrier-grade NAT), multicast, reserved, unspecified and
        documentation addresses; for IPv4 addresses within IPv6 ones (mapped, compatible, 6to4, Teredo), whatever they
        are. An address of NAT64 (64:ff9b::/96), the only way to IPv4 for some machines, is as public as the IPv4
        address in it.

    Raises
    ------
    ValueError
        It is no IP address; a name of a host must be resolved first, and all its addresses checked.
    """
    address = ip_address(ip)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_4)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in UNICAST_6 and not any(address in network for network in NOT_PUBLIC_6)


def public_addresses(
    host: str, port: int, resolve: Resolve = socket.getaddrinfo, *, allow: frozenset[str] = frozenset()
) -> list[str]:
    """Resolve a host, and check all its addresses.

    Parameters
    ----------
    host : str
        Name or IP address, written in any way that the system takes (``127.1``, ``0x7f000001``).
    port : int
        Port that will be connected to.
    resolve : callable
        Another than the system's.
    allow : frozenset of str
        Addresses that count as public. For tests of servers on this machine only; no setting leads here.

    Returns
    -------
    list of str
        IP addresses in the resolver's order. Connect to one of these, never to the name: a second look-up may give
        another answer.

    Raises
    ------
    NotPublicError
        One of the addresses is not public: then none is used.
    OSError
        The name cannot be resolved.
    """
    found = list(dict.fromkeys(str(answer[4][0]) for answer in resolve(host, port, type=socket.SOCK_STREAM)))
    for ip in found:
        if ip not in allow and not is_public(ip):
            raise NotPublicError(
                f"leads to {ip}, which is not public", where=host, expected="a public internet address"
            )
    if not found:
        raise OSError(f"{host} has no address")
    return found
