"""What has to be known of a new kind, and which answers are refused."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from ..allotment import FIRST_EXPERIMENT, FIRST_LEAF, LAST_LEAF
from ..errors import BadInput, PluginError
from ..kinds import Kind, Proof
from ..registry import Registry, check_kind
from .presets import SCHEMES

if TYPE_CHECKING:
    from ..errors import SignatureError
    from ..identifier import MemberIdentifier
    from ..kinds import Context, SignatureItem, VerifiedSignature

__all__ = ["FORMS", "Answers", "check_answers", "default_noun", "free_number"]

FORMS: Final = ("key", "address")
"""What names a member: its public key, or a hash of it. The first is the default."""

_RULES: Final = {
    "kind_name": "A name is 1 to 32 of a-z, 0-9 and _, a letter first.",
    "kind_noun": "A noun is 1 to 40 letters and digits with single spaces.",
}
"""What is right, where `check_kind` says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A new kind, as its author describes it.

    name, noun, number: as in `xmtp_identity.kinds.Kind`.
    scheme: one of `SCHEMES`.
    form: one of `FORMS`.
    """

    name: str
    noun: str
    number: int
    scheme: str = SCHEMES[0]
    form: str = FORMS[0]

    @property
    def project(self) -> str:
        """The distribution and its folder."""
        return f"xmtp-identity-{self.name.replace('_', '-')}"

    @property
    def module(self) -> str:
        """The package to import, which the schema's package has as its first part."""
        return f"xmtp_identity_{self.name}"


def default_noun(name: str, form: str) -> str:
    """What the signed text could call a kind: ``Foo Bar key`` for ``foo_bar``."""
    words = [word.capitalize() for word in name.split("_") if word not in {"", form}]
    return " ".join([*words, form])


def free_number(registry: Registry) -> int:
    """A random number of the open range that no installed kind has.

    Random, so that two who never heard of each other seldom meet. Raises
    `BadInput` if there is none left.
    """
    taken = registry.by_member.keys() | registry.by_signature.keys()
    free: list[int] = sorted({*range(FIRST_EXPERIMENT, LAST_LEAF + 1)} - taken)
    if not free:
        raise BadInput("The installed kinds have every number from 1000 to 1999.")
    return random.SystemRandom().choice(free)


def check_answers(
    answers: Answers, registry: Registry, *, installed: bool = False
) -> None:
    """Refuse what would not load, or not beside what is installed.

    registry: of the installed kinds. The rules are those of `check_kind`.
    installed: whether the package itself may be installed already.

    Raises `BadInput`, whose code is that of the rule.
    """
    if answers.scheme not in SCHEMES:
        raise BadInput(
            f"There is no scheme {answers.scheme!r}; there are {', '.join(SCHEMES)}."
        )
    if answers.form not in FORMS:
        raise BadInput(f"There is no form {answers.form!r}: give key or address.")
    kind = _stand_in(answers)
    try:
        check_kind(kind)
        _check_module(answers, installed=installed)
        if answers.number < FIRST_LEAF:
            raise PluginError(
                f"The number {answers.number} stands for a root kind, and those are "
                "XMTP's own.",
                code="kind_number",
            )
        Registry([*registry.kinds, kind])
    except PluginError as error:
        rule = _RULES.get(error.code, "")
        raise BadInput(f"{error.detail} {rule}".strip(), code=error.code) from None


def _check_module(answers: Answers, *, installed: bool) -> None:
    """What a kind may be called, and a package may not."""
    name = answers.name
    if name.endswith("_") or "__" in name:
        raise PluginError(
            f"The name {name!r} would not fit a package: an underscore in it stands "
            "alone and between others.",
            code="kind_name",
        )
    if not installed and importlib.util.find_spec(answers.module) is not None:
        raise PluginError(
            f"The package {answers.module} is installed here already; take another "
            "name, or uninstall it first.",
            code="kind_name",
        )


def _stand_in(answers: Answers) -> Kind:
    """The kind that the package will register, without what it does."""
    return Kind(
        number=answers.number,
        name=answers.name,
        noun=answers.noun,
        extension=f"{answers.module}.v1.{answers.name}_identifier",
        parse=_unused,
        decode=_unused,
        encode=_unused,
        proofs={
            answers.number: Proof(
                number=answers.number, name=answers.name, verify_many=_unused_too
            )
        },
    )


def _unused(_: str | bytes | MemberIdentifier) -> NoReturn:
    """A stand-in is looked at and never used."""
    raise NotImplementedError


def _unused_too(
    _: Sequence[SignatureItem], __: Context
) -> Sequence[VerifiedSignature | SignatureError]:
    raise NotImplementedError
