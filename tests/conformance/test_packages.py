"""Rogues among packages, and where the kit finds the cases of a package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from xmtp_identity.errors import BadInput
from xmtp_identity.testing import CheckResult, Status, cases_of, run_conformance
from xmtp_identity.testing.checks import package
from xmtp_identity.testing.discovery import installed_cases

from . import gallery
from .packages import DISTRIBUTION, MODULE, PLUGIN, install


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, of this interpreter and of those that it starts."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    yield tmp_path
    for name in [one for one in sys.modules if one.partition(".")[0] == MODULE]:
        del sys.modules[name]


def check(name: str) -> CheckResult:
    """What a check of the package comes to."""
    (case,) = cases_of(DISTRIBUTION)
    (result,) = run_conformance(case, checks=[name]).results
    return result


def caught(name: str) -> str:
    """What a check finds fault with."""
    result = check(name)
    assert result.status is Status.FAILED
    return "\n".join(result.findings)


@pytest.mark.parametrize("name", ["loads", "import-light", "size", "dependencies"])
def test_an_honest_package_passes(folder: Path, name: str) -> None:
    install(folder)
    assert check(name).findings == ()
    assert check(name).status is Status.PASSED


def test_a_package_whose_plugin_breaks_is_caught(folder: Path) -> None:
    package_folder = install(folder, entry=f"{MODULE}.other")
    (package_folder / "other.py").write_text("raise RuntimeError('today')\n", "utf-8")
    assert "today" in caught("loads")


def test_a_package_that_registers_another_kind_than_it_tests_is_caught(
    folder: Path,
) -> None:
    package_folder = install(folder, entry=f"{MODULE}.other")
    other = PLUGIN.replace("noun=", "revision=2, noun=")
    (package_folder / "other.py").write_text(dedent(other), "utf-8")
    assert "registers another gallery" in caught("loads")


def test_a_package_that_loads_a_compiled_library_is_caught(folder: Path) -> None:
    install(folder, plugin="    import nacl.bindings\n" + PLUGIN)
    assert "compiled library nacl._sodium" in caught("import-light")


def test_a_package_that_takes_long_to_load_is_caught(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(folder)
    monkeypatch.setattr(package, "IMPORT_MS", 0)
    assert "ms, over 0" in caught("import-light")


def test_a_package_with_much_in_it_is_caught(folder: Path) -> None:
    package_folder = install(folder)
    (package_folder / "table.bin").write_bytes(bytes(1100 * 1024))
    assert f"over {package.PACKAGE_KIB}" in caught("size")


def test_a_package_that_brings_much_with_it_is_caught(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(folder, requires=("xmtp-identity>=0.1,<0.2", "cryptography>=43,<99"))
    monkeypatch.setattr(package, "INSTALLED_MIB", 1)
    assert "With its dependencies" in caught("size")


@pytest.mark.parametrize(
    ("requires", "says"),
    [
        (("xmtp-identity",), "xmtp-identity has no lower bound"),
        (("xmtp-identity>=0.1",), "xmtp-identity has no upper bound"),
        (("pynacl>=1,<2",), "which versions of xmtp-identity"),
        (
            ("xmtp-identity>=0.1,<0.2", "gallery @ file:///gallery.whl"),
            "from an address",
        ),
        (
            ("xmtp-identity>=0.1,<0.2", *(f"p{count}>=1,<2" for count in range(9))),
            "depends on 10 packages",
        ),
    ],
)
def test_a_package_with_loose_dependencies_is_caught(
    folder: Path, requires: tuple[str, ...], says: str
) -> None:
    install(folder, requires=requires)
    assert says in caught("dependencies")


def test_what_an_extra_requires_is_no_dependency(folder: Path) -> None:
    install(folder, requires=("xmtp-identity>=0.1,<0.2", 'nose; extra == "test"'))
    assert check("dependencies").note == "1 direct, 0 beyond the core's"


def test_an_installed_package_that_takes_our_noun_is_named(folder: Path) -> None:
    install(folder, plugin=PLUGIN.replace("gallery.v1", "other.v1"), cases=None)
    results = run_conformance(gallery.case(), checks=["names", "numbers"]).results
    assert ["is that of" in one.findings[0] for one in results] == [True, False]
    assert "has a number of this kind" in results[1].findings[0]


def test_a_package_without_cases_says_so(folder: Path) -> None:
    install(folder, cases=None)
    with pytest.raises(BadInput, match="no module 'conformance'") as caught_error:
        cases_of(DISTRIBUTION)
    assert caught_error.value.code == "no_conformance_cases"


def test_cases_of_another_type_are_refused(folder: Path) -> None:
    install(folder, cases="CASES = ['none']")
    with pytest.raises(BadInput, match="list or tuple of ConformanceCase"):
        cases_of(DISTRIBUTION)


def test_cases_stand_beside_a_plugin_that_is_a_package(folder: Path) -> None:
    package_folder = install(folder, entry=MODULE)
    (package_folder / "__init__.py").write_text(
        "from .plugin import register_kinds\n", "utf-8"
    )
    assert [case.kind.name for case in cases_of(DISTRIBUTION)] == ["gallery"]


def test_the_broken_cases_of_a_neighbour_are_passed_over(folder: Path) -> None:
    install(folder, cases="raise RuntimeError")
    assert "solana" in {case.kind.name for case in installed_cases()}


def test_a_package_that_is_not_installed_is_refused() -> None:
    for name in ("gallery-not-here", ""):
        with pytest.raises(BadInput, match="no package"):
            cases_of(name)


def test_a_package_without_a_plugin_is_refused() -> None:
    with pytest.raises(BadInput, match="provides no plugin"):
        cases_of("click")
