"""Registries: what a kind must be, look-ups, and clients that lack a kind."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, replace
from typing import Any, TypeVar

import pytest

from xmtp_identity import Kind, MemberIdentifier, Registry
from xmtp_identity.allotment import ALLOTMENT
from xmtp_identity.errors import PluginError, SignatureError, UnknownKind
from xmtp_identity.installation import INSTALLATION
from xmtp_identity.kinds import Context, Proof, SignatureItem, VerifiedSignature
from xmtp_identity.registry import check_kind, record_of
from xmtp_identity.wire.records import Space


def _parse(text: str) -> MemberIdentifier:
    return MemberIdentifier("one", text)


def _decode(payload: bytes) -> MemberIdentifier:
    return MemberIdentifier("one", payload.decode())


def _decode_string(text: str, _: str | None) -> MemberIdentifier:
    return MemberIdentifier("one", text)


def _encode(identifier: MemberIdentifier) -> bytes:
    return identifier.value.encode()


def _verify(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    return [
        VerifiedSignature(_decode(item.payload), item.payload, item.payload)
        for item in items
    ]


def proofs(*numbers: int) -> dict[int, Proof]:
    return {n: Proof(number=n, name=f"proof {n}", verify_many=_verify) for n in numbers}


def kind(number: int = 1000, name: str = "one", **changes: Any) -> Kind:
    values: dict[str, Any] = {
        "number": number,
        "name": name,
        "noun": "One thing",
        "extension": "one.v1.identifier",
        "parse": _parse,
        "decode": _decode,
        "encode": _encode,
        "proofs": proofs(number),
    }
    return Kind(**{**values, **changes})


def allotted(number: int, **changes: Any) -> Kind:
    """A kind as the allotment wants it."""
    entry = ALLOTMENT[number]
    values: dict[str, Any] = {
        "name": entry.name,
        "noun": entry.noun,
        "extension": entry.extension,
        "proofs": proofs(*entry.signatures),
    }
    return kind(number, **{**values, **changes})


ETHEREUM = allotted(1, identifier_kind=1, decode_string=_decode_string)
PASSKEY = allotted(3, identifier_kind=2, decode_string=_decode_string)


def code_of(*kinds: Kind) -> str:
    with pytest.raises(PluginError) as error:
        Registry(kinds)
    assert error.value.detail.endswith(".")
    return error.value.code


# What a kind must be


@pytest.mark.parametrize("number", [1000, 1500, 1999])
def test_numbers_from_1000_to_1999_are_open(number: int) -> None:
    check_kind(kind(number))


@pytest.mark.parametrize("number", list(ALLOTMENT))
def test_an_allotted_number_goes_to_the_kind_that_it_is_allotted_to(
    number: int,
) -> None:
    check_kind(allotted(number))


@pytest.mark.parametrize("number", [-1, 0, 4, 99, 107, 500, 999, 2000, 2001, 1 << 29])
def test_a_number_that_nobody_allotted_is_refused(number: int) -> None:
    assert code_of(kind(number)) == "kind_number"


@pytest.mark.parametrize("revision", [0, -1, 1 << 32, 1 << 64])
def test_a_revision_is_a_number_from_one_on(revision: int) -> None:
    assert code_of(kind(revision=revision)) == "kind_revision"


@pytest.mark.parametrize("number", list(ALLOTMENT))
@pytest.mark.parametrize(
    "changes",
    [
        {"name": "somebody"},
        {"extension": "somebody.v1.identifier"},
        {"proofs": {}},
        {"proofs": proofs(1999)},
        {"noun": "Somebody"},
    ],
    ids=["name", "extension", "no proof", "another proof", "noun"],
)
def test_an_allotted_number_goes_to_nobody_else(
    number: int, changes: dict[str, Any]
) -> None:
    assert code_of(allotted(number, **changes)) == "kind_number"


@pytest.mark.parametrize("name", [entry.name for entry in ALLOTMENT.values()])
def test_an_allotted_name_goes_to_its_number_alone(name: str) -> None:
    assert code_of(kind(1000, name)) == "kind_name"


@pytest.mark.parametrize(
    "name",
    ["", "Solana", "a b", "a-b", "a.b", "1a", "_a", "é", "a\n", "a" * 33, "ａ"],
)
def test_a_name_is_lower_case_letters_digits_and_underscores(name: str) -> None:
    assert code_of(kind(name=name)) == "kind_name"


def test_a_name_of_32_characters_is_fine() -> None:
    check_kind(kind(name="a" * 32))
    check_kind(kind(name="a1_b"))


@pytest.mark.parametrize(
    "noun",
    ["", " ", "a  b", " a", "a ", "a\nb", "a-b", "a:b", "a)", "é", "a\t", "a" * 41],
)
def test_a_noun_is_letters_digits_and_single_spaces(noun: str) -> None:
    assert code_of(kind(noun=noun)) == "kind_noun"


def test_a_noun_of_40_characters_is_fine() -> None:
    check_kind(kind(noun="a" * 40))
    check_kind(kind(noun="World ID 2"))


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
@pytest.mark.parametrize("noun", [entry.noun for entry in ALLOTMENT.values()])
def test_reserved_nouns_are_so_in_any_case(noun: str, case: Any) -> None:
    assert code_of(kind(noun=case(noun))) == "kind_noun"


@pytest.mark.parametrize("given", [{}, proofs(1001), proofs(1000, 1001), proofs(1)])
def test_a_leaf_kind_has_one_proof_of_its_own_number(given: dict[int, Proof]) -> None:
    assert code_of(kind(proofs=given)) == "kind_number"


def test_a_leaf_kind_has_no_identifier_kind() -> None:
    assert code_of(kind(identifier_kind=1000)) == "kind_number"
    assert code_of(kind(identifier_kind=1)) == "kind_number"


def test_a_proof_stands_under_its_own_number() -> None:
    crossed = {1000: proofs(1001)[1001]}
    assert code_of(kind(proofs=crossed)) == "kind_number"


@pytest.mark.parametrize("version", [0, 2])
def test_a_kind_of_another_api_version_is_refused(version: int) -> None:
    assert code_of(kind(api_version=version)) == "api_version"


# Two kinds


def test_two_kinds_have_two_numbers_names_and_nouns() -> None:
    two = kind(1001, "two", noun="Two")
    assert len(Registry([kind(), two]).kinds) == 2
    for clash in (
        kind(1000, "two", noun="Two"),
        kind(1001, "one", noun="Two"),
        replace(two, noun="ONE THING"),
    ):
        assert code_of(kind(), clash) == "kind_clash"
    assert code_of(kind(), kind()) == "kind_clash"


def test_an_identifier_kind_has_one_owner() -> None:
    assert code_of(ETHEREUM, replace(PASSKEY, identifier_kind=1)) == "kind_clash"


# Look-ups


def test_kinds_are_found_by_name_and_by_every_number() -> None:
    registry = Registry([kind(), PASSKEY, INSTALLATION, ETHEREUM])
    assert [k.number for k in registry.kinds] == [1, 2, 3, 1000]
    assert registry.kind("passkey") is registry.by_member[3] is registry.kinds[2]
    assert set(registry.by_signature) == {1, 2, 3, 4, 5, 1000}
    assert registry.by_signature[4].kind is registry.by_name["ethereum"]
    assert registry.by_signature[4].proof.number == 4
    assert {n: k.name for n, k in registry.by_identifier_kind.items()} == {
        0: "ethereum",
        1: "ethereum",
        2: "passkey",
    }


def test_an_allotted_name_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(UnknownKind, match="pip install xmtp-identity-solana"):
        Registry([INSTALLATION, kind()]).kind("solana")


def test_any_other_unknown_name_says_what_is_installed() -> None:
    with pytest.raises(UnknownKind, match="installation, one") as error:
        Registry([INSTALLATION, kind()]).kind("nothing")
    assert "nothing" in error.value.detail
    with pytest.raises(UnknownKind, match="nothing"):
        Registry([]).kind("nothing")


def test_has_knows_each_space() -> None:
    registry = Registry([ETHEREUM, kind()])
    assert registry.has(Space.MEMBER, 1000)
    assert registry.has(Space.SIGNATURE, 4)
    assert registry.has(Space.KIND, 0)
    assert not registry.has(Space.MEMBER, 4)
    assert not registry.has(Space.SIGNATURE, 5)
    assert not registry.has(Space.KIND, 2)
    assert not registry.has(Space.ACTION, 1)


def test_the_lines_of_the_text_come_from_the_nouns() -> None:
    lines = Registry([ETHEREUM, INSTALLATION, PASSKEY, allotted(100), kind()]).lines
    assert lines["ethereum"].link == "- Link address to inbox\n  (Address: "
    assert lines["passkey"].unlink == "- Unlink passkey from inbox\n  (Passkey: "
    assert lines["solana"].link == (
        "- Link Solana address to inbox\n  (Solana address: "
    )
    assert lines["one"].unlink == "- Unlink One thing from inbox\n  (One thing: "
    assert lines["installation"].link == ("- Grant messaging access to app\n  (ID: ")


# A client that lacks a kind


def test_without_is_a_registry_that_lacks_kinds() -> None:
    registry = Registry([ETHEREUM, INSTALLATION, PASSKEY, kind()])
    less = registry.without("one", "passkey")
    assert [k.name for k in less.kinds] == ["ethereum", "installation"]
    assert set(less.by_signature) == {1, 2, 3, 4}
    assert 2 not in less.by_identifier_kind
    assert len(registry.kinds) == 4
    assert registry.without() == registry


def test_without_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(UnknownKind):
        Registry([INSTALLATION]).without("instalation")


def test_what_decides_about_the_root_is_name_and_revision_of_its_kinds() -> None:
    registry = Registry([ETHEREUM, kind()])
    assert registry.root_records() == {record_of(ETHEREUM)}
    changed = Registry([replace(ETHEREUM, revision=2), kind()])
    assert changed.root_records() != registry.root_records()
    assert Registry([ETHEREUM]).root_records() == registry.root_records()


# Frozen, and sent to another process


T = TypeVar("T")


def copied(thing: T) -> T:
    """As it arrives in another process."""
    again: T = pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own bytes
    return again


def test_a_registry_and_its_kinds_are_frozen() -> None:
    registry = Registry([ETHEREUM, kind()])
    with pytest.raises(FrozenInstanceError):
        registry.kinds = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        registry.by_name["x"] = kind()  # type: ignore[index]
    with pytest.raises(TypeError):
        registry.kinds[0].proofs[9] = proofs(9)[9]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        registry.kinds[0].revision = 2  # type: ignore[misc]


def test_changing_the_dictionary_of_proofs_afterwards_changes_no_kind() -> None:
    given = proofs(1000)
    one = kind(proofs=given)
    given.clear()
    assert set(one.proofs) == {1000}


def test_a_registry_survives_pickling() -> None:
    registry = Registry([ETHEREUM, INSTALLATION, kind()])
    again = copied(registry)
    assert [k.name for k in again.kinds] == [k.name for k in registry.kinds]
    assert set(again.by_signature) == set(registry.by_signature)
    assert again.by_identifier_kind[0].name == "ethereum"
    assert again.lines == registry.lines
    assert again.root_records() == registry.root_records()
    with pytest.raises(TypeError):
        again.kinds[0].proofs[9] = proofs(9)[9]  # type: ignore[index]


def test_a_lazy_function_survives_pickling_before_and_after_its_first_call() -> None:
    proof = INSTALLATION.proofs[3]
    for _ in range(2):
        again = copied(proof)
        assert again.verify_many([], {}) == []
        assert proof.verify_many([], {}) == []
