"""`xid serve`. What it takes to serve loads when the command runs."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from xmtp_identity.chains import read_chains
from xmtp_identity.cli.options import contexts_of, registry_of
from xmtp_identity.cli.output import emit_json

from .settings import NAMES, collect, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

    from .settings import Settings

__all__ = ["serve"]

_FLAGS: Final = (
    "store",
    "host",
    "grpc_port",
    "http_port",
    "chains",
    "tls_certificate",
    "tls_key",
    "read_rate",
    "write_rate",
    "rate_store",
    "trusted_proxies",
    "log_level",
    "stop_seconds",
    "read_only",
)
"""Settings with a flag of their own; `--set` takes all of them."""


def _flag(name: str) -> Callable[[Any], Any]:
    setting = NAMES[name]
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        metavar="TEXT" if str(setting.type) == "str" else "VALUE",
        help=setting.metadata.get("help", _HELP.get(name)),
    )


_HELP: Final = {"read_only": "true: take no updates (a mirror)."}


def _flags(command: Any) -> Any:
    for name in reversed(_FLAGS):
        command = _flag(name)(command)
    return command


@click.command()
@_flags
@click.option(
    "--set",
    "others",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other setting; --show lists them.",
)
@click.option("--config", metavar="FILE", help="A TOML file with settings.")
@click.option("--show", is_flag=True, help="Print the settings, and don't serve.")
@click.pass_context
def serve(
    ctx: click.Context,
    /,
    *,
    others: tuple[str, ...],
    config: str | None,
    show: bool,
    **flags: str | None,
) -> None:
    """Run an XMTP identity node.

    It serves gRPC for XMTP's clients on port 5556 and JSON over HTTP, with
    /metrics, /healthz and /readyz, on port 5555. Logs are kept in an SQLite
    file, or in PostgreSQL if --store is a postgresql:// address.

    A setting is taken from its flag, else from the variable XID_NODE_<NAME>,
    else from the file, else from its default. SIGTERM and SIGINT stop the node
    once the calls that it has are answered.
    """
    values = {
        name: parse(name, text, f"--{name.replace('_', '-')}")
        for name, text in flags.items()
        if text is not None
    }
    for other in others:
        name, equals, text = other.partition("=")
        if not equals or name not in NAMES:
            raise click.BadOptionUsage(
                "--set", f"--set takes NAME=VALUE, and {name!r} is no setting.", ctx
            )
        values.setdefault(name, parse(name, text, f"--set {name}"))
    settings = collect(values, file=config)
    named = ctx.find_root().params.get("chains")
    if named is not None and not settings.chains:
        settings = replace(settings, chains=named)
    if show:
        emit_json(settings.shown())
        return
    chains = read_chains(settings.chains) if settings.chains else {}
    context = contexts_of(ctx, chains)
    asyncio.run(_serve(settings, registry_of(ctx), context))


async def _serve(settings: Settings, registry: Registry, context: Context) -> None:
    import structlog

    from .files import fitted, needed, raise_limit
    from .logs import configure
    from .server import Node

    configure(settings.log_level)
    files = raise_limit(needed(settings))
    wanted, settings = settings, fitted(settings, files)
    if settings is not wanted:
        structlog.get_logger("xmtp_identity_node.commands").warning(
            "fewer_connections",
            files=files,
            files_wanted=needed(wanted),
            grpc_connections=settings.grpc_connections,
            http_connections=settings.http_connections,
        )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Node(settings, registry=registry, context=context):
        await stop.wait()
