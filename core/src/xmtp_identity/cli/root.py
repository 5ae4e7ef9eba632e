"""The root command: built-in commands by name, those of plugins on demand."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from ..errors import PluginError
from .options import VERSION_MESSAGE, plugins_of, warn
from .run import NAME, run

__all__ = ["BUILT_IN", "LazyGroup", "xid"]

BUILT_IN: Final[dict[str, str]] = {
    "compat": "compat:compat",
    "completion": "completion:completion",
    "conformance": "conformance:conformance",
    "doctor": "doctor:doctor",
    "inbox": "inbox:inbox",
    "inbox-id": "inbox_id:inbox_id",
    "inspect": "inspect:inspect",
    "key": "key:key",
    "kinds": "kinds:kinds",
    "new": "new:new",
    "plugins": "plugins:plugins",
    "protoc": "protoc:protoc",
    "replay": "replay:replay",
    "text": "text:text",
    "whois": "whois:whois",
}
"""By name of the command: its module in this package, and its name there. The
module is imported when the command, or the list of all, is asked for."""


class LazyGroup(click.Group):
    """A group whose commands come from `BUILT_IN` and from plugins.

    Plugins are asked only for a command that is not built in, or to list
    all. A plugin can't replace a command: the first owner keeps the name, and
    the claim is reported.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted; those of plugins if they load."""
        names = set(BUILT_IN)
        try:
            names.update(_of_plugins(ctx))
        except PluginError as error:
            # Help is there even where broken plugins are errors.
            warn(ctx, error.detail, error.code)
        return sorted(names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        place = BUILT_IN.get(cmd_name)
        if place is None:
            return _of_plugins(ctx).get(cmd_name)
        module, _, name = place.partition(":")
        found = importlib.import_module(f".{module}", __package__)
        command: click.Command = getattr(found, name)
        return command

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> NoReturn:
        """What `click.testing.CliRunner` calls: `xid`, with its exit codes."""
        raise SystemExit(run(self, args))


def _of_plugins(ctx: click.Context) -> dict[str, click.Command]:
    """The commands of all plugins, asked once."""
    meta = ctx.find_root().meta
    key = f"{__name__}.commands"
    commands: dict[str, click.Command] | None = meta.get(key)
    if commands is None:
        commands = meta[key] = _ask_plugins(ctx)
    return commands


def _ask_plugins(ctx: click.Context) -> dict[str, click.Command]:
    commands: dict[str, click.Command] = {}
    for name, plugin in plugins_of(ctx).manager.list_name_plugin():
        hook = getattr(plugin, "register_commands", None)
        if hook is None:
            continue
        own = click.Group(NAME)
        try:
            hook(own)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            cause = f"{type(error).__name__}: {error}"
            warn(ctx, f"{name} gave no commands ({cause}).", "plugin_commands")
            continue
        for title, command in own.commands.items():
            if title in BUILT_IN or title in commands:
                warn(
                    ctx,
                    f"{name} claims the command {title!r}, which has an owner.",
                    "plugin_commands",
                )
            else:
                commands[title] = command
    return commands


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 answered; 1 a valid question whose answer is no; 2 bad input "
        "or usage, with one line on standard error. XID_PLUGINS names the plugins "
        "to load (ethereum,passkey), XID_STRICT_PLUGINS=1 makes a broken one an "
        "error, XID_CHAINS stands for --chains."
    ),
)
@click.option(
    "--chains",
    envvar="XID_CHAINS",
    metavar="FILE",
    type=click.Path(),
    help="Where chains can be asked, for smart wallets: TOML or JSON, "
    '[chains] "eip155:8453" = ["https://..."].',
)
@click.version_option(
    package_name="xmtp-identity", prog_name=NAME, message=VERSION_MESSAGE
)
def xid(chains: str | None) -> None:
    """Read, verify and write XMTP identity logs."""
