"""Where this project refuses what XMTP's reference client may accept.

Only here, and only by refusing: where acceptance would hand someone a right
that they don't have, split versions, or hang on a quirk of a parser. An
outcome of a root update that is refused for one of these reasons carries
``deviation``. The page of deviations is made from this table, and a test
shows for each row a log on which the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DEVIATIONS", "Deviation"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One reason code for which an outcome carries ``deviation``.

    number: which of the seven deviations of the design it belongs to.
    code: the reason code.
    reason: why this project refuses, in a sentence.
    libxmtp: what XMTP's reference client does instead.
    case: the log that shows it: a hand-made log of the vectors by its name,
        or one of ``tests/support/deviating.py``.
    """

    number: int
    code: str
    reason: str
    libxmtp: str
    case: str


DEVIATIONS: Final = (
    Deviation(
        1,
        "word_reused",
        "A signer gives its word for a text once: whoever kept a signature could "
        "write it in another way and restore what was revoked.",
        "compares the bytes of signatures alone, so another encoding, another "
        "signature, another proof or another chain passes as new",
        "f4",
    ),
    Deviation(
        2,
        "several_variants",
        "A union with more than one number is read as one thing by one version and "
        "as another by the next.",
        "takes the last number that it knows",
        "l1",
    ),
    Deviation(
        2,
        "mixed_actions",
        "An update is a root update or a leaf update: one with both would be read "
        "in halves.",
        "does not see field 100 and applies the actions",
        "mixed_actions",
    ),
    Deviation(
        2,
        "nesting_too_deep",
        "How deep a decoder goes is its own choice, so 32 levels are the bound for "
        "everyone.",
        "takes unknown groups up to 97 levels deep",
        "nesting_too_deep",
    ),
    Deviation(
        2,
        "overlong_varint",
        "Decoders differ on tags and lengths that are padded beyond five bytes.",
        "takes up to ten bytes",
        "overlong_varint",
    ),
    Deviation(
        3,
        "identifier_kind",
        "An identifier kind that is none of 0, 1 and 2 names something else than an "
        "Ethereum address.",
        "reads every unknown kind as Ethereum",
        "b4",
    ),
    Deviation(
        4,
        "identifier_text",
        "An identifier with a space, a line feed or anything but printable ASCII "
        "can forge lines of the text that people sign.",
        "puts any string into the text",
        "identifier_text",
    ),
    Deviation(
        5,
        "legacy_key",
        "A legacy key was approved for the inbox of its own wallet and for nothing "
        "else; what it signs besides was not in its wallet's mind.",
        "lets it add wallets and passkeys, add its wallet to other inboxes, and more",
        "legacy_key",
    ),
    Deviation(
        6,
        "client_data_json",
        "Client data that is not one UTF-8 JSON object with unique keys, without "
        "lone surrogates and at most 32 levels deep is read differently by "
        "different parsers.",
        "takes arrays, doubled keys, halves of surrogate pairs and broken UTF-8 "
        "where it does not look at the value, and any depth",
        "client_data_json",
    ),
    Deviation(
        7,
        "smart_wallet_block",
        "Block 0 pins nothing: the wallet did not exist then, and nodes read it as "
        "they like.",
        "asks for whatever block the log names",
        "smart_wallet_block",
    ),
    Deviation(
        7,
        "smart_wallet_chain_id",
        "Chain id 0 is no chain, and leading zeros write one account in several ways.",
        "takes both",
        "smart_wallet_chain_id",
    ),
    Deviation(
        7,
        "smart_wallet_refused",
        "At the zero address, at precompiled contracts, at addresses without code "
        "and over the caps of gas, time and size a chain's answer proves nothing.",
        "believes the answer",
        "smart_wallet_refused",
    ),
)
"""Every deviation: one row a reason code."""
