"""Which names, nouns and numbers a new kind may have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xmtp_identity import load_registry
from xmtp_identity.allotment import ALLOTMENT
from xmtp_identity.errors import BadInput
from xmtp_identity.installation import INSTALLATION
from xmtp_identity.kinds import Kind, Proof
from xmtp_identity.registry import Registry
from xmtp_identity.scaffold import (
    Answers,
    check_answers,
    default_noun,
    free_number,
)

GOOD = Answers(name="my_chain", noun="My Chain key", number=1234)
CORE = Registry([INSTALLATION])


def installed(**changes: object) -> Registry:
    """A registry that holds a leaf kind with these properties."""
    number = changes.get("number", 1999)
    assert isinstance(number, int)
    proof = Proof(number=number, name="other", verify_many=lambda *_: ())
    kind = Kind(
        number=number,
        name=str(changes.get("name", "other")),
        noun=str(changes.get("noun", "Other key")),
        extension="xmtp_identity_other.v1.other_identifier",
        parse=INSTALLATION.parse,
        decode=INSTALLATION.decode,
        encode=INSTALLATION.encode,
        proofs={number: proof},
    )
    return Registry([INSTALLATION, kind])


def refused(registry: Registry = CORE, **changes: object) -> BadInput:
    with pytest.raises(BadInput) as found:
        check_answers(replace(GOOD, **changes), registry)  # type: ignore[arg-type]  # a test gives what fits
    return found.value


def test_good_answers_are_taken() -> None:
    check_answers(GOOD, CORE)
    check_answers(GOOD, load_registry())


@pytest.mark.parametrize(
    "name",
    [
        *("", "My", "my-chain", "my chain", "1st", "_my", "my.chain", "ma\u00df"),
        *("my\n", "../my", "{{x}}", "x" * 33),
    ],
)
def test_a_malformed_name_is_refused(name: str) -> None:
    error = refused(name=name)
    assert error.code == "kind_name"
    assert "1 to 32" in error.detail


@pytest.mark.parametrize("name", ["my_", "my__chain"])
def test_a_name_that_no_package_can_have_is_refused(name: str) -> None:
    error = refused(name=name)
    assert error.code == "kind_name"
    assert "underscore" in error.detail


@pytest.mark.parametrize("name", [entry.name for entry in ALLOTMENT.values()])
def test_a_reserved_name_is_refused_for_another_number(name: str) -> None:
    error = refused(name=name)
    assert error.code == "kind_name"
    assert "belongs to number" in error.detail


def test_the_name_of_an_installed_kind_is_refused() -> None:
    error = refused(installed(name="my_chain"))
    assert error.code == "kind_clash"
    assert "the name 'my_chain'" in error.detail


@pytest.mark.parametrize("name", ["solana", "bitcoin"])
def test_the_module_of_an_installed_package_is_refused(name: str) -> None:
    allotted = next(entry for entry in ALLOTMENT.values() if entry.name == name)
    answers = replace(GOOD, name=name, noun=allotted.noun, number=allotted.number)
    with pytest.raises(BadInput, match="installed here already"):
        check_answers(answers, CORE)
    check_answers(answers, CORE, installed=True)


@pytest.mark.parametrize(
    "noun",
    [
        "",
        " ",
        "My  key",
        " key",
        "key ",
        "My-key",
        "key\n",
        "K\u00e9y",
        "{{x}}",
        "k" * 41,
    ],
)
def test_a_malformed_noun_is_refused(noun: str) -> None:
    error = refused(noun=noun)
    assert error.code == "kind_noun"
    assert "1 to 40" in error.detail


@pytest.mark.parametrize("noun", ["address", "SOLANA address", "Passkey", "World ID"])
def test_a_reserved_noun_is_refused(noun: str) -> None:
    error = refused(noun=noun)
    assert error.code == "kind_noun"
    assert "reserved" in error.detail


def test_the_noun_of_an_installed_kind_is_refused() -> None:
    assert refused(installed(noun="my chain KEY")).code == "kind_clash"


@pytest.mark.parametrize("number", [-1, 0, 1, 2, 3, 50, 99])
def test_a_root_number_is_refused(number: int) -> None:
    assert refused(number=number).code in {"kind_number", "kind_noun", "kind_name"}


@pytest.mark.parametrize("number", [100, 102, 107, 999])
def test_an_allotted_number_is_for_its_owner_alone(number: int) -> None:
    assert refused(number=number).code == "kind_number"


def test_the_owner_of_a_number_can_take_it() -> None:
    allotted = ALLOTMENT[106]
    own = replace(GOOD, name=allotted.name, noun=allotted.noun, number=106)
    check_answers(own, CORE)


@pytest.mark.parametrize("number", [2000, 2**29])
def test_a_number_that_no_client_looks_at_is_refused(number: int) -> None:
    error = refused(number=number)
    assert error.code == "kind_number"
    assert "above 1999" in error.detail


def test_the_number_of_an_installed_kind_is_refused() -> None:
    error = refused(installed(number=1234))
    assert error.code == "kind_clash"
    assert "the number 1234" in error.detail


def test_an_unknown_scheme_or_form_is_refused() -> None:
    assert "There is no" in refused(scheme="rsa").detail
    assert "There is no" in refused(form="name").detail


def test_a_free_number_is_an_open_one_that_nobody_has() -> None:
    assert all(1000 <= free_number(CORE) <= 1999 for _ in range(50))
    assert len({free_number(CORE) for _ in range(50)}) > 1


def test_the_last_free_number_is_found_and_then_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xmtp_identity.scaffold.answers.LAST_LEAF", 1000)
    assert free_number(CORE) == 1000
    with pytest.raises(BadInput, match="every number"):
        free_number(installed(number=1000))


@pytest.mark.parametrize(
    ("name", "form", "noun"),
    [
        ("foo", "key", "Foo key"),
        ("foo_bar", "address", "Foo Bar address"),
        ("foo_key", "key", "Foo key"),
        ("key", "key", "key"),
    ],
)
def test_a_noun_is_proposed(name: str, form: str, noun: str) -> None:
    assert default_noun(name, form) == noun
    check_answers(replace(GOOD, noun=noun), CORE)
