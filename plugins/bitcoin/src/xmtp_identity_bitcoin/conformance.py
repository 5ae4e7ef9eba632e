"""The bitcoin kind's case for the conformance kit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Final

from xmtp_identity.kinds import SignatureItem
from xmtp_identity.testing import ConformanceCase, Vector

from .addresses import Form, output
from .bip322 import message_hash
from .identifier import output_of
from .keys import program_of
from .plugin import register_kinds
from .secp256k1 import verify_ecdsa
from .signer import KeySigner
from .transactions import ToSign, build, read_witness, to_spend_id

__all__ = ["CASES"]

_TEXT: Final = "Prove ownership\n\nkind: bitcoin\nnonce: 1 \u2013 \xfc\n"

_VECTORS: Final = (
    Vector(
        identifier="1BbBCj1Y3JC7bTHgdNtHWvRhUkVaaHuqGj",
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: a1388ffc8c40430d0cc9cef524df67597609e7ea01e1c624eb49e3d5c67f44"
            "10\n"
            "Current time: 2025-01-02T03:04:05Z\n"
            "\n"
            "- Link Bitcoin address to inbox\n"
            "  (Bitcoin address: 1BbBCj1Y3JC7bTHgdNtHWvRhUkVaaHuqGj)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "2018dc9eaacaff4db354412273f69c07dfe64c706f4c6324a3e6160c07a34421926e74005"
            "f210103a18347dde5d2e034537a0d50a90a617de6082bafe26ac55b39"
        ),
        source="Electrum 4.3.4, p2pkh",
    ),
    Vector(
        identifier="3Js1wABRengyqrYH4F6LzN6nLPoYwZCMub",
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: a1388ffc8c40430d0cc9cef524df67597609e7ea01e1c624eb49e3d5c67f44"
            "10\n"
            "Current time: 2025-01-02T03:04:05Z\n"
            "\n"
            "- Link Bitcoin address to inbox\n"
            "  (Bitcoin address: 3Js1wABRengyqrYH4F6LzN6nLPoYwZCMub)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "1f77dc7713944c81e7ad93917281b483f239ae5f04d14ac80a4e017fc32de160ec23c6abd"
            "3b2dd1cbb75f543a567a809e3c357d27bd1a9875781df26703c07297a"
        ),
        source="Electrum 4.3.4, p2wpkh-p2sh",
    ),
    Vector(
        identifier="bc1qwsn74d6p2s4xrgnnmqnenmrg337u3szaa5cnfk",
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: a1388ffc8c40430d0cc9cef524df67597609e7ea01e1c624eb49e3d5c67f44"
            "10\n"
            "Current time: 2025-01-02T03:04:05Z\n"
            "\n"
            "- Link Bitcoin address to inbox\n"
            "  (Bitcoin address: bc1qwsn74d6p2s4xrgnnmqnenmrg337u3szaa5cnfk)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "1f4633a66e69dcd0337cdd2f8b937b32d1fef0cd7b855f8182aa97b04c82d0c9305507f49"
            "692c288fd1f7a0d8c09e2b4de5f73bfa8d710c8a213ef44f0552b0157"
        ),
        source="Electrum 4.3.4, p2wpkh",
    ),
    Vector(
        identifier="19Zk9yxAGp8ExungJN1n7PxYpPDPt87kYR",
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: a1388ffc8c40430d0cc9cef524df67597609e7ea01e1c624eb49e3d5c67f44"
            "10\n"
            "Current time: 2025-01-02T03:04:05Z\n"
            "\n"
            "- Link Bitcoin address to inbox\n"
            "  (Bitcoin address: 19Zk9yxAGp8ExungJN1n7PxYpPDPt87kYR)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "1c25b583ed8bbfc96f20f9013858022add6c1c52151a4c4037413b458080d1febc0517ecc"
            "93178470767cb45425eec63bc1dc31871cc784343a4d4446e6743e081"
        ),
        source="Electrum 4.3.4, p2pkh uncompressed",
    ),
    Vector(
        identifier="3NSFTMSB4gnHAFRbeZoMnSNnEcL5doBvbN",
        text=_TEXT,
        payload=bytes.fromhex(
            "2455de7219abcda2a1f5c7aa830fb368720fea66cf4f2362f940f1cd6b37be2eac3fc7caa"
            "3dbfb65c8f6cc5d18a8d1ead1d9da87b7757794bac9d677c7368a0d24"
        ),
        source="bitcoinjs-message, BIP-137",
    ),
    Vector(
        identifier="bc1qn454ga9rqwkx6ax309knw5hs0z2erz7jznaxld",
        text=_TEXT,
        payload=bytes.fromhex(
            "02483045022100ef581f463625d36126b97ca628d79f43d6fbcb9e80a200580e37d934d27"
            "864ce02202d4cb7f2d445c5130199ee445fa1a0827c0dec79bfa82f8298b1c15557e2858d"
            "01210362c0a046dacce86ddd0343c6d3c7c79c2208ba0d9c9cf24a6d046d21d21f90f7"
        ),
        source="bip322-js, p2wpkh",
    ),
    Vector(
        identifier=("bc1pngylwuvf9ud79em6cvp0lzx48t7ujn36670kdfsxt08ngvmc59xstletrr"),
        text=_TEXT,
        payload=bytes.fromhex(
            "0141167881732dc7207ccfddeebf2dbab7bb65914d97d576ff3e5272e157cb83a6cbd67ab"
            "830aad7df2c89ded3083ee0300c9c9e8b8248a0252644c5b7e9e0e4729301"
        ),
        source="bip322-js, p2tr",
    ),
    Vector(
        identifier=("bc1pngylwuvf9ud79em6cvp0lzx48t7ujn36670kdfsxt08ngvmc59xstletrr"),
        text=_TEXT,
        payload=bytes.fromhex(
            "2055de7219abcda2a1f5c7aa830fb368720fea66cf4f2362f940f1cd6b37be2eac3fc7caa"
            "3dbfb65c8f6cc5d18a8d1ead1d9da87b7757794bac9d677c7368a0d24"
        ),
        source="ECDSA for a taproot address, which proves no key",
        valid=False,
    ),
)


def _raw_call(item: SignatureItem) -> Callable[[], object]:
    """ECDSA on secp256k1, by coincurve, for a p2wpkh address."""
    witness = read_witness(item.payload)
    if item.identifier is None or witness is None:
        raise ValueError("The item is not one of this case's first signer.")
    signature, key = witness
    script = output_of(item.identifier.value).script
    spent = to_spend_id(message_hash(item.text), script)
    to_sign = ToSign(build(spent), script, None, ())
    code = output(Form.P2PKH, program_of(key, Form.P2WPKH)).script
    return partial(verify_ecdsa, key, signature[:-1], to_sign.segwit_digest(code))


CASES: Final = (
    ConformanceCase(
        kind=register_kinds()[0],
        distribution="xmtp-identity-bitcoin",
        signer=KeySigner,
        other_signers=MappingProxyType(
            {
                "p2pkh": partial(KeySigner, form=Form.P2PKH),
                "p2pkh-uncompressed": partial(
                    KeySigner, form=Form.P2PKH, compressed=False
                ),
                "p2sh-p2wpkh": partial(KeySigner, form=Form.P2SH),
                "p2tr": partial(KeySigner, form=Form.P2TR),
            }
        ),
        valid=(
            "1BbBCj1Y3JC7bTHgdNtHWvRhUkVaaHuqGj",
            "3Js1wABRengyqrYH4F6LzN6nLPoYwZCMub",
            "bc1qwsn74d6p2s4xrgnnmqnenmrg337u3szaa5cnfk",
            "BC1QWSN74D6P2S4XRGNNMQNENMRG337U3SZAA5CNFK",
            "bc1pngylwuvf9ud79em6cvp0lzx48t7ujn36670kdfsxt08ngvmc59xstletrr",
            "testnet4:tb1q9d3qmadtwqk07gcpjn2g29668jmlhfv5c427s0",
            "regtest:bcrt1pqseamd5nkjlvc4z7whehqtglyaq7kd9hlp66ndjvumrnukf9g3sspnqfj4",
        ),
        invalid=(
            "",
            "1BbBCj1Y3JC7bTHgdNtHWvRhUkVaaHuqGk",  # a wrong checksum
            "bc1Qwsn74d6p2s4xrgnnmqnenmrg337u3szaa5cnfk",  # mixed case
            "bc1qwsn74d6p2s4xrgnnmqnenmrg337u3szaa5cnfq",
            "tb1q9d3qmadtwqk07gcpjn2g29668jmlhfv5c427s0",  # of which network?
            "mainnet:1BbBCj1Y3JC7bTHgdNtHWvRhUkVaaHuqGj",
            "bitcoin:1BbBCj1Y3JC7bTHgdNtHWvRhUkVaaHuqGj",
            "bc1pfeessrawgf",  # pay to anchor: anyone owns it
        ),
        vectors=_VECTORS,
        raw_call=_raw_call,
    ),
)
