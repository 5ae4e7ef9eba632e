"""Access with short pauses, for servers that fail on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.smart_wallet import SmartWalletVerdict, Unavailable, Valid

from .server import BASE, KEY, RpcServer, request

__all__ = ["QUICK", "access_to", "ask_one", "detail_of", "valid_behind"]

QUICK: Final = Limits(trip_s=5, first_pause_s=0.001, longest_pause_s=0.01)


def access_to(*servers: RpcServer, **settings: Any) -> ChainAccess:
    """Access to the chain of the first one."""
    settings.setdefault("limits", QUICK)
    urls = [server.url for server in servers]
    return ChainAccess({servers[0].chain_id: urls}, **settings)


def ask_one(*servers: RpcServer, **settings: Any) -> SmartWalletVerdict:
    """The verdict on a good signature."""
    with access_to(*servers, **settings) as access:
        (verdict,) = access.verify([request(chain_id=servers[0].chain_id)])
        return verdict


def detail_of(verdict: SmartWalletVerdict, chain_id: int = BASE) -> str:
    """Why there is no verdict; names the chain and holds no key."""
    assert isinstance(verdict, Unavailable)
    assert f"eip155:{chain_id} " in verdict.detail
    assert KEY not in verdict.detail
    assert verdict.detail.endswith(".")
    return verdict.detail


def valid_behind(servers: Sequence[RpcServer]) -> bool:
    """Whether an honest server behind these is asked, and believed."""
    with RpcServer(chain_id=servers[0].chain_id) as honest:
        return ask_one(*servers, honest) == Valid() and honest.trips > 0
