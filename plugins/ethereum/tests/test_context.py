"""From the file of chains to what verifiers ask: ways, their order, refusals."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest

from xmtp_identity.chains import BadChains
from xmtp_identity.errors import BadInput
from xmtp_identity.loading import load_plugins
from xmtp_identity_ethereum.chain import context
from xmtp_identity_ethereum.chain.context import Chains, Way, contexts
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)

from .support import ABAB

SECRET: Final = "s3cr3t"
URL: Final = f"https://rpc.example/{SECRET}"


def request(chain_id: int, address: str = ABAB) -> SmartWalletRequest:
    return SmartWalletRequest(
        f"eip155:{chain_id}:{address}", chain_id, address, bytes(32), b"\x01" * 65, 7
    )


AWAY: Final = Unavailable("It is away.")


@dataclass
class Access:
    """Always the same verdict and head; keeps what it was asked."""

    verdict: SmartWalletVerdict
    newest: int | Unavailable = AWAY
    asked: list[int] = field(default_factory=list)
    closed: int = 0

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        self.asked += [one.chain_id for one in requests]
        return [self.verdict] * len(requests)

    def head(self, chain_id: int) -> int | Unavailable:
        self.asked.append(chain_id)
        return self.newest

    def close(self) -> None:
        self.closed += 1


def chains_of(monkeypatch: pytest.MonkeyPatch, *ways: Way) -> Chains:
    monkeypatch.setattr(context, "ways", lambda _: list(ways))
    return Chains(())


# From the file


def test_the_plugin_s_hook_gives_access_to_chains_of_eip155() -> None:
    plugins = load_plugins(allow=["ethereum"], strict=True)
    found = plugins.contexts({"eip155:8453": [URL], "solana:101": [URL]})
    assert set(found) == {"ethereum"}
    assert isinstance(found["ethereum"], Chains)
    assert plugins.contexts({}) == plugins.contexts({"solana": [URL]}) == {}


@pytest.mark.parametrize(
    "name",
    [
        "eip155:0",
        "eip155:01",
        "eip155:-1",
        "eip155:x",
        "eip155:1_0",
        f"eip155:{1 << 64}",
    ],
)
def test_a_chain_has_its_eip155_number(name: str) -> None:
    with pytest.raises(BadChains) as caught:
        contexts({name: [URL]})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("scheme", ["ws", "wss", "ftp", "file", "HTTPS"])
def test_other_schemes_are_refused_by_the_place_of_the_url(scheme: str) -> None:
    with pytest.raises(BadChains, match="Entry 2 of eip155:1 ") as caught:
        contexts({"eip155:1": [URL, f"{scheme}://rpc.example/{SECRET}"]})
    assert SECRET not in str(caught.value)


def test_a_server_of_one_chain_can_t_stand_for_all() -> None:
    with pytest.raises(BadChains, match="Entry 1 of eip155 ") as caught:
        contexts({"eip155": [URL]})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("package", "url"), [("httpx", URL), ("grpc", "grpc://node.example:5556")]
)
def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, package: str, url: str
) -> None:
    monkeypatch.setattr(context, "find_spec", lambda name: name != package or None)
    with pytest.raises(BadInput, match="pip install") as caught:
        contexts({"eip155:1": [url]})
    assert caught.value.code == "chains_missing"


@pytest.mark.parametrize(
    "rest", ["", "/", f"host/{SECRET}", f"user:{SECRET}@host", "host:0", "ho st"]
)
def test_the_url_of_a_node_is_a_host_and_a_port(rest: str) -> None:
    with pytest.raises(BadChains, match="Entry 2 of eip155: ") as caught:
        contexts({"eip155": ["grpc://node.example", f"grpcs://{rest}"]})
    assert SECRET not in str(caught.value)


def test_servers_come_first_and_a_node_is_one_way_to_all_its_chains() -> None:
    node, other = "grpc://node.example:5556", "grpcs://other.example"
    server, access, last = context.ways(
        ((1, (node, URL)), (2, (URL,)), (3, (node,)), (None, (other,)))
    )
    assert server.chains == frozenset({1, 2})
    assert access.chains == frozenset({1, 3})
    assert last.chains is None
    assert "node.example" in repr(access.access)
    assert "other.example" in repr(last.access)


# Asking


def test_ways_are_gone_in_order_until_there_is_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = Access(AWAY)
    here = Access(Valid(), newest=7)
    never = Access(Invalid("No."), newest=8)
    chains = chains_of(
        monkeypatch,
        Way(frozenset({1}), away),
        Way(frozenset({1, 2}), here),
        Way(None, never),
    )
    verdicts = chains.verify([request(1), request(2), request(3), request(1)])
    assert verdicts == [Valid(), Valid(), Invalid("No."), Valid()]
    assert (away.asked, here.asked, never.asked) == ([1, 1], [1, 2, 1], [3])
    assert [chains.head(number) for number in (1, 2, 3)] == [7, 7, 8]


def test_an_invalid_signature_is_not_asked_about_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Access(Valid())
    first = Way(frozenset({1}), Access(Invalid("No.")))
    chains = chains_of(monkeypatch, first, Way(None, other))
    assert chains.verify([request(1)]) == [Invalid("No.")]
    assert other.asked == []


def test_what_the_last_way_says_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = [Way(None, Access(Unavailable(f"{name}."))) for name in ("One", "Two")]
    chains = chains_of(monkeypatch, *ways)
    assert chains.verify([request(1)]) == [Unavailable("Two.")]


def test_a_chain_that_is_not_named_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chains = chains_of(monkeypatch, Way(frozenset({1}), Access(Valid())))
    [verdict] = chains.verify([request(2)])
    assert isinstance(verdict, Unavailable)
    assert "eip155:2" in verdict.detail
    head = chains.head(2)
    assert isinstance(head, Unavailable)
    assert "eip155:2" in head.detail


def test_what_needs_no_chain_asks_none(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access(Valid())
    chains = chains_of(monkeypatch, Way(None, access))
    [verdict] = chains.verify([request(1, "0x" + "00" * 20)])
    assert isinstance(verdict, Invalid)
    assert verdict.deviation
    assert access.asked == []


def test_all_ways_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = [Way(None, Access(Valid())) for _ in range(2)]
    chains_of(monkeypatch, *ways).close()
    assert [getattr(way.access, "closed", 0) for way in ways] == [1, 1]


def test_what_is_sent_to_a_process_is_opened_there_once() -> None:
    chains = Chains(((1, (URL,)),))
    first, second = (_sent(chains) for _ in range(2))
    assert first is second
    assert first is not _sent(Chains(((2, (URL,)),)))
    for one in (chains, first):
        assert SECRET not in repr(one)


def _sent(chains: Chains) -> Chains:
    sent = pickle.loads(pickle.dumps(chains))  # noqa: S301 - made here
    assert isinstance(sent, Chains)
    return sent
