"""What the documentation shows is so, and what it must show is there."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import pytest

from xmtp_identity import load_registry, replay
from xmtp_identity.cli.results import explanation_objects, result_object
from xmtp_identity.deviations import DEVIATIONS
from xmtp_identity.directory import Status, directory
from xmtp_identity.errors import IdentityError
from xmtp_identity.logfile import read_logs
from xmtp_identity_node import http_api
from xmtp_identity_node.api import METHODS
from xmtp_identity_node.settings import NAMES

from .doc_pages import fences, matches, run
from .reason_codes import rows, uses
from .support.deviating import CASES
from .support.vectors import history_vectors, odd_logs, real_logs, stub_context
from .workspace import (
    DISTRIBUTIONS,
    ROOT,
    Distribution,
    each_distribution,
    project_files,
    python_files,
)

DOCS: Final = ROOT / "docs"
WRITTEN: Final = [
    ROOT / "README.md",
    ROOT / "core" / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("kinds/*.md")),
]
RUN_LANGUAGES: Final = {"console", "python"}
OTHER_LANGUAGES: Final = {"js", "json", "text", "toml", "yaml"}

TABLES: Final = """
import json
import generate
print(json.dumps({name: make() for name, make in generate.PAGES.items()}))
"""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Pages that are run


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in WRITTEN
        # tests/scaffold runs the tutorial, in an environment of its own.
        if page.name != "tutorial.md"
        and any(block.language in RUN_LANGUAGES for block in fences(page))
    ],
    ids=_name,
)
def test_what_a_page_shows_is_what_comes_out(page: Path, tmp_path: Path) -> None:
    run(page, tmp_path)


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_every_command_and_program_of_a_page_is_in_a_fence_that_is_run(
    page: Path,
) -> None:
    for block in fences(page):
        directive = block.language.startswith("{")
        assert directive or block.language in RUN_LANGUAGES | OTHER_LANGUAGES
        assert block.language == "console" or "$ " not in block.body
    shown_elsewhere = re.compile(r"^( {4}|\t)(\$ |xid |pip )", re.MULTILINE)
    assert not shown_elsewhere.search(page.read_text("utf-8"))


def test_a_page_that_shows_what_is_not_so_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ xid --version\nxid none…\n```\n", "utf-8")
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(AssertionError, match=r"xid \d+\.\d+\.\d+"):
        run(page, folder)


def test_a_page_goes_on_beside_what_it_starts_and_has_to_end_it(
    tmp_path: Path,
) -> None:
    page = tmp_path / "page.md"
    started = "```console\n$ (echo on; echo 5555; exec sleep 60) &\n{}\n5555\n```\n"
    ended = "```console\n$ kill %1; wait\n$ echo 5555\n5555\n```\n"
    for name, text, error in (
        ("good", started.format("on") + ended, None),
        ("other", started.format("off") + ended, r"on\n\d+"),
        ("left", started.format("on"), "did not end"),
    ):
        page.write_text(text, "utf-8")
        folder = tmp_path / name
        folder.mkdir()
        with (
            nullcontext()
            if error is None
            else pytest.raises(AssertionError, match=error)
        ):
            run(page, folder)


def test_dots_stand_for_text_of_a_line_or_for_lines() -> None:
    assert matches("a … c\n…\ne", "a b c\nd\nd\ne\n")
    assert matches("a\n…", "a")
    assert not matches("a…c", "a\nc")
    assert not matches("a", "a\nb")


def test_the_targets_of_make_that_pages_name_are_there() -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    named = {
        target
        for page in WRITTEN
        for target in re.findall(
            r"(?:`|^ {4}|^\$ )make ([a-z]+)", page.read_text(), re.MULTILINE
        )
    }
    assert {"demo", "docs", "lint", "test"} <= named <= targets


def test_the_examples_are_logs_of_the_vectors() -> None:
    logs = real_logs()
    for name, vector in (
        ("ten-updates", "change_recovery_passkey"),
        ("unsafe-key", "m_ed_noncanon_y"),
        ("word-reused", "f4"),
    ):
        [found] = read_logs(str(DOCS / "examples" / f"{name}.json"))
        assert tuple(found) == logs[vector]


# Tables made from the code


@pytest.fixture(scope="module")
def tables() -> dict[str, str]:
    """What the tables say now, by file name."""
    made = subprocess.run(
        [sys.executable, "-c", TABLES],
        cwd=DOCS,
        check=True,
        stdout=subprocess.PIPE,
    )
    return dict(json.loads(made.stdout))


def test_committed_tables_say_what_the_code_says(tables: dict[str, str]) -> None:
    committed = {
        path.name: path.read_text("utf-8")
        for path in project_files()
        if path.parent == DOCS / "_generated"
    }
    assert committed == {name: tables.get(name) for name in committed}, (
        "run `make docs`"
    )


def test_every_table_stands_in_a_page(tables: dict[str, str]) -> None:
    text = "".join(page.read_text("utf-8") for page in WRITTEN)
    assert [name for name in tables if f"_generated/{name}" not in text] == []


@each_distribution
def test_every_distribution_is_in_the_directory(
    distribution: Distribution, tables: dict[str, str]
) -> None:
    assert f"| `{distribution.name}` | " in tables["directory.md"]
    (listed,) = (one for one in directory() if one.distribution == distribution.name)
    if distribution.is_plugin:
        assert listed.name in distribution.entry_points
    assert listed.status is Status.AVAILABLE


def test_every_hook_and_its_arguments_are_described(tables: dict[str, str]) -> None:
    hooks = re.findall(
        r"^### `(register_\w+)\((.*?)\)", tables["hooks.md"], re.MULTILINE
    )
    assert {name for name, _ in hooks} == {
        "register_commands",
        "register_contexts",
        "register_kinds",
        "register_name_services",
    }
    for _, arguments in hooks:
        for argument in filter(None, arguments.split(", ")):
            name, _, kind = argument.partition(": ")
            assert f"`{name}`: `{kind}`\n: " in tables["hooks.md"]


# Reason codes


def _errors(
    base: type[IdentityError] = IdentityError,
) -> dict[str, type[IdentityError]]:
    found = {base.__name__: base}
    for derived in base.__subclasses__():
        found |= _errors(derived)
    return found


def _load_errors(distribution: Distribution) -> None:
    """Import the modules that define errors."""
    for path in distribution.package.rglob("*.py"):
        if re.search(r'^    code = "', path.read_text("utf-8"), re.MULTILINE):
            inside = path.relative_to(distribution.package).with_suffix("")
            importlib.import_module(".".join((distribution.module, *inside.parts)))


def _page_of(plugin: Distribution) -> Path:
    """Where a plugin is described, whether the page is there or not."""
    name = f"{plugin.folder.name}.md"
    elsewhere = DOCS / name  # a plugin without a kind
    return elsewhere if elsewhere.exists() else DOCS / "kinds" / name


def _explained(distribution: Distribution) -> dict[str, dict[str, str]]:
    """The rows of the tables of codes: of the manual for the core, of a plugin's
    page and the README that it takes in."""
    pages = (
        [_page_of(distribution), distribution.folder / "README.md"]
        if distribution.is_plugin
        else set(DOCS.glob("*.md")) - {_page_of(one) for one in DISTRIBUTIONS}
    )
    found: dict[str, dict[str, str]] = {}
    for page in pages:
        more = rows(page) if page.exists() else {}
        assert not found.keys() & more.keys(), (
            f"{_name(page)} explains what another does"
        )
        found |= more
    return found


@pytest.mark.parametrize(
    "plugin",
    [distribution for distribution in DISTRIBUTIONS if distribution.is_plugin],
    ids=lambda plugin: plugin.name,
)
def test_every_plugin_has_a_page(plugin: Distribution) -> None:
    page = _page_of(plugin)
    assert page.exists(), f"write {_name(page)}"
    if page.parent.name == "kinds":
        readme = f"../../plugins/{plugin.folder.name}/README.md"
        assert f"{{include}} {readme}\n" in page.read_text("utf-8")


@each_distribution
def test_every_code_that_the_sources_name_is_explained(
    distribution: Distribution, tables: dict[str, str]
) -> None:
    """By its class, in the tables made from them, or on the page by hand."""
    if distribution.is_plugin and not _page_of(distribution).exists():
        pytest.skip("the page is missing, which another test says")
    classes = [tables[name] for name in ("errors.md", "files.md", "refusals.md")]
    made = re.findall(r"^\| `(\w+)` ", "\n".join(classes), re.MULTILINE)
    by_hand = _explained(distribution)
    abstract = {"identity_error", "refused"}
    named = {use.code for use in uses(distribution)}
    assert named - set(made) - set(by_hand) - abstract == set(), "unexplained"
    assert set(by_hand) - named == set(), "explained, but no source names them"
    assert set(by_hand) & set(made) == set(), "explained twice"


@each_distribution
def test_a_row_names_the_errors_that_carry_its_code(
    distribution: Distribution,
) -> None:
    _load_errors(distribution)
    errors = _errors()
    known = [use for use in uses(distribution) if use.raised in errors]
    for code, row in _explained(distribution).items():
        raised = {use.raised for use in known if use.code == code}
        said = set(re.findall(r"`(\w+)`", row["Raised as"]))
        # A helper of a module may stand between the code and its error.
        assert said == raised or not raised, code
        assert said <= set(errors), code
        retryable = {errors[name].retryable for name in said}
        assert row["Try again?"] == ("yes" if True in retryable else "no"), code


def test_every_deviation_is_explained_and_stands_in_the_changelog() -> None:
    explained = {
        code for distribution in DISTRIBUTIONS for code in _explained(distribution)
    }
    explained |= set(
        re.findall(
            r"^\| `(\w+)` ",
            (DOCS / "_generated" / "refusals.md").read_text("utf-8"),
            re.MULTILINE,
        )
    )
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    refused = set(re.findall(r"^- `(\w+)`: ", changelog, re.MULTILINE))
    codes = {row.code for row in DEVIATIONS}
    assert codes <= explained
    assert codes <= refused


def test_every_log_made_for_a_deviation_is_described() -> None:
    page = (DOCS / "deviations.md").read_text("utf-8")
    made = {row.case for row in DEVIATIONS if row.case not in odd_logs()}
    assert made <= set(CASES)
    section = page.partition("## The logs made for this")[2]
    assert set(re.findall(r"^\| `(\w+)` ", section, re.MULTILINE)) == made


# The node


def test_every_method_and_path_of_the_node_is_in_its_page() -> None:
    page = (DOCS / "node.md").read_text("utf-8")
    source = Path(http_api.__file__).read_text("utf-8")
    paths = set(re.findall(r'"(/[\w{}/-]+)"', source))
    listed = re.findall(r"`(?:GET|POST) (/[^?`]+)", page)
    assert paths == set(listed)
    methods = {f"{method.service}/{method.name}" for method in METHODS.values()}
    assert methods == set(re.findall(r"^\| `([\w.]+/\w+)` ", page, re.MULTILINE))


def test_metrics_settings_and_codes_of_the_production_page_are_there(
    tables: dict[str, str],
) -> None:
    page = (DOCS / "production.md").read_text("utf-8")
    counted = re.findall(r"\b((?:xmtp_identity|grpc_server)_\w+?)(?:_bucket)?\b", page)
    assert set(counted) <= set(
        re.findall(r"^\| `(\w+)` ", tables["metrics.md"], re.MULTILINE)
    )
    limits = page.partition("| Against | Settings | Code |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", limits))
    explained = {
        code for distribution in DISTRIBUTIONS for code in _explained(distribution)
    }
    assert named <= set(NAMES) | explained
    for codes in re.findall(r'{code=~?"([\w|]+)"', page):
        made = re.findall(r"^\| `(\w+)` ", "\n".join(tables.values()), re.MULTILINE)
        assert set(codes.split("|")) <= explained | set(made)


# The command line


def test_every_variable_of_the_environment_is_in_the_manual() -> None:
    page = (DOCS / "cli.md").read_text("utf-8")
    sources = "".join(
        path.read_text("utf-8") for path in python_files() if "src" in path.parts
    )
    named = set(re.findall(r"\"(_?XID_[A-Z_]+)\"", sources))
    assert {"XID_PLUGINS", "XID_STRICT_PLUGINS"} <= named
    assert named == set(re.findall(r"^\| `(_?XID_[A-Z_]+)` ", page, re.MULTILINE))


SCHEMA: Final[dict[str, Any]] = json.loads(
    (DOCS / "_static" / "replay-result.schema.json").read_text("utf-8")
)
TYPES: Final[dict[str, type]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "object": dict,
    "string": str,
}
KEYWORDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$ref": lambda value, place: _fits(value, SCHEMA["$defs"][Path(place).name]),
    "anyOf": lambda value, schemas: any(_fits(value, one) for one in schemas),
    "enum": lambda value, values: value in values,
    "items": lambda value, schema: all(_fits(one, schema) for one in value),
    "minimum": lambda value, least: value >= least,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    # An object of ours has the properties that are named, and no others.
    "properties": lambda value, schemas: (
        set(value) <= set(schemas)
        and all(_fits(value[name], schemas[name]) for name in value)
    ),
    "required": lambda value, names: set(names) <= set(value),
    "type": lambda value, name: type(value) is TYPES[name],
}
"""What the keywords of our schema ask of a value, none of them left out."""
NOTES: Final = {"$schema", "$defs", "title", "description", "additionalProperties"}


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits a schema; the type first, as the rest relies on it."""
    asked = sorted(schema.keys() - NOTES, key=lambda keyword: keyword != "type")
    return all(KEYWORDS[keyword](value, schema[keyword]) for keyword in asked)


def test_every_result_fits_the_schema_in_the_manual() -> None:
    registry = load_registry(allow=["ethereum", "passkey"], strict=True)
    for clients in (registry, registry.without("passkey")):
        for inbox_id, log in real_logs().values():
            for context in ({}, stub_context()):
                found = replay(inbox_id, log, clients, context=context)
                plain = result_object(found)
                explained = {**plain, "explanations": explanation_objects(found)}
                for printed in (plain, explained):
                    assert _fits(json.loads(json.dumps(printed)), SCHEMA)


def test_the_schema_takes_nothing_else() -> None:
    vector = history_vectors()[0]
    log = real_logs()[vector["name"]][1]
    good = result_object(replay(vector["inbox_id"], log, load_registry(allow=[])))
    assert _fits(good, SCHEMA)
    for bad in (
        {**good, "more": 1},
        {key: value for key, value in good.items() if key != "state"},
        {**good, "authoritative": "yes"},
        {**good, "deviates": -1},
        {**good, "outcomes": [{}]},
    ):
        assert not _fits(bad, SCHEMA)
