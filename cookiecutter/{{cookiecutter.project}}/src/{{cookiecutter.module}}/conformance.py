{% set carries_key = cookiecutter.form == "address" and not cookiecutter.recoverable %}
"""What the conformance kit has to know of this kind; no client imports it.

``xid conformance {{ cookiecutter.project }}`` and the tests make all checks of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xmtp_identity.kinds import SignatureItem
from xmtp_identity.testing import ConformanceCase, Vector

{% if cookiecutter.recoverable %}
from .keys import recover
{% elif carries_key %}
from .keys import KEY_BYTES, verify
{% else %}
from .identifier import encode
from .keys import verify
{% endif %}
from .plugin import register_kinds
from .signature import signed_message
from .signer import KeySigner

__all__ = ["CASES"]

_ONE, _TWO, _THREE = (
    KeySigner(bytes([number]) * 32).identifier.value for number in (1, 2, 3)
)

VECTORS: Final[tuple[Vector, ...]] = ()
"""Signatures from real wallets, and known forgeries that must be refused. Record
some of every wallet that people use: it is they who say what is signed."""


def _raw_call(item: SignatureItem) -> Callable[[], object]:
    """The bare verification, with which the speed of all of it is compared."""
    text, payload, signer = item
    if signer is None:
        raise ValueError
    message = signed_message(text, signer)
{% if cookiecutter.recoverable %}
    return lambda: recover(payload, message)
{% elif carries_key %}
    key, signature = payload[:KEY_BYTES], payload[KEY_BYTES:]
    return lambda: verify(key, signature, message)
{% else %}
    key = encode(signer)
    return lambda: verify(key, payload, message)
{% endif %}


CASES: Final = (
    ConformanceCase(
        kind=register_kinds()[0],
        signer=KeySigner,
        valid=(_ONE, _TWO.upper(), _THREE),
        invalid=(
            _ONE[:-1],
            _ONE[:-2],
            f"{_ONE}00",
            f"0x{_ONE}",
            f"{_ONE[:-1]}g",
{% if cookiecutter.form == "key" %}
            # Of the right length, and no key.
            "{{ cookiecutter.no_key }}",
{% endif %}
        ),
        vectors=VECTORS,
        raw_call=_raw_call,
        distribution="{{ cookiecutter.project }}",
    ),
)
