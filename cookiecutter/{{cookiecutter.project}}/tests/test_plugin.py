"""The hook and the schema: one leaf kind, the same number in both."""

from __future__ import annotations

import pickle
import subprocess
import sys

from xmtp_identity.kinds import Kind
from xmtp_identity.registry import Registry

from {{ cookiecutter.module }} import (
    plugin,
)
from {{ cookiecutter.module }}.identifier import (
    KIND,
    NUMBER,
)
from {{ cookiecutter.module }}.v1 import (
    {{ cookiecutter.name }}_pb2 as schema,
)

HEAVY = {"coincurve", "cryptography", "nacl"}


def only_kind() -> Kind:
    (kind,) = plugin.register_kinds()
    return kind


def test_a_registry_takes_the_kind() -> None:
    kind = only_kind()
    registry = Registry([kind])
    assert not kind.is_root
    assert registry.by_member[NUMBER].name == KIND
    assert registry.by_signature[NUMBER].kind.name == KIND


def test_the_schema_says_what_the_kind_says() -> None:
    member, signature = (
        schema.DESCRIPTOR.extensions_by_name[f"{KIND}_{what}"]
        for what in ("identifier", "signature")
    )
    assert member.full_name == only_kind().extension
    for extension in (member, signature):
        assert extension.number == NUMBER
        assert extension.type == extension.TYPE_BYTES


def test_the_kind_can_be_sent_to_another_process() -> None:
    kind = pickle.loads(pickle.dumps(only_kind()))  # noqa: S301 - our own bytes
    assert kind.extension == only_kind().extension


def test_loading_the_plugin_loads_no_cryptography() -> None:
    program = (
        f"import sys, {plugin.__name__} as plugin; plugin.register_kinds();"
        "print(*sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter and a program of ours
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())
