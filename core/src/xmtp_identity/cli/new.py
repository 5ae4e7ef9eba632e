"""`xid new`: a package for a new kind of identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..allotment import ALLOTMENT
from ..errors import BadInput
from ..scaffold.answers import (
    FORMS,
    Answers,
    check_answers,
    default_noun,
    free_number,
)
from ..scaffold.presets import SCHEMES
from .options import as_json, decimal, registry_of, text_argument
from .output import Block, Cell, Facts, Table, emit, emit_json, show

if TYPE_CHECKING:
    from ..registry import Registry

__all__ = ["new"]

_ANY_NOUN: Final = "Some other noun"
"""Stands for the noun while the name is judged; nobody's is like it."""


@click.command()
@click.argument("name", required=False, metavar="[NAME]", callback=text_argument)
@click.option(
    "--scheme",
    type=click.Choice(SCHEMES),
    help="How members sign; empty is a scheme of your own.",
)
@click.option(
    "--form",
    type=click.Choice(FORMS),
    help="What names a member: its public key, or an address, a hash of it.",
)
@click.option(
    "--number",
    callback=decimal(0, 2**29 - 1),
    metavar="N",
    help="The kind's number; else a random free one from 1000 to 1999.",
)
@click.option(
    "--noun",
    callback=text_argument,
    metavar="NOUN",
    help='What the signed text calls a member, such as "Nostr key".',
)
@click.option(
    "--output",
    type=click.Path(),
    default=".",
    metavar="DIR",
    help="Where the package's folder goes; by default here.",
)
@click.option(
    "--no-input", is_flag=True, help="Ask nothing: take the defaults instead."
)
@click.option(
    "--check",
    "checked",
    is_flag=False,
    flag_value=".",
    type=click.Path(),
    metavar="[DIR]",
    help="Instead tell what the package in DIR, made by an older xid new, lacks.",
)
@as_json
@click.pass_context
def new(
    ctx: click.Context,
    /,
    name: str | None,
    *,
    output: str,
    no_input: bool,
    checked: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Write a package for a new kind of identity, with its tests.

    NAME is lower-case letters, digits and underscores. What is not given is
    asked for. The package works at once; see its README. Needs the extra
    xmtp-identity[new], and no network.
    """
    if checked is not None:
        if name is not None:
            raise click.UsageError("With --check no NAME is given.")
        _check(ctx, Path(checked), as_json=as_json)
        return
    from ..scaffold.project import write_project

    answers = _Interview(registry_of(ctx), ask=not no_input).answers(name, given)
    project = write_project(answers, Path(output))
    if as_json:
        emit_json({"project": str(project), **asdict(answers)})
        return
    rows = [
        ("project", Cell(str(project), "good")),
        ("kind", Cell(f"{answers.name}, a leaf kind of the number {answers.number}")),
        ("noun", Cell(answers.noun)),
        ("scheme", Cell(f"{answers.scheme}, members are named by {_named(answers)}")),
    ]
    todo = [f"cd {project}", "pip install -e .", "pytest", "xid kinds"]
    show([Facts(rows), Block("Next", todo)])


def _named(answers: Answers) -> str:
    return "their key" if answers.form == "key" else "an address"


class _Interview:
    """Asks for what was not given, and has each answer judged at once."""

    def __init__(self, registry: Registry, *, ask: bool) -> None:
        self._registry = registry
        self._ask = ask

    def answers(self, name: str | None, given: dict[str, Any]) -> Answers:
        """All of them, judged together; raises `BadInput`."""
        number, noun = given["number"], given["noun"]
        if number is None:
            number = free_number(self._registry)
        elif noun is None and number in ALLOTMENT:
            noun = ALLOTMENT[number].noun
        if name is None:
            if not self._ask:
                raise click.UsageError("Give a NAME, as nothing is asked for.")
            name = self._question(
                "Name", None, lambda one: self._judge(one, noun or _ANY_NOUN, number)
            )
        else:
            self._judge(name, noun or _ANY_NOUN, number)
        scheme = self._choice("Scheme", given["scheme"], SCHEMES)
        form = self._choice("Form", given["form"], FORMS)
        if noun is None:
            noun = default_noun(name, form)
            if self._ask:
                noun = self._question(
                    "Noun", noun, lambda one: self._judge(name, one, number)
                )
        if given["number"] is None and self._ask:
            text = self._question(
                "Number",
                str(number),
                lambda one: self._judge(name, noun, _whole_number(one)),
            )
            number = _whole_number(text)
        self._judge(name, noun, number)
        return Answers(name=name, noun=noun, number=number, scheme=scheme, form=form)

    def _choice(self, what: str, given: str | None, choices: tuple[str, ...]) -> str:
        if given is not None:
            return given
        if not self._ask:
            return choices[0]
        chosen: str = click.prompt(
            what, default=choices[0], type=click.Choice(choices), err=True
        )
        return chosen

    def _question(
        self, what: str, default: str | None, judge: Callable[[str], None]
    ) -> str:
        """Ask until the answer is a good one; each refusal gives its reason."""

        def judged(text: str) -> str:
            try:
                judge(text)
            except BadInput as error:
                raise click.UsageError(error.detail) from None
            return text

        answer: str = click.prompt(what, default=default, value_proc=judged, err=True)
        return answer

    def _judge(self, name: str, noun: str, number: int) -> None:
        check_answers(Answers(name=name, noun=noun, number=number), self._registry)


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadInput("A number is made of digits.")
    return int(text)


def _check(ctx: click.Context, project: Path, *, as_json: bool) -> None:
    """Tell what a package lacks; the exit code is 1 if it lacks something."""
    from ..scaffold.upkeep import lacks_of

    lacks = lacks_of(project)
    if as_json:
        emit_json({"lacks": [asdict(one) for one in lacks]})
    elif lacks:
        rows = [
            [Cell(one.state, "odd"), Cell(one.path), Cell(one.remedy)] for one in lacks
        ]
        show([Table("Lacks", ["state", "file", "to do"], rows)])
    else:
        emit("The package has all that this template has.")
    ctx.exit(1 if lacks else 0)
