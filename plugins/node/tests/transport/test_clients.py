"""Who counts as one client."""

from __future__ import annotations

import pytest

from xmtp_identity.errors import BadInput
from xmtp_identity_node.clients import Clients

DIRECT = Clients([])
PROXIED = Clients(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("ipv4:192.0.2.7:4711", "192.0.2.7"),
        ("ipv6:[2001:db8::7]:4711", "2001:db8::/64"),
        ("ipv6:%5B2001:db8::7%5D:4711", "2001:db8::/64"),
        ("ipv6:[::ffff:192.0.2.7]:4711", "192.0.2.7"),
        ("ipv6:[fe80::1%25eth0]:4711", "fe80::/64"),
        ("unix:/run/node.sock", "local"),
        ("", "local"),
        ("ipv4:nonsense", "local"),
    ],
)
def test_a_grpc_peer_is_its_address_without_the_port(peer: str, client: str) -> None:
    assert DIRECT.of_grpc(peer, []) == client


def test_ipv6_clients_are_one_for_each_network_of_64_bits() -> None:
    one = DIRECT.of_address("2001:db8:0:1::1", [])
    assert one == DIRECT.of_address("2001:db8:0:1:ffff::2", [])
    assert one != DIRECT.of_address("2001:db8:0:2::1", [])


def test_nobody_but_a_trusted_proxy_may_say_whom_it_speaks_for() -> None:
    assert DIRECT.of_address("192.0.2.7", ["198.51.100.1"]) == "192.0.2.7"
    assert PROXIED.of_address("192.0.2.7", ["198.51.100.1"]) == "192.0.2.7"
    assert PROXIED.of_address("10.1.2.3", ["198.51.100.1"]) == "198.51.100.1"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        # What the client wrote itself stands to the left and counts for nothing.
        (["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        (["203.0.113.9", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        (["203.0.113.9, nonsense"], "10.1.2.3"),
        ([""], "10.1.2.3"),
        ([], "10.1.2.3"),
        (["10.4.4.4"], "10.4.4.4"),
        ([", ".join(["10.0.0.1"] * 10_000)], "10.0.0.1"),
        (["[2001:db8::9]"], "2001:db8::/64"),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_client(
    forwarded: list[str], client: str
) -> None:
    assert PROXIED.of_address("10.1.2.3", forwarded) == client


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", ""])
def test_a_trusted_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Clients([text])
