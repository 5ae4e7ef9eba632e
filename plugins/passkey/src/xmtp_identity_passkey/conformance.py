"""The passkey kind's case for the conformance kit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from xmtp_identity.kinds import SignatureItem
from xmtp_identity.testing import ConformanceCase, Vector

from .p256 import N
from .plugin import register_kinds
from .signer import SoftwarePasskey
from .v1.passkey_pb2 import RecoverablePasskeySignature

__all__ = ["CASES"]

_TEXT: Final = "Prove ownership\n\nkind: passkey\nid: x \u2013 \xfcn\xef\nnonce: 1\n"

_VECTORS: Final = (
    Vector(
        identifier=(
            "04f476135d06c759389515f98e9e5b7154e4898f63fb087a2d01406ad3688ef8099ae7719"
            "a56eb7b59bc5ab33c9b3ab514f11959fb8ce8c8889fbc047994295801"
        ),
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: 63938662e5fce9dad109b0cd3a654401476acadcd531aff3fef5a3b7a1a6da"
            "39\n"
            "Current time: 2026-11-20T10:47:18Z\n"
            "\n"
            "- Link passkey to inbox\n"
            "  (Passkey: 04f476135d06c759389515f98e9e5b7154e4898f63fb087a2d01406ad368"
            "8ef8099ae7719a56eb7b59bc5ab33c9b3ab514f11959fb8ce8c8889fbc047994295801)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "0a4104f476135d06c759389515f98e9e5b7154e4898f63fb087a2d01406ad3688ef8099ae"
            "7719a56eb7b59bc5ab33c9b3ab514f11959fb8ce8c8889fbc047994295801124730450221"
            "00f2b086b7965e3ee641c63cc806007d7ac5807b3144f5f9f6d16a1e0ecc6c527f0220344"
            "e8207d7993d8bb7ceaf285afb8496b0c479196a216d9e393287a8678c54241a25a379a6f6"
            "eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947050000000122af047"
            "b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2257"
            "45315555434136494546316447686c626e5270593246305a53423062794270626d4a76654"
            "16f4b5357356962336767535551364944597a4f544d344e6a59795a54566d593255355a47"
            "466b4d544135596a426a5a444e684e6a55304e4441784e44633259574e685a474e6b4e544"
            "d7859575a6d4d325a6c5a6a56684d324933595446684e6d52684d7a6b4b51335679636d56"
            "75644342306157316c4f6941794d4449324c5445784c544977564445774f6a51334f6a453"
            "457676f4b4c53424d615735724948426863334e725a586b6764473867615735696233674b"
            "4943416f5547467a6332746c65546f674d44526d4e4463324d544d315a444132597a63314"
            "f544d344f5455784e5759354f4755355a5456694e7a45314e4755304f446b345a6a597a5a"
            "6d49774f4464684d6d51774d5451774e6d466b4d7a59344f47566d4f4441354f57466c4e7"
            "a63784f5745314e6d56694e3249314f574a6a4e5746694d7a4e6a4f57497a595749314d54"
            "526d4d5445354e546c6d596a686a5a54686a4f4467344f575a69597a41304e7a6b354e444"
            "9354e5467774d536b4b436b5a766369427462334a6c49476c755a6d383649476830644842"
            "7a4f6938766547313063433576636d637663326c6e626d463064584a6c6377222c226f726"
            "967696e223a2268747470733a2f2f6578616d706c652e636f6d222c2263726f73734f7269"
            "67696e223a66616c73657d"
        ),
        source="a passkey in a log of libxmtp 1.10.0",
    ),
    Vector(
        identifier=(
            "043ed2866c4031a3efe83f41f03f6de2a5d7a22aa3f0755b410de33548c82c08a72f10fbf"
            "06086f14b20066296da8a16e9321b641b7b3d7a4a8d06a0b6646bd701"
        ),
        text=_TEXT,
        payload=bytes.fromhex(
            "0a41043ed2866c4031a3efe83f41f03f6de2a5d7a22aa3f0755b410de33548c82c08a72f1"
            "0fbf06086f14b20066296da8a16e9321b641b7b3d7a4a8d06a0b6646bd701124830460221"
            "008d8fcd3da5c726951b2b11b14dacde88c819b5d4312683c405c4eeb731b32e4e022100e"
            "950ff625cbf5ad35f2c0202ad1686968a1ac88cd4cfe39cb1aaa447d603d0a31a2549960d"
            "e5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d9763050000000222930"
            "27b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a22"
            "55484a76646d5567623364755a584a7a61476c77436770726157356b4f69427759584e7a6"
            "1325635436d6c6b4f694234494f4b416b79444476473744727770756232356a5a546f674d"
            "516f222c226f726967696e223a22687474703a2f2f6c6f63616c686f73743a38373931222"
            "c2263726f73734f726967696e223a66616c73652c226f746865725f6b6579735f63616e5f"
            "62655f61646465645f68657265223a22646f206e6f7420636f6d7061726520636c69656e7"
            "4446174614a534f4e20616761696e737420612074656d706c6174652e2053656520687474"
            "70733a2f2f676f6f2e676c2f796162506578227d"
        ),
        source="Chromium, virtual authenticator",
    ),
    Vector(
        identifier=(
            "043ed2866c4031a3efe83f41f03f6de2a5d7a22aa3f0755b410de33548c82c08a72f10fbf"
            "06086f14b20066296da8a16e9321b641b7b3d7a4a8d06a0b6646bd701"
        ),
        text=_TEXT,
        payload=bytes.fromhex(
            "0a41043ed2866c4031a3efe83f41f03f6de2a5d7a22aa3f0755b410de33548c82c08a72f1"
            "0fbf06086f14b20066296da8a16e9321b641b7b3d7a4a8d06a0b6646bd701124630440220"
            "36e2e4779a2a3618b9d9a91a9d1bc8464a6c785f8205eaf0dd1d92ab2f7e52ff02204e675"
            "31e3647999791bf519cdeff42d3d962fd84b6c84bc11306cb69cbd19c9c1a2549960de588"
            "0e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d976305000000032286017b2"
            "274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a226b6c"
            "304c63677a702d745246516335566d52425f714b444447652d4c585530306f6d567a6e696"
            "97a644f73222c226f726967696e223a22687474703a2f2f6c6f63616c686f73743a383739"
            "31222c2263726f73734f726967696e223a66616c73657d"
        ),
        source="Chromium, another challenge",
        valid=False,
    ),
)

_KEYS: Final = (
    _VECTORS[0].identifier,
    _VECTORS[1].identifier.upper(),
    # The base point of the curve (NIST SP 800-186, section 3.2.1.3).
    (
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    ),
)


def _signer(seed: bytes) -> SoftwarePasskey:
    number = int.from_bytes(seed) % (N - 1) + 1
    return SoftwarePasskey(
        private_key=ec.derive_private_key(number, ec.SECP256R1()),
        relying_party="example.org",
        origin="https://example.org",
    )


def _raw_call(item: SignatureItem) -> Callable[[], object]:
    """ECDSA on P-256, by cryptography, with the key loaded."""
    message = RecoverablePasskeySignature.FromString(item.payload)
    key = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), message.public_key
    )
    signed = (
        message.authenticator_data + hashlib.sha256(message.client_data_json).digest()
    )
    return partial(key.verify, message.signature, signed, ec.ECDSA(SHA256()))


CASES: Final = (
    ConformanceCase(
        kind=register_kinds()[0],
        distribution="xmtp-identity-passkey",
        signer=_signer,
        valid=_KEYS,
        invalid=(
            "",
            f"0x{_KEYS[0]}",
            _KEYS[0][:-2],
            f"{_KEYS[0][:-1]}0",  # no point of the curve
            f"02{_KEYS[0][2:66]}",  # compressed
            f"06{_KEYS[0][2:]}",  # hybrid
            "00",  # the point at infinity
        ),
        vectors=_VECTORS,
        raw_call=_raw_call,
    ),
)
