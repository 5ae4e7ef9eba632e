"""`xid protoc`: the generated code of a plugin, from its .proto files."""

from __future__ import annotations

from pathlib import Path

import click

from .options import as_json
from .output import emit, emit_json

__all__ = ["protoc"]


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path())
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Write nothing; the exit code is 1 if the code is not what the schemas say.",
)
@as_json
@click.pass_context
def protoc(ctx: click.Context, folder: str, *, only_check: bool, as_json: bool) -> None:
    """Generate the protobuf code of the plugin in DIR, by default this folder.

    The schemas are in DIR/proto, the code goes to DIR/src. The core's schemas
    can be imported. Numbers, names and types of the extensions are checked
    against the allotment first. Needs the extra xmtp-identity[new].
    """
    from ..scaffold import generate_code, stale_code

    project = Path(folder)
    found = stale_code(project) if only_check else generate_code(project)
    names = [path.relative_to(project).as_posix() for path in found]
    if as_json:
        emit_json({"stale" if only_check else "written": names})
    else:
        for name in names:
            emit(f"{'stale' if only_check else 'written'}  {name}")
        if not names:
            emit("The code is what the schemas say.")
    ctx.exit(1 if only_check and names else 0)
