"""What a passkey signature must show before it is let into a log.

Replay takes any assertion whose challenge is the text: what is in a log is
judged alike by everyone, for ever. What comes in is held to WebAuthn's own
checks (level 3, section 7.2), so that a page elsewhere, a registration, a
payment or a device that nobody touched can't sign for an inbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from xmtp_identity.errors import BadInput, NotAdmitted
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity.wire.scan import strict_parse

from .authenticator_data import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    USER_PRESENT,
    USER_VERIFIED,
    AuthenticatorData,
    read_authenticator_data,
)
from .client_data import read_object
from .origin import is_host, is_origin, relying_parties_of, web_host
from .v1.passkey_pb2 import RecoverablePasskeySignature

__all__ = ["PasskeyPolicy", "admit"]

_TYPE: Final = "webauthn.get"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPolicy:
    """Where a passkey may have signed, and how.

    origins: the origins that are allowed, as a browser writes them:
        ``https://app.example.org``, or ``android:apk-key-hash:...`` for an
        Android app. Empty: any ``https`` page, and ``http://localhost``.
    relying_parties: the relying party IDs that are allowed, such as
        ``example.org``. Empty: any that fits the origin's host, which is the
        host itself or a parent domain of it.
    user_verification: whether the authenticator must have verified its user
        (by PIN or biometrics). A touch is always needed.

    Where both sets are given, any of the relying parties goes with any of the
    origins; so an Android app, whose origin names no host, needs both. Raises
    `BadInput` for what can be neither.
    """

    origins: AbstractSet[str] = frozenset()
    relying_parties: AbstractSet[str] = frozenset()
    user_verification: bool = False

    def __post_init__(self) -> None:
        origins = _set_of(self.origins, "origins")
        parties = _set_of(self.relying_parties, "relying_parties")
        if not all(map(is_origin, origins)):
            raise BadInput(
                "An origin of the passkey policy is none; write it like "
                "https://app.example.org, without a slash at the end."
            )
        if not all(map(is_host, parties)):
            raise BadInput(
                "A relying party of the passkey policy is none; write it like "
                "example.org, in lower case, without scheme and port."
            )
        object.__setattr__(self, "origins", origins)
        object.__setattr__(self, "relying_parties", parties)


def _set_of(values: Iterable[str], name: str) -> frozenset[str]:
    if isinstance(values, str):
        # A string is an iterable of characters, never what is meant.
        raise BadInput(f"{name} of the passkey policy takes a set, not one string.")
    return frozenset(values)


_DEFAULT_POLICY: Final = PasskeyPolicy()


def admit(item: SignatureItem, verified: VerifiedSignature, policy: Any) -> None:
    """Judge a verified passkey signature; see `xmtp_identity.kinds.Proof`.

    policy: a `PasskeyPolicy`, or None for the default one.

    The sign counter is not looked at: synced passkeys keep none. Neither is
    the form of the key: an existing member must be able to sign, whichever
    form its key has in the log. Raises `NotAdmitted`.
    """
    if policy is None:
        policy = _DEFAULT_POLICY
    if not isinstance(policy, PasskeyPolicy):
        raise TypeError("the policy for passkeys is a PasskeyPolicy or None")
    message = strict_parse(RecoverablePasskeySignature, item.payload)
    _admit_client_data(message.client_data_json)
    try:
        data = read_authenticator_data(message.authenticator_data)
    except ValueError as error:
        raise NotAdmitted(
            f"The authenticator data of the passkey is malformed: {error}.",
            code="passkey_authenticator_data",
        ) from None
    # The verifier read the origin out of the signed client data.
    origin = verified.signer.relying_party or ""
    _admit_origin(origin, policy)
    _admit_relying_party(data.rp_id_hash, origin, policy)
    _admit_flags(data, policy)


def _admit_client_data(client_data_json: bytes) -> None:
    if client_data_json[:1] != b"{" or client_data_json[-1:] != b"}":
        raise NotAdmitted(
            "White space surrounds the client data, which no browser makes.",
            code="passkey_client_data",
        )
    client_data = read_object(client_data_json)
    if client_data.get("type") != _TYPE:
        raise NotAdmitted(
            f"The client data is not of the type {_TYPE}: a registration or a "
            "payment is no signature of an update.",
            code="passkey_type",
        )
    if client_data.get("crossOrigin", False) is not False:
        raise NotAdmitted(
            "The passkey was used in a frame of another site.",
            code="passkey_cross_origin",
        )
    if "topOrigin" in client_data:
        raise NotAdmitted(
            "The passkey was used in a page under another site's page.",
            code="passkey_top_origin",
        )


def _admit_origin(origin: str, policy: PasskeyPolicy) -> None:
    if policy.origins:
        if origin not in policy.origins:
            raise NotAdmitted(
                "The passkey was used at an origin that the policy does not name.",
                code="passkey_origin",
            )
    elif web_host(origin) is None:
        raise NotAdmitted(
            "The passkey was used neither on an https page nor on http://localhost; "
            "a policy can name other origins.",
            code="passkey_origin",
        )


def _admit_relying_party(rp_id_hash: bytes, origin: str, policy: PasskeyPolicy) -> None:
    for party in _relying_parties(origin, policy):
        if hashlib.sha256(party.encode("ascii")).digest() == rp_id_hash:
            return
    raise NotAdmitted(
        "The passkey belongs to another relying party than the page that used it, "
        "or to one that the policy does not name.",
        code="passkey_relying_party",
    )


def _relying_parties(origin: str, policy: PasskeyPolicy) -> Iterable[str]:
    """The relying parties that an assertion made at ``origin`` may be for."""
    if policy.origins and policy.relying_parties:
        return policy.relying_parties
    host = web_host(origin)
    fitting = [] if host is None else relying_parties_of(host)
    if policy.relying_parties:
        return [party for party in fitting if party in policy.relying_parties]
    return fitting


def _admit_flags(data: AuthenticatorData, policy: PasskeyPolicy) -> None:
    if not data.has(USER_PRESENT):
        raise NotAdmitted(
            "Nobody was at the authenticator when it signed.",
            code="passkey_user_presence",
        )
    if policy.user_verification and not data.has(USER_VERIFIED):
        raise NotAdmitted(
            "The authenticator did not verify its user, which the policy asks for.",
            code="passkey_user_verification",
        )
    if data.has(BACKED_UP) and not data.has(BACKUP_ELIGIBLE):
        raise NotAdmitted(
            "The authenticator says that a key is backed up which can't be.",
            code="passkey_backup_state",
        )
