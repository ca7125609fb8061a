import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.addresses import NotPublicError, is_public, public_addresses

PUBLIC = (
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888",
    "2001:200::1", "64:ff9b::8.8.8.8",
)  # fmt: skip
NOT_PUBLIC = (
    "0.0.0.0",  # noqa: S104  (nothing is bound)
    "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "100::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:0a00:0001::",
    "2002:7f00:0001::1", "2002:0808:0808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
)  # fmt: skip


@pytest.mark.parametrize("ip", PUBLIC)
def test_public(ip):
    assert is_public(ip)
    assert is_public(ip_address(ip))


@pytest.mark.parametrize("ip", NOT_PUBLIC)
def test_not_public(ip):
    assert not is_public(ip)
    assert not is_public(ip_address(ip))


@pytest.mark.parametrize(
    "name", ["localhost", "", "127.1", "0x7f000001", "2130706433", "8.8.8.8:80", "[::1]", "010.0.0.1"]
)
def test_what_is_no_address_is_an_error_not_a_guess(name):
    with pytest.raises(ValueError, match="IP"):
        is_public(name)


@given(st.integers(0, 2**32 - 1))
def test_what_python_calls_private_is_never_public_in_ipv4(number):
    address = IPv4Address(number)
    odd = address.is_private or address.is_multicast or address.is_reserved or address.is_loopback
    assert not (is_public(address) and (odd or address.is_link_local or not address.is_global))
    assert is_public(IPv6Address((0x64FF9B << 96) + number)) == is_public(address)
    for prefix in (0xFFFF << 32, 0x2002 << 112, 0):
        assert not is_public(IPv6Address(prefix + number * (2**80 if prefix >> 112 else 1)))


@given(st.one_of(st.integers(0, 2**128 - 1), st.integers(2**125, 2**126 - 1), st.integers(0, 2**40)))
def test_what_python_calls_private_is_never_public_in_ipv6(number):
    address = IPv6Address(number)
    if is_public(address) and int(address) >> 32 != 0x64FF9B << 64:
        assert address.is_global
        odd = address.is_private or address.is_multicast or address.is_reserved
        assert not odd
        assert not address.is_link_local


def answers(*ips):
    def resolve(host, port, *, type):
        assert type == socket.SOCK_STREAM
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, type, 6, "", (ip, port, 0, 0)[: 4 if ":" in ip else 2])
            for ip in ips
        ]

    return resolve


def test_a_host_is_its_addresses_in_the_resolvers_order_each_once():
    found = public_addresses("shop.example", 443, answers("8.8.8.8", "2606:4700::1111", "8.8.8.8"))
    assert found == ["8.8.8.8", "2606:4700::1111"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_answer_among_good_ones_refuses_the_host(place):
    ips = ["8.8.8.8", "1.1.1.1"]
    ips.insert(place, "169.254.169.254")
    with pytest.raises(NotPublicError, match=r"shop\.example: leads to 169\.254\.169\.254, which is not public"):
        public_addresses("shop.example", 80, answers(*ips))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "localhost", "0"])
def test_every_way_to_write_this_machine_is_refused(host):
    with pytest.raises(NotPublicError):
        public_addresses(host, 80)


def test_only_a_test_may_allow_addresses():
    assert public_addresses("x", 80, answers("127.0.0.1"), allow=frozenset({"127.0.0.1"})) == ["127.0.0.1"]
    with pytest.raises(NotPublicError):
        public_addresses("x", 80, answers("127.0.0.1", "127.0.0.2"), allow=frozenset({"127.0.0.1"}))


def test_a_name_that_nobody_knows_is_the_usual_error():
    with pytest.raises(socket.gaierror):
        public_addresses("does-not-exist.invalid", 80)
