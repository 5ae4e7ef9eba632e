"""Bitcoin addresses as member identifiers.

The identifier of a mainnet address is the address. Addresses of the test
networks do not say of which one they are (``tb1`` is used by three), so there
the network's name comes first: ``testnet4:tb1q...``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from xmtp_identity.errors import InvalidIdentifier, Undecodable
from xmtp_identity.identifier import MAX_LEAF_IDENTIFIER, MemberIdentifier

from .addresses import Output, read, write
from .networks import MAINNET, Network, by_name, by_reference

__all__ = ["KIND", "caip10", "decode", "encode", "identifier_of", "output_of", "parse"]

KIND: Final = "bitcoin"
"""The name of this kind."""

_CAIP10: Final = re.compile(r"bip122:([0-9a-f]{32}):(.*)")
_BASE58: Final = "[1-9A-HJ-NP-Za-km-z]"

# What people paste for an address, and what to tell them.
_MISTAKES: Final = {
    re.compile(shape): sentence
    for shape, sentence in {
        rf"(?:.*:)?(?:[xyztuvYZUV]prv.*|[5KLc9]{_BASE58}{{50,51}}|[0-9a-fA-F]{{64}})": (
            "This looks like a private key. Never give it to anyone; give an address."
        ),
        r"(?i:bitcoin):.*": (
            "This is a payment link; give the address alone, which stands in it"
            " between the colon and the question mark."
        ),
        r"[xyztuvYZUV]pub.*": (
            "This is an extended public key, which stands for a whole wallet; give"
            " one address."
        ),
        r"(?i:t?sp1).*": (
            "This is a silent payment address, which can't sign; give an ordinary one."
        ),
        rf"(?i:tb1).*|[mn2]{_BASE58}{{25,34}}": (
            "This address is of a test network but does not say of which; write"
            " testnet3:, testnet4:, signet: or regtest: in front of it."
        ),
        r"(?i:bcrt1).*": (
            "This address is of a test network; write regtest: in front of it."
        ),
    }.items()
}


def parse(text: str) -> MemberIdentifier:
    """Read an address that a person gave.

    text: an address of mainnet; or one of a test network behind the network's
        name and a colon; or a CAIP-10 account ID of the namespace bip122.
        Bech32 may be all in upper case; the result is in lower case.

    Raises `InvalidIdentifier`. Its sentence never repeats the text, which may
    be a private key that was pasted by mistake.
    """
    network, target = _read(text)
    return identifier_of(target, network)


def decode(payload: bytes) -> MemberIdentifier:
    """Read the bytes of the `bitcoin_identifier` variant; canonical form only.

    Raises `Undecodable` if they are not ASCII, else `InvalidIdentifier`.
    """
    try:
        value = payload.decode("ascii")
    except UnicodeDecodeError:
        raise Undecodable("The Bitcoin address is not ASCII.") from None
    output_of(value)
    return MemberIdentifier(KIND, value)


def encode(identifier: MemberIdentifier) -> bytes:
    """Give the bytes of the `bitcoin_identifier` variant: ASCII.

    Raises `InvalidIdentifier` if the value is not in canonical form.
    """
    output_of(identifier.value)
    return identifier.value.encode("ascii")


def caip10(identifier: MemberIdentifier) -> str:
    """Give the CAIP-10 account ID: ``bip122:<chain>:<address>``.

    Raises `InvalidIdentifier` if the value is not in canonical form.
    """
    output_of(identifier.value)
    network, address = _split(identifier.value)
    return f"bip122:{network.reference}:{address}"


def identifier_of(target: Output, network: Network) -> MemberIdentifier:
    """Give the identifier of an output on a network."""
    prefix = "" if network is MAINNET else f"{network.name}:"
    return MemberIdentifier(KIND, prefix + write(target, network))


# Replay decodes an identifier and soon verifies a signature for it.
@lru_cache(maxsize=4096)
def output_of(value: str) -> Output:
    """Give what an identifier in canonical form stands for.

    Raises `InvalidIdentifier` if it is in any other form.
    """
    network, target = _read(value)
    if identifier_of(target, network).value != value:
        raise InvalidIdentifier("The Bitcoin address is not in its canonical form.")
    return target


def _read(text: str) -> tuple[Network, Output]:
    if len(text) > MAX_LEAF_IDENTIFIER:
        raise InvalidIdentifier(
            f"A Bitcoin address has at most {MAX_LEAF_IDENTIFIER} characters, this"
            f" text has {len(text)}."
        )
    try:
        network, address = _split(text)
        return network, read(address, network)
    except InvalidIdentifier:
        for shape, sentence in _MISTAKES.items():
            if shape.fullmatch(text) is not None:
                raise InvalidIdentifier(sentence) from None
        raise


def _split(text: str) -> tuple[Network, str]:
    account = _CAIP10.fullmatch(text)
    if account is not None:
        network, address = by_reference.get(account[1]), account[2]
    else:
        name, colon, address = text.rpartition(":")
        if not colon:
            return MAINNET, text
        # A mainnet address has one form, without the name.
        network = by_name.get(name) if name != MAINNET.name else None
    if network is None:
        names = ", ".join(name for name in by_name if name != MAINNET.name)
        raise InvalidIdentifier(
            f"What stands before the colon is no test network of Bitcoin ({names})."
        )
    return network, address
