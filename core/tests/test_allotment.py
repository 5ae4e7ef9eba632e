"""The allotment of numbers: the .proto file and the Python table say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from xmtp_identity.allotment import ALLOTMENT, Tier, layer_name, tier_of

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"

Declaration = tuple[int, str, str]


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The messages of identity.proto as protoc reads them, options included."""
    protoc = pytest.importorskip(
        "grpc_tools.protoc", reason="grpcio-tools is not here; the `test` group has it"
    )
    output = tmp_path_factory.mktemp("descriptors") / "identity.bin"
    arguments = [
        "protoc",
        f"-I{PROTO}",
        f"--descriptor_set_out={output}",
        "--retain_options",
        "xmtp_identity/v1/identity.proto",
    ]
    assert protoc.main(arguments) == 0
    files = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
    (file,) = files.file
    return {message.name: message for message in file.message_type}


def declarations(message: object) -> set[Declaration]:
    assert isinstance(message, descriptor_pb2.DescriptorProto)
    return {
        (one.number, one.full_name.removeprefix("."), one.type)
        for extension_range in message.extension_range
        for one in extension_range.options.declaration
    }


def test_the_declared_members_are_those_of_the_table(
    messages: dict[str, object],
) -> None:
    declared = declarations(messages["MemberIdentifier"])
    # Installations are the core's own, an ordinary field of the message.
    assert {(number, name) for number, name, _ in declared} == {
        (entry.number, entry.extension)
        for entry in ALLOTMENT.values()
        if entry.name != "installation"
    }


def test_the_declared_signatures_are_those_of_the_table(
    messages: dict[str, object],
) -> None:
    declared = declarations(messages["Signature"])
    assert {(number, name) for number, name, _ in declared} == {
        (number, name)
        for entry in ALLOTMENT.values()
        if entry.name != "installation"
        for number, name in entry.signatures.items()
    }


@pytest.mark.parametrize("message", ["MemberIdentifier", "Signature"])
def test_leaf_extensions_are_bytes(messages: dict[str, object], message: str) -> None:
    """So that a malformed one can't spoil an update."""
    leaves = {d for d in declarations(messages[message]) if d[0] >= 100}
    assert len(leaves) == 7
    assert {kind for _, _, kind in leaves} == {"bytes"}


@pytest.mark.parametrize("message", ["MemberIdentifier", "Signature"])
def test_the_ranges_are_the_tiers(messages: dict[str, object], message: str) -> None:
    described = messages[message]
    assert isinstance(described, descriptor_pb2.DescriptorProto)
    declared: set[int] = set()
    opened: set[int] = set()
    for extension_range in described.extension_range:
        numbers = range(extension_range.start, extension_range.end)
        unverified = descriptor_pb2.ExtensionRangeOptions.UNVERIFIED
        is_open = extension_range.options.verification == unverified
        (opened if is_open else declared).update(numbers)
    assert opened == set(range(1000, 2000))
    assert declared - set(range(1, 100)) == set(range(100, 1000))
    for number in range(1, 2000):
        tier = tier_of(number)
        assert (tier is Tier.EXPERIMENT) is (number in opened)
        assert (tier is Tier.ALLOTTED) is (100 <= number < 1000)


def test_the_installation_is_a_field_of_the_core(messages: dict[str, object]) -> None:
    entry = ALLOTMENT[2]
    for message, name in (
        ("MemberIdentifier", entry.extension),
        ("Signature", entry.signatures[3]),
    ):
        described = messages[message]
        assert isinstance(described, descriptor_pb2.DescriptorProto)
        (field,) = described.field
        assert f"xmtp_identity.v1.{message}.{field.name}" == name
        assert field.number == (2 if message == "MemberIdentifier" else 3)


def test_the_readable_table_in_the_schema_is_the_same() -> None:
    text = (PROTO / "xmtp_identity/v1/identity.proto").read_text("utf-8")
    listed = {}
    for line in text.splitlines():
        words = line.removeprefix("//").split()
        if line.startswith("//") and len(words) in (2, 3) and words[0].isdigit():
            listed[int(words[0])] = words[1]
    assert listed == {n: e.name for n, e in ALLOTMENT.items() if n >= 100}


def test_a_leaf_has_one_number_for_everything() -> None:
    for number, entry in ALLOTMENT.items():
        assert entry.number == number
        if number >= 100:
            assert set(entry.signatures) == {number}


def test_names_nouns_extensions_and_packages_are_unique() -> None:
    entries = ALLOTMENT.values()
    for values in (
        [e.name for e in entries],
        [e.noun.lower() for e in entries],
        [e.extension for e in entries],
        [e.distribution for e in entries],
        [number for e in entries for number in e.signatures],
    ):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize(
    ("number", "tier"),
    [
        (-1, Tier.UNKNOWN),
        (0, Tier.UNKNOWN),
        (1, Tier.ROOT),
        (99, Tier.ROOT),
        (100, Tier.ALLOTTED),
        (999, Tier.ALLOTTED),
        (1000, Tier.EXPERIMENT),
        (1999, Tier.EXPERIMENT),
        (2000, Tier.UNKNOWN),
    ],
)
def test_the_number_says_which_tier_it_is(number: int, tier: Tier) -> None:
    assert tier_of(number) is tier


def test_a_layer_is_called_by_its_allotted_name_else_by_its_number() -> None:
    assert layer_name(100) == "solana"
    assert layer_name(107) == "107"
    assert layer_name(1000) == "1000"
