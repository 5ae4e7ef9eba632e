"""Passkeys as browsers show them, with everything that may be odd about them."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from tests.support.protobuf import length
from tests.support.signers import Passkey, _passkey_key


@dataclass(frozen=True)
class Browser(Passkey):
    """A passkey and the page that uses it.

    rp_id: the relying party that the authenticator signs for.
    flags: of the authenticator; 0x05 is present and verified.
    tail: what follows the authenticator data.
    extra: members of the client data, which replace the usual ones.
    around: white space on both sides of the client data.
    """

    rp_id: str = "example.org"
    flags: int = 0x05
    tail: bytes = b""
    extra: tuple[tuple[str, Any], ...] = ()
    around: str = ""

    def client_data_json(self, text: bytes) -> bytes:
        values = json.loads(super().client_data_json(text)) | dict(self.extra)
        return f"{self.around}{json.dumps(values)}{self.around}".encode()

    def assertion(self, client_data_json: bytes) -> bytes:
        return (
            length(1, self.key)
            + length(2, self._signature(client_data_json))
            + length(3, self._authenticator_data)
            + length(4, client_data_json)
        )

    def credential(self, text: bytes) -> str:
        """The JSON of ``PublicKeyCredential.toJSON()``."""
        client_data = self.client_data_json(text)
        return json.dumps(
            {
                "id": "credential",
                "rawId": "credential",
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": _unpadded(client_data),
                    "authenticatorData": _unpadded(self._authenticator_data),
                    "signature": _unpadded(self._signature(client_data)),
                    "userHandle": None,
                },
            }
        )

    @property
    def _authenticator_data(self) -> bytes:
        rp_id_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_id_hash + bytes((self.flags,)) + bytes(4) + self.tail

    def _signature(self, client_data_json: bytes) -> bytes:
        signed = self._authenticator_data + hashlib.sha256(client_data_json).digest()
        return _passkey_key(self.name).sign(
            signed, ec.ECDSA(SHA256(), deterministic_signing=True)
        )


def _unpadded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
