"""What several commands share: options, types of arguments, the plugins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import BadInput, IdentityError, PluginError
from .output import complain

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from ..chains import Chains
    from ..kinds import Context
    from ..loading import Plugins
    from ..registry import Registry

__all__ = [
    "FILE",
    "VERSION_MESSAGE",
    "as_json",
    "chains_of",
    "complete_kinds",
    "contexts_of",
    "decimal",
    "plugins_of",
    "registry_of",
    "resolve_name",
    "text_argument",
    "warn",
]

VERSION_MESSAGE: Final = "%(prog)s %(version)s"

FILE: Final = click.Path(allow_dash=True)
"""A file to read; whether it can be is found out, and said, when it is read."""

as_json: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, one object a line."
)
"""The option of every command."""


def decimal(
    low: int, high: int
) -> Callable[[click.Context, click.Parameter, str | None], int | None]:
    """The callback of an option that takes a number from ``low`` to ``high``.

    ASCII digits alone: `int` would take ``1_0`` and other scripts.
    """

    def read(
        ctx: click.Context, param: click.Parameter, value: str | None
    ) -> int | None:
        if value is None:
            return None
        if re.fullmatch("[0-9]{1,20}", value) and low <= (number := int(value)) <= high:
            return number
        raise click.BadParameter(
            f"give a number from {low} to {high}.", ctx=ctx, param=param
        )

    return read


def text_argument(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Refuse arguments that are not UTF-8 (callback of an option or argument)."""
    if value is not None:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise click.BadParameter("this is not UTF-8.", ctx, param) from None
    return value


def plugins_of(ctx: click.Context) -> Plugins:
    """The plugins, loaded once a run; each broken one is a warning.

    Raises `PluginError` where the environment asks for that
    (`xmtp_identity.loading`).
    """
    meta = ctx.find_root().meta
    key = f"{__name__}.plugins"
    plugins: Plugins | None = meta.get(key)
    if plugins is None:
        from ..loading import load_plugins

        plugins = meta[key] = load_plugins()
        for plugin in plugins.broken:
            if plugin.error:
                warn(ctx, plugin.error.detail, plugin.error.code)
    return plugins


def warn(ctx: click.Context, sentence: str, code: str) -> None:
    """A complaint that stops nothing; none while a shell asks for completions."""
    if not ctx.resilient_parsing:
        complain(f"Warning: {sentence}", code)


def registry_of(ctx: click.Context) -> Registry:
    """The registry of all installed kinds; see `plugins_of`."""
    return plugins_of(ctx).registry


def chains_of(ctx: click.Context) -> Chains:
    """The chains of ``xid --chains`` or the environment; raises `BadChains`."""
    path = ctx.find_root().params.get("chains")
    if path is None:
        return {}
    from ..chains import read_chains

    return read_chains(path)


def contexts_of(ctx: click.Context, chains: Chains | None = None) -> Context:
    """What verifiers may ask, made once a run and closed at its end.

    chains: None takes `chains_of`.

    Raises `BadChains`, and `PluginError` if a plugin breaks.
    """
    root = ctx.find_root()
    key = f"{__name__}.contexts"
    contexts: Context | None = root.meta.get(key)
    if contexts is None:
        given = chains_of(ctx) if chains is None else chains
        contexts = root.meta[key] = plugins_of(ctx).contexts(given)
        for one in contexts.values():
            close = getattr(one, "close", None)
            if close is not None:
                root.call_on_close(close)
    return contexts


def resolve_name(ctx: click.Context, text: str) -> str:
    """What a name stands for, if a plugin serves names that end like this one.

    Any other text is given back as it is. The longest suffix counts. Raises
    `BadInput` if the name stands for nothing or its service broke.
    """
    services = plugins_of(ctx).name_services
    for suffix in sorted(services, key=len, reverse=True):
        if text.endswith(suffix) and text != suffix:
            try:
                return services[suffix].resolve(text)
            except IdentityError:
                raise
            except Exception as error:
                raise BadInput(
                    f"The service for names in {suffix} broke "
                    f"({type(error).__name__}): give the identifier itself.",
                    code="name_service_failed",
                ) from error
    return text


def complete_kinds(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The names of kinds that begin so, for the shell."""
    from click.shell_completion import CompletionItem

    try:
        kinds = registry_of(ctx).kinds
    except PluginError:
        return []
    return [
        CompletionItem(kind.name, help=kind.noun)
        for kind in kinds
        if kind.name.startswith(incomplete)
    ]
