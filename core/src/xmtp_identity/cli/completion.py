"""`xid completion`: the script that teaches a shell about xid."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .options import as_json
from .output import emit, emit_json
from .run import COMPLETION, NAME

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@as_json
@click.pass_context
def completion(ctx: click.Context, shell: str, *, as_json: bool) -> None:
    """Print the script that completes xid in a shell.

    \b
    bash: eval "$(xid completion bash)"
    zsh:  eval "$(xid completion zsh)"
    fish: xid completion fish | source
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    made_by = get_completion_class(shell)
    if made_by is None:
        raise click.ClickException(f"This version of click does not know {shell}.")
    script = made_by(ctx.find_root().command, {}, NAME, COMPLETION).source()
    if as_json:
        emit_json({"shell": shell, "script": script})
    else:
        emit(script)
