"""Loading plugins: one at a time, broken ones reported, the rest at work."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from xmtp_identity import Registry
from xmtp_identity.errors import PluginError
from xmtp_identity.loading import Plugins, load_plugins, load_registry

Make = Callable[..., EntryPoint]

HEAD = """
from dataclasses import replace
from xmtp_identity import Kind, MemberIdentifier
from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.kinds import Proof

def kind(number, name, noun, **changes):
    return Kind(**{
        "number": number,
        "name": name,
        "noun": noun,
        "extension": f"{name}.v1.identifier",
        "parse": lambda text: MemberIdentifier(name, text),
        "decode": lambda payload: MemberIdentifier(name, payload.decode()),
        "encode": lambda identifier: identifier.value.encode(),
        "proofs": {number: Proof(number=number, name=name, verify_many=print)},
        **changes,
    })
"""

GOOD = """
@hookimpl
def register_kinds():
    return [kind({number}, "{name}", "{noun}")]
"""


def good(number: int = 1000, name: str = "one", noun: str = "One") -> str:
    return GOOD.format(number=number, name=name, noun=noun)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Writes a plugin's module and gives its entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("XID_PLUGINS", raising=False)
    monkeypatch.delenv("XID_STRICT_PLUGINS", raising=False)
    counter = itertools.count()
    modules: list[str] = []

    def write(source: str, name: str | None = None) -> EntryPoint:
        module = f"plugin_of_the_tests_{next(counter)}"
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(HEAD + dedent(source), "utf-8")
        return EntryPoint(name or module, module, "xmtp_identity")

    yield write
    for module in modules:
        sys.modules.pop(module, None)


def load(*entries: EntryPoint) -> Plugins:
    return load_plugins(found=entries)


def names(registry: Registry) -> list[str]:
    return [kind.name for kind in registry.kinds]


def error_of(plugins: Plugins) -> PluginError:
    (broken,) = plugins.broken
    assert broken.error is not None
    return broken.error


def check_broken(code: str, *entries: EntryPoint) -> PluginError:
    """The last of the plugins is broken for this reason; strict mode raises it."""
    plugins = load(*entries)
    error = error_of(plugins)
    assert plugins.plugins[-1].error is error
    assert plugins.plugins[-1].kinds == ()
    assert error.code == code
    assert entries[-1].name in error.detail
    with pytest.raises(PluginError) as raised:
        load_plugins(found=entries, strict=True)
    assert raised.value.code == code
    return error


def test_installations_are_there_without_any_plugin(make: Make) -> None:
    plugins = load()
    assert names(plugins.registry) == ["installation"]
    assert plugins.plugins == ()
    assert plugins.broken == ()


def test_a_plugin_brings_its_kinds(make: Make) -> None:
    plugins = load(make(good(), "first"), make(good(1001, "two", "Two"), "second"))
    assert names(plugins.registry) == ["installation", "one", "two"]
    assert [(p.name, p.kinds, p.error) for p in plugins.plugins] == [
        ("first", ("one",), None),
        ("second", ("two",), None),
    ]


def test_a_report_names_module_and_distribution(make: Make) -> None:
    entry = make(good())
    (report,) = load(entry).plugins
    assert (report.module, report.distribution, report.version) == (entry.value, "", "")


def test_a_plugin_may_bring_several_kinds_or_none(make: Make) -> None:
    both = """
    @hookimpl
    def register_kinds():
        return [kind(1000, "one", "One"), kind(1001, "two", "Two")]
    """
    plugins = load(make(both), make("x = 1"))
    assert [report.kinds for report in plugins.plugins] == [("one", "two"), ()]
    assert plugins.broken == ()


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import a_module_that_is_not_there", id="import"),
        pytest.param("raise RuntimeError('on import')", id="raises"),
        pytest.param("def (", id="syntax"),
        pytest.param("import sys\nsys.exit(3)", id="exits"),
        pytest.param(
            "@hookimpl\ndef register_kinds():\n    raise ValueError('x')", id="hook"
        ),
        pytest.param("@hookimpl\ndef register_kinds():\n    return 5", id="no list"),
        pytest.param("@hookimpl\ndef register_kinds():\n    return None", id="None"),
        pytest.param("@hookimpl\ndef register_kinds(wrong):\n    return []", id="args"),
    ],
)
def test_a_broken_plugin_is_reported_and_the_rest_work(make: Make, source: str) -> None:
    broken = make(source)
    plugins = load(make(good()), broken, make(good(1001, "two", "Two")))
    assert names(plugins.registry) == ["installation", "one", "two"]
    assert error_of(plugins).code == "plugin_import"
    assert broken.name in error_of(plugins).detail
    check_broken("plugin_import", broken)


def test_a_module_that_is_missing_is_reported(make: Make) -> None:
    check_broken("plugin_import", EntryPoint("gone", "not.there", "xmtp_identity"))
    entry = make(good())
    absent = EntryPoint("absent", f"{entry.value}:absent", "xmtp_identity")
    check_broken("plugin_import", absent)


def test_a_long_or_broken_message_of_a_plugin_stays_one_line(make: Make) -> None:
    error = check_broken("plugin_import", make("raise ValueError('a\\n' * 5000)"))
    assert "\n" not in error.detail
    assert len(error.detail) < 500


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_kind_of_another_api_version_is_reported(make: Make, version: int) -> None:
    source = f"""
    @hookimpl
    def register_kinds():
        return [kind(1000, "one", "One", api_version={version})]
    """
    error = check_broken("api_version", make(source))
    assert str(version) in error.detail


@pytest.mark.parametrize(
    ("number", "name", "noun"),
    [
        pytest.param(1000, "two", "Two", id="number"),
        pytest.param(1001, "one", "Two", id="name"),
        pytest.param(1001, "two", "One", id="noun"),
        pytest.param(1001, "two", "oNe", id="noun in another case"),
    ],
)
def test_the_second_claim_on_a_number_name_or_noun_is_reported(
    make: Make, number: int, name: str, noun: str
) -> None:
    error = check_broken("kind_clash", make(good()), make(good(number, name, noun)))
    assert "one (one.v1.identifier)" in error.detail


def test_a_plugin_is_used_as_a_whole_or_not_at_all(make: Make) -> None:
    half = """
    @hookimpl
    def register_kinds():
        return [kind(1001, "two", "Two"), kind(1000, "again", "Again")]
    """
    plugins = load(make(good()), make(half), make(good(1001, "three", "Three")))
    assert names(plugins.registry) == ["installation", "one", "three"]


def test_two_kinds_of_one_plugin_may_not_clash_either(make: Make) -> None:
    source = """
    @hookimpl
    def register_kinds():
        return [kind(1000, "one", "One"), kind(1000, "two", "Two")]
    """
    check_broken("kind_clash", make(source))


@pytest.mark.parametrize(
    ("noun", "owner"),
    [
        ("address", "ethereum"),
        ("Passkey", "passkey"),
        ("INSTALLATION", "installation"),
        ("Solana address", "solana"),
        ("bitcoin ADDRESS", "bitcoin"),
        ("World ID", "world_id"),
    ],
)
def test_nouns_of_the_root_and_of_allotted_numbers_are_reserved(
    make: Make, noun: str, owner: str
) -> None:
    error = check_broken("kind_noun", make(good(1000, "one", noun)))
    assert owner in error.detail


def test_a_misspelt_hook_is_reported(make: Make) -> None:
    source = "@hookimpl\ndef register_kind():\n    return []"
    error = check_broken("plugin_hook", make(source))
    assert "register_kind" in error.detail


def test_a_plugin_with_a_misspelt_hook_brings_nothing(make: Make) -> None:
    source = good() + "\n@hookimpl\ndef register_comands(group):\n    pass\n"
    assert names(load(make(source)).registry) == ["installation"]


def test_one_module_under_two_entry_points_is_reported_once(make: Make) -> None:
    entry = make(good(), "first")
    twin = EntryPoint("second", entry.value, "xmtp_identity")
    check_broken("plugin_twice", entry, twin)
    plugins = load(entry, twin)
    assert names(plugins.registry) == ["installation", "one"]
    assert plugins.manager.has_plugin(f"first ({entry.value})")


def test_what_is_no_kind_is_reported(make: Make) -> None:
    for thing in ("None", "{}", "Kind", "'solana'"):
        source = f"@hookimpl\ndef register_kinds():\n    return [{thing}]"
        check_broken("plugin_kind", make(source))


def test_the_hooks_of_a_broken_plugin_are_not_called(make: Make) -> None:
    source = """
    @hookimpl
    def register_kinds():
        return [kind(1000, "Not A Name", "One")]

    @hookimpl
    def register_commands(group):
        group.append("called")
    """
    plugins = load(make(source))
    assert error_of(plugins).code == "kind_name"
    called: list[str] = []
    plugins.manager.hook.register_commands(group=called)
    assert called == []


# Name services


SERVICE = """
from xmtp_identity.hookspecs import NameService

@hookimpl
def register_name_services():
    return {{"{suffix}": NameService()}}
"""


def test_a_suffix_has_one_owner(make: Make) -> None:
    first, second = (
        make(SERVICE.format(suffix=".eth")),
        make(SERVICE.format(suffix=".eth")),
    )
    assert set(load(first).name_services) == {".eth"}
    check_broken("name_service", first, second)


@pytest.mark.parametrize("suffix", ["eth", "", ". eth", ".é"])
def test_what_is_no_suffix_is_reported(make: Make, suffix: str) -> None:
    check_broken("name_service", make(SERVICE.format(suffix=suffix)))


# Damaged packages


def _package(folder: Path, name: str, points: str, version: str = "1.0") -> None:
    information = folder / f"{name}-{version}.dist-info"
    information.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name}\n"
    if version:
        metadata += f"Version: {version}\n"
    (information / "METADATA").write_text(metadata, "utf-8")
    (information / "entry_points.txt").write_text(points, "utf-8")


def test_a_list_of_entry_points_that_cannot_be_read_hides_no_other(
    make: Make, tmp_path: Path
) -> None:
    whole = load_plugins(strict=False).registry
    sound = make(good())
    _package(tmp_path, "sound", f"[xmtp_identity]\nsound = {sound.value}\n")
    _package(tmp_path, "damaged", "[xmtp_identity]\nno equals sign\n")
    _package(tmp_path, "stranger", "[console_scripts]\nno equals sign\n")
    plugins = load_plugins(strict=False)
    assert error_of(plugins).code == "plugin_import"
    assert error_of(plugins).detail.startswith("damaged: its entry_points.txt ")
    assert set(names(plugins.registry)) == {*names(whole), "one"}
    with pytest.raises(PluginError, match=r"^damaged: "):
        load_plugins(strict=True)
    assert names(load_plugins(allow=["sound"]).registry) == ["installation", "one"]


def test_a_package_without_a_version_is_loaded_all_the_same(
    make: Make, tmp_path: Path
) -> None:
    entry = make(good())
    _package(tmp_path, "nothing", f"[xmtp_identity]\nnothing = {entry.value}\n", "")
    (report,) = load_plugins(allow=["nothing"]).plugins
    assert (report.distribution, report.version) == ("nothing", "")
    assert report.error is None


# Strict mode


@pytest.mark.parametrize(("value", "strict"), [("1", True), ("0", False), ("", False)])
def test_strict_mode_comes_from_the_environment(
    make: Make, monkeypatch: pytest.MonkeyPatch, value: str, strict: bool
) -> None:
    monkeypatch.setenv("XID_STRICT_PLUGINS", value)
    broken = make("raise ValueError")
    if strict:
        with pytest.raises(PluginError):
            load(broken)
        assert load_plugins(found=[broken], strict=False).broken
    else:
        assert load(broken).broken


# The allow-list


def test_only_what_is_allowed_is_loaded_or_even_imported(make: Make) -> None:
    wanted, other = make(good(), "wanted"), make("raise SystemExit", "other")
    plugins = load_plugins(allow=["wanted"], found=[wanted, other])
    assert names(plugins.registry) == ["installation", "one"]
    assert [report.name for report in plugins.plugins] == ["wanted"]
    assert other.value not in sys.modules


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ["installation"]),
        (" ", ["installation"]),
        ("first", ["installation", "one"]),
        (" first , second,", ["installation", "one", "two"]),
        ("installation", ["installation"]),
    ],
)
def test_the_allow_list_comes_from_the_environment(
    make: Make, monkeypatch: pytest.MonkeyPatch, value: str, expected: list[str]
) -> None:
    monkeypatch.setenv("XID_PLUGINS", value)
    found = [make(good(), "first"), make(good(1001, "two", "Two"), "second")]
    assert names(load_plugins(found=found).registry) == expected
    # What the caller says counts more.
    registry = load_plugins(allow=["second"], found=found).registry
    assert names(registry) == ["installation", "two"]


def test_a_name_on_the_allow_list_that_is_not_installed_is_an_error(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [make(good(), "first")]
    for strict in (True, False):
        with pytest.raises(PluginError) as error:
            load_plugins(allow=["first", "tpyo"], found=found, strict=strict)
        assert error.value.code == "plugin_missing"
        assert "tpyo" in error.value.detail
    monkeypatch.setenv("XID_PLUGINS", "tpyo")
    with pytest.raises(PluginError):
        load_registry()


def test_without_found_the_environment_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XID_STRICT_PLUGINS", raising=False)
    assert names(load_registry(allow=[])) == ["installation"]


def test_the_order_of_entry_points_decides_nothing_for_good_plugins(make: Make) -> None:
    found = [make(good(), "first"), make(good(1001, "two", "Two"), "second")]
    forward, backward = (load_plugins(found=f) for f in (found, found[::-1]))
    assert names(forward.registry) == names(backward.registry)
