"""Smart wallets: the only thing here that knows a kind, and only by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from xmtp_identity.kinds import lazy

from .answers import WalletAnswer
from .asked import kind_of

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

    from .answers import WalletQuestion
    from .limits import Limits

__all__ = ["policies_of", "verify"]

_ETHEREUM: Final = "ethereum"
_policy: Final = lazy("xmtp_identity_ethereum.smart_wallet:SmartWalletPolicy")
_question: Final = lazy("xmtp_identity_ethereum.questions:SmartWalletQuestion")
_judge: Final = lazy("xmtp_identity_ethereum.questions:judge")


def policies_of(
    registry: Registry, context: Context, limits: Limits
) -> Mapping[str, Any]:
    """What the node asks of signatures on admission: that the block that a
    smart wallet's signature pins is not too old."""
    chain = context.get(_ETHEREUM)
    if chain is None or _ETHEREUM not in registry.by_name:
        return {}
    return {
        _ETHEREUM: _policy(
            heads=chain,
            blocks=limits.wallet_blocks,
            by_chain=dict(limits.wallet_blocks_by_chain),
        )
    }


def verify(
    questions: Sequence[WalletQuestion], registry: Registry, context: Context
) -> list[WalletAnswer]:
    """Ask the chains; one answer a question.

    Raises `SignatureUnavailable` if one of the chains can't be asked,
    `UnknownKind` without the ethereum plugin.
    """
    kind_of(1, registry)
    asked = [_question(*one) for one in questions]
    return [WalletAnswer(*one) for one in _judge(asked, context.get(_ETHEREUM))]
