"""Make the tables of the documentation from the code that they describe.

Each build writes them to ``docs/_generated`` first; a page takes one in with
an ``include`` directive. They are committed, to be read without a build, and
a test compares. A new table is a function here and a line in `PAGES`.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import itertools
import json
import os
import pkgutil
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final
from unittest import mock

import click
from prometheus_client import Counter, Gauge, Histogram

import xmtp_identity.errors
import xmtp_identity.hookspecs
import xmtp_identity.kinds
from xmtp_identity.cli.root import BUILT_IN, xid
from xmtp_identity.deviations import DEVIATIONS, Deviation
from xmtp_identity.directory import directory
from xmtp_identity.errors import IdentityError
from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.protocol import refusals as refusals_module
from xmtp_identity.protocol.refusals import Refusal
from xmtp_identity_node.commands import serve
from xmtp_identity_node.metrics import Metrics
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.settings import NAMES

GENERATED: Final = Path(__file__).resolve().parent / "_generated"
_ODD_LOGS: Final = GENERATED.parents[1] / "tests/vectors/libxmtp/odd-logs.json"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars and line ends in cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# Outcomes and codes


def outcomes() -> str:
    """The four ends of an update, from the lines of the enumeration's docstring."""
    _, entries = _entries(_doc(OutcomeKind), [kind.name for kind in OutcomeKind])
    said = {name: text for (name,), text in entries}
    return table(
        ["Outcome", "What it says"],
        [[f"`{kind.value}`", said[kind.name]] for kind in OutcomeKind],
    )


def errors() -> str:
    """The general errors: their codes, what happened, what to do."""
    return _codes(_classes(xmtp_identity.errors))


def files() -> str:
    """The errors of the other modules: those of files and of what is stored."""
    elsewhere = {xmtp_identity.errors.__name__, refusals_module.__name__}
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(xmtp_identity.__path__, "xmtp_identity.")
        if found.name not in elsewhere and not found.name.endswith("__main__")
    ]
    return _codes(error for module in modules for error in _classes(module))


def refusals() -> str:
    """Why an update is not applied."""
    return table(
        ["Code", "Outcome", "Deviation", "What happened", "What to do"],
        [
            [
                f"`{refusal.code}`",
                f"`{refusal.outcome}`",
                "yes" if refusal.always_deviates else "",
                _summary(refusal),
                refusal.remedy,
            ]
            for refusal in _classes(refusals_module)
            if issubclass(refusal, Refusal) and refusal is not Refusal
        ],
    )


def _codes(classes: Iterable[type[IdentityError]]) -> str:
    return table(
        ["Code", "Class", "What happened", "What to do", "Try again?"],
        [
            [
                f"`{error.code}`",
                f"`{error.__name__}`",
                _summary(error),
                error.remedy,
                "yes" if error.retryable else "no",
            ]
            for error in classes
        ],
    )


def _classes(module: ModuleType) -> Iterator[type[IdentityError]]:
    """The errors that a module defines, in the order of its source."""
    for found in vars(module).values():
        if (
            inspect.isclass(found)
            and issubclass(found, IdentityError)
            and found is not IdentityError
            and found.__module__ == module.__name__
        ):
            yield found


def _doc(documented: object) -> str:
    return inspect.getdoc(documented) or ""


def _summary(documented: object) -> str:
    return _doc(documented).partition("\n\n")[0]


# Deviations


def deviations() -> str:
    """Where we refuse what XMTP's reference client takes, and the log that shows it."""
    cases = json.loads(_ODD_LOGS.read_text("utf-8"))["cases"]
    return table(
        ["", "Code", "Why it is refused here", "What libxmtp does", "Shown by"],
        [
            [
                str(row.number),
                f"`{row.code}`",
                row.reason,
                row.libxmtp,
                _shown(row, cases),
            ]
            for row in DEVIATIONS
        ],
    )


def _shown(row: Deviation, cases: Container[str]) -> str:
    """A link to the log on which the two clients differ."""
    if row.case in cases:
        return f"[`{row.case}`](odd-logs.md)"
    return "[below](#the-logs-made-for-this)"


# The command line


def commands() -> str:
    """What ``--help`` says of each command that is built in."""
    return _commands("", are_built_in=True)


def node_commands() -> str:
    """The same of the commands that the node's package brings."""
    return _commands("node", are_built_in=False)


def _commands(plugins: str, *, are_built_in: bool) -> str:
    with mock.patch.dict(os.environ, {"XID_PLUGINS": plugins}):
        root = _context(xid, "xid", None)
        parts = [_help(root)] if are_built_in else []
        for name in xid.list_commands(root):
            if (name in BUILT_IN) == are_built_in:
                parts.extend(_helps(xid.get_command(root, name), name, root))
    return "\n".join(parts)


def _helps(
    command: click.Command | None, name: str, parent: click.Context
) -> Iterator[str]:
    if command is None:
        return
    context = _context(command, name, parent)
    yield _help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _helps(command.get_command(context, inner), inner, context)


def _context(
    command: click.Command, name: str, parent: click.Context | None
) -> click.Context:
    # The width of a page, whatever terminal this is made in.
    return click.Context(
        command, parent, name, terminal_width=80, **command.context_settings
    )


def _help(context: click.Context) -> str:
    said = context.command.get_help(context)
    return f"### `{context.command_path}`\n\n```text\n{said}\n```\n"


# The node


def settings() -> str:
    """The settings of a node: which have a flag, their defaults, what they do."""
    flags = {option.name for option in serve.params}
    none = {dataclasses.MISSING, "", ()}
    _, entries = _entries(_doc(Limits), list(NAMES))
    said = {name: f"{text[0].upper()}{text[1:]}" for (name,), text in entries}
    return table(
        ["Setting", "Flag", "Default", "What it is"],
        [
            [
                f"`{name}`",
                f"`--{name.replace('_', '-')}`" if name in flags else "",
                "" if setting.default in none else f"`{json.dumps(setting.default)}`",
                setting.metadata.get("help") or said[name],
            ]
            for name, setting in NAMES.items()
        ],
    )


def metrics() -> str:
    """The metrics of a node, without those of the process and of Python."""
    return table(
        ["Metric", "Type", "Labels", "What it counts"],
        [
            [
                f"`{family.name}{'_total' if family.type == 'counter' else ''}`",
                family.type,
                # Told nowhere else.
                ", ".join(f"`{label}`" for label in metric._labelnames),  # noqa: SLF001
                family.documentation,
            ]
            for metric in vars(Metrics()).values()
            if isinstance(metric, Counter | Gauge | Histogram)
            for family in metric.describe()
        ],
    )


# What plugins give


def hooks() -> str:
    """Each hook with its docstring, in the order of the source."""
    module = xmtp_identity.hookspecs
    marked = f"{module.PROJECT}_spec"
    specs = [one for one in vars(module).values() if hasattr(one, marked)]
    return "\n".join([*map(_function, specs), _class(module.NameService)])


def kinds() -> str:
    """`Kind` and what it is made of."""
    module = xmtp_identity.kinds
    parts = [
        _class(module.Kind),
        _class(module.Proof),
        _class(module.SignatureItem),
        _class(module.VerifiedSignature),
        _constant(module, "Context"),
        _class(module.SigningTools),
        _class(module.Account),
        _class(module.Signer),
        _class(module.WireSignature),
        _class(module.lazy),
        _constant(module, "API_VERSION"),
    ]
    return "\n".join(parts)


def plugins() -> str:
    """The directory of plugins."""
    return table(
        ["Package", "Kinds", "Numbers", "Tier", "Status", "What it is"],
        [
            [
                f"`{one.distribution}`",
                ", ".join(f"`{name}`" for name in one.kinds),
                ", ".join(map(str, one.numbers)),
                one.tier.value if one.tier else "",
                one.status.value,
                one.summary,
            ]
            for one in directory()
        ],
    )


def _function(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    types = {name: one.annotation for name, one in signature.parameters.items()}
    title = f"### `{function.__name__}{_unquoted(signature)}`"
    return f"{title}\n\n{_prose(function, types, {})}"


def _class(cls: type) -> str:
    """A class: what it is, its fields with types and defaults, its methods."""
    types = {
        name: getattr(kind, "__forward_arg__", kind)  # as named tuples keep them
        for name, kind in inspect.get_annotations(cls).items()
        if name[0] != "_"
    }
    parts = [f"### `{cls.__name__}`\n\n{_prose(cls, types, _defaults(cls))}"]
    parts += [
        f"{_member(name, member)}\n: {_one_line(_doc(member))}\n"
        for name, member in vars(cls).items()
        if name[0] != "_" and isinstance(member, FunctionType | property)
    ]
    return "\n".join(parts)


def _member(name: str, member: FunctionType | property) -> str:
    if isinstance(member, property):
        return f"`{name}`: `{inspect.get_annotations(member.fget)['return']}`"  # type: ignore[arg-type]  # never None here
    signature = inspect.signature(member)
    own = list(signature.parameters.values())[1:]
    return f"`{name}{_unquoted(signature.replace(parameters=own))}`"


def _unquoted(signature: inspect.Signature) -> str:
    return str(signature).replace("'", "")


def _defaults(cls: type) -> dict[str, str]:
    """The defaults of a data class; a function's name would say nothing."""
    if not dataclasses.is_dataclass(cls):
        return {}
    return {
        field.name: "optional" if callable(field.default) else f"default `{default}`"
        for field in dataclasses.fields(cls)
        if (default := field.default) is not dataclasses.MISSING
    }


def _prose(
    documented: object, types: Mapping[str, Any], defaults: Mapping[str, str]
) -> str:
    """A docstring: its sentences, then its fields as a list of definitions."""
    sentences, entries = _entries(_doc(documented), list(types))
    parts = [f"{_one_line(paragraph)}\n" for paragraph in sentences]
    described = {name: (names, said) for names, said in entries for name in names}
    for name, kind in types.items():
        title = f"`{name}`: `{kind}`"
        if name in defaults:
            title += f" ({defaults[name]})"
        names, said = described.get(name, ((name,), ""))
        if name == names[-1]:
            # Names that share a description stand above it, one a line.
            said = f"\n: {_one_line(said)}" if said else ""
            parts.append(f"{title}{said}\n")
        else:
            parts.append(title)
    return "\n".join(parts)


_Entry = tuple[tuple[str, ...], str]


def _entries(doc: str, names: Sequence[str]) -> tuple[list[str], list[_Entry]]:
    """Split a docstring into paragraphs and "name: text" entries of known names."""
    known = "|".join(names) or "(?!)"
    start = re.compile(rf"((?:{known})(?:, (?:{known}))*): (.*)")
    sentences: list[list[str]] = []
    entries: list[tuple[tuple[str, ...], list[str]]] = []
    for paragraph in doc.split("\n\n"):
        into: list[str] = []
        sentences.append(into)
        for line in paragraph.split("\n"):
            if match := start.fullmatch(line):
                into = [match[2]]
                entries.append((tuple(match[1].split(", ")), into))
            else:
                into.append(line)
    return (
        [" ".join(lines) for lines in sentences if lines],
        [(shared, " ".join(lines)) for shared, lines in entries],
    )


def _one_line(text: str) -> str:
    """Markdown on one line; reStructuredText's doubled backticks become single."""
    return " ".join(text.split()).replace("``", "`")


def _constant(module: ModuleType, name: str) -> str:
    """A constant, its value, and the string that stands behind its assignment."""
    shown = str(getattr(module, name)).replace("typing.", "")
    shown = shown.replace("collections.abc.", "")
    paragraphs = map(_one_line, _said_of(module)[name].split("\n\n"))
    return "\n\n".join([f"### `{name} = {shown}`", *paragraphs]) + "\n"


def _said_of(module: ModuleType) -> dict[str, str]:
    body = ast.parse(inspect.getsource(module)).body
    said = {}
    for before, after in itertools.pairwise(body):
        if not isinstance(before, ast.Assign | ast.AnnAssign):
            continue
        target = before.targets[0] if isinstance(before, ast.Assign) else before.target
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            said[ast.unparse(target)] = inspect.cleandoc(str(after.value.value))
    return said


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "commands.md": commands,
    "deviations.md": deviations,
    "directory.md": plugins,
    "errors.md": errors,
    "files.md": files,
    "hooks.md": hooks,
    "kinds.md": kinds,
    "metrics.md": metrics,
    "node-commands.md": node_commands,
    "outcomes.md": outcomes,
    "refusals.md": refusals,
    "settings.md": settings,
}
"""What makes each file of ``docs/_generated``."""


def write() -> None:
    """Bring ``docs/_generated`` up to date, touching only what changed."""
    GENERATED.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        page, content = GENERATED / name, make()
        if not page.exists() or page.read_text("utf-8") != content:
            page.write_text(content, "utf-8")


if __name__ == "__main__":
    write()
