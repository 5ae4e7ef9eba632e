"""What a kind of identity is to the core: one frozen object.

A plugin hands `Kind` objects to the core (`xmtp_identity.hookspecs`). The
core owns the rules, the signed text and the memory of used signatures; a
kind owns the form of its identifiers and its cryptography.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from .errors import SignatureError
from .identifier import MemberIdentifier

__all__ = [
    "API_VERSION",
    "Account",
    "Context",
    "Kind",
    "Proof",
    "SignatureItem",
    "Signer",
    "SigningTools",
    "VerifiedSignature",
    "WireSignature",
    "lazy",
]

API_VERSION: Final = 1
"""The version of this interface; a kind made for another one is not loaded."""

Context = Mapping[str, Any]
"""What verifiers may ask besides their input, by name of kind: a chain, say.

The caller passes it; a kind that finds nothing under its name answers
`SignatureUnavailable` where it needs a chain, never "invalid".
"""


class SignatureItem(NamedTuple):
    """One signature to verify.

    text: the signed text, UTF-8.
    payload: the bytes of the variant in the `Signature` union, as they came:
        a serialized message for root kinds, the kind's own bytes for leaf kinds.
    identifier: for a leaf kind the member whose signature this must be; None
        for root kinds, whose signatures say or yield who signed.
    """

    text: bytes
    payload: bytes
    identifier: MemberIdentifier | None = None


class VerifiedSignature(NamedTuple):
    """What a verified signature proves. Only verifiers make it.

    signer: the member whose signature it is.
    word_key: the signer's key in one canonical encoding, so that another
        encoding of the same key counts as the same signer (an Ethereum
        address is 20 bytes, whatever the proof or chain).
    remembered: the bytes that XMTP's reference client remembers to detect
        replays, byte for byte.
    chain_id: the EIP-155 chain of a smart wallet, else None.
    """

    signer: MemberIdentifier
    word_key: bytes
    remembered: bytes
    chain_id: int | None = None


class WireSignature(NamedTuple):
    """A signature as it goes into the `Signature` union.

    number: which variant it is.
    payload: the bytes of the variant; see `SignatureItem`.
    """

    number: int
    payload: bytes


VerifyMany = Callable[
    [Sequence[SignatureItem], Context], Sequence[VerifiedSignature | SignatureError]
]
AdmitSignature = Callable[[SignatureItem, VerifiedSignature, Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One way in which members of a kind sign.

    number: its number in the `Signature` union.
    name: what people call it, such as ``"erc_191"``.
    verify_many: one call for many signatures; answers in the order of the
        items, for each a `VerifiedSignature` or a `SignatureError` (returned,
        not raised). A pure function of the items and the context: no state,
        no clock, no settings, any bytes.
    admit: judges a verified signature on admission; raises `NotAdmitted`.
        Its third argument is the caller's policy for the kind, or None.
    """

    number: int
    name: str
    verify_many: VerifyMany
    admit: AdmitSignature | None = None


class Signer(Protocol):
    """A key that can sign the text of an update."""

    @property
    def identifier(self) -> MemberIdentifier:
        """The member that it signs for."""

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update."""


class Account(Protocol):
    """A member named by its account on a chain, which judges its signatures.

    Naming it so chooses the proof: nothing is guessed from an identifier.
    """

    @property
    def identifier(self) -> MemberIdentifier:
        """The member that the account is."""

    @property
    def chain_id(self) -> int:
        """The EIP-155 chain; the member is kept with it."""

    def read_signature(self, pasted: str) -> Sequence[WireSignature]:
        """What the account's wallet gave, to every way it can be read.

        Raises `BadInput` if there is none, `SignatureUnavailable` if the chain
        must be asked first and can't be.
        """

    def facts(self, text: str) -> Mapping[str, str]:
        """What its wallet may want beside the text, and what a signature pins, by
        names such as ``account``, ``hash`` and ``block_number``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningTools:
    """How a kind's signatures are made; the command line and tests use it.

    new_key: makes a fresh key and gives the content of its key file.
    load_key: content of a key file, and a function that asks for its password
        where it has one, to a signer; raises `BadInput` if it is no key file
        of this kind. Secrets never reach an error.
    read_signature: what an outside wallet gave back, as a person pastes it,
        to every way it can be read; the caller keeps the one that verifies.
    read_account: a CAIP-10 account as a person writes it, and the context of
        verifiers, to the `Account`; None for chains of other kinds. Raises
        `InvalidIdentifier`. Optional.
    """

    new_key: Callable[[], bytes]
    load_key: Callable[[bytes, Callable[[], str]], Signer]
    read_signature: Callable[[str, MemberIdentifier], Sequence[WireSignature]]
    read_account: Callable[[str, Context], Account | None] | None = None


def _no_rule(_: MemberIdentifier) -> None:
    """The kind has no admission rule for identifiers beyond its parser."""


def _always(_: MemberIdentifier) -> bool:
    """Any identifier of the kind can own an inbox."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of identity.

    number: its number in the `MemberIdentifier` union. Below 100 a root kind,
        100 to 1999 a leaf kind, for which it is also the number of the one
        proof and the `IdentifierKind`.
    name: lower-case letters, digits and underscores; unique.
    noun: what the signed text calls it, such as ``"address"``.
    revision: raised when a fix of the kind changes a decision.
    extension: full name of its protobuf extension of `MemberIdentifier`; with
        the revision it says whether a stored state was made by the same kind.
    parse: a person's text to the canonical identifier, strict. Raises
        `InvalidIdentifier`.
    decode: the bytes of the variant in the `MemberIdentifier` union to the
        identifier. Lenient as the network is for root kinds, strict for leaf
        kinds. Raises `InvalidIdentifier` or `Undecodable`.
    encode: the identifier to those bytes.
    proofs: by their number in the `Signature` union.
    identifier_kind: root kinds only, the `IdentifierKind` number, or None for
        a kind that can neither create an inbox nor recover it.
    decode_string: root kinds with an `identifier_kind` only: the identifier
        string and relying party of `CreateInbox` and `ChangeRecoveryAddress`
        to the identifier, as lenient as the network.
    can_own: root kinds only, whether an identifier has the form from which the
        reference client makes inbox IDs.
    admit: judges an identifier on admission; raises `NotAdmitted`.
    signing: how to make signatures, loaded when used; None where only an
        outside wallet can.
    api_version: the `API_VERSION` that the kind is made for.
    """

    number: int
    name: str
    noun: str
    extension: str
    parse: Callable[[str], MemberIdentifier]
    decode: Callable[[bytes], MemberIdentifier]
    encode: Callable[[MemberIdentifier], bytes]
    proofs: Mapping[int, Proof]
    revision: int = 1
    identifier_kind: int | None = None
    decode_string: Callable[[str, str | None], MemberIdentifier] | None = None
    can_own: Callable[[MemberIdentifier], bool] = field(default=_always)
    admit: Callable[[MemberIdentifier], None] = field(default=_no_rule)
    signing: Callable[[], SigningTools] | None = None
    api_version: int = API_VERSION

    @property
    def is_root(self) -> bool:
        """Whether everyone must agree on this kind (numbers below 100)."""
        return self.number < 100

    def __getstate__(self) -> dict[str, Any]:
        state = {name: getattr(self, name) for name in self.__slots__}
        state["proofs"] = dict(self.proofs)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        object.__setattr__(self, "proofs", MappingProxyType(dict(self.proofs)))


class lazy:  # noqa: N801 - reads as a function and is used as one
    """A function that imports its module when it is first called.

    ``lazy("xmtp_identity_mine.signature:verify_many")`` keeps a plugin's
    import light: its cryptography loads when something is verified. It can
    be pickled, so a registry can be sent to another process.
    """

    __slots__ = ("_function", "_path")

    def __init__(self, path: str) -> None:
        self._path = path
        self._function: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import the module if need be, and call its function."""
        function = self._function
        if function is None:
            module, _, name = self._path.partition(":")
            function = self._function = getattr(importlib.import_module(module), name)
        return function(*args, **kwargs)

    def __reduce__(self) -> tuple[type[lazy], tuple[str]]:
        return (lazy, (self._path,))

    def __repr__(self) -> str:
        return f"lazy({self._path!r})"
