"""The hooks that a plugin can implement, and nothing else.

A plugin is a module named by an entry point of the group ``xmtp_identity``;
its functions are marked with `hookimpl`. Hooks are called while a registry
or the command line is put together, never while signatures are verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import click

    from .chains import Chains
    from .kinds import Kind

__all__ = [
    "PROJECT",
    "NameService",
    "hookimpl",
    "hookspec",
    "register_commands",
    "register_contexts",
    "register_kinds",
    "register_name_services",
]

PROJECT: Final = "xmtp_identity"
"""pluggy's project name, and the entry-point group that plugins use."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class NameService:
    """Resolves names of one suffix, such as ``.eth``, to identifiers."""

    def resolve(self, name: str) -> str:
        """The identifier, as text, that ``name`` stands for now.

        Raises `BadInput` if there is none.
        """
        raise NotImplementedError


@hookspec
def register_kinds() -> list[Kind]:  # type: ignore[empty-body]  # a specification
    """Hand over the kinds of identity that this plugin provides.

    Called once when a registry is loaded. The objects are frozen; what is
    heavy loads on first use (`xmtp_identity.kinds.lazy`).
    """


@hookspec
def register_commands(group: click.Group) -> None:
    """Add commands to ``xid``.

    group: what collects them; a name that has an owner already is reported and
        left with it. Called when the command line is asked for a command that
        is not built in, or lists all; import what a command needs inside of it.
    """


@hookspec
def register_contexts(chains: Chains) -> Mapping[str, Any]:  # type: ignore[empty-body]  # a specification
    """Hand over what verifiers may ask, by name of kind: access to a chain, say.

    chains: URLs by CAIP-2 chain id, such as ``{"eip155:8453": ("https://...",)}``;
        a namespace alone (``"eip155"``) stands for every chain of it. What is not
        of this plugin's chains is left to others. URLs may hold keys: they get
        into no error and no log, but for their host.

    Called when a command or a program is about to verify something
    (`Plugins.contexts`). An object connects when it is first asked, serves several
    threads, and can be pickled; one that has a method ``close`` is closed after the
    command. A kind has one owner; a second claim is an error. Raises `BadChains`
    for what is no address of such a chain.
    """


@hookspec
def register_name_services() -> Mapping[str, NameService]:  # type: ignore[empty-body]  # a specification
    """Hand over name services by suffix, such as ``{".eth": service}``.

    A suffix has one owner; a second claim is reported as a broken plugin.
    """
