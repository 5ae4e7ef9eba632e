"""A node of `xid serve`, and `xid ... --node` in this process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner, Result
from tests.faults.processes import NodeProcess

from xmtp_identity.cli.root import xid

ENVIRONMENT: Final = {"XID_NODE": "", "XID_STRICT_PLUGINS": ""}


def node_in(folder: Path) -> NodeProcess:
    """A node whose store is in a folder; a context manager."""
    return NodeProcess(str(folder / "node.db"), folder / "node.log")


class Desk:
    """A folder with key files, and `xid` to work on the inboxes of a node."""

    def __init__(self, folder: Path, served: NodeProcess) -> None:
        self.folder = folder
        self.served = served

    def key(self, kind: str) -> str:
        """A new key file, and whose key it is."""
        path = self.folder / f"{kind}-{len(list(self.folder.iterdir()))}.key"
        self._good("key", "new", "--kind", kind, str(path))
        return str(path)

    def identifier(self, path: str) -> str:
        """Of a key file, without its kind."""
        return self._good("key", "show", path).strip().partition(":")[2]

    def run(self, *arguments: str) -> Result:
        return CliRunner(env=ENVIRONMENT).invoke(
            xid, [*arguments, "--node", self.served.grpc_url]
        )

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *arguments: str, code: int) -> str:
        result = self.run(*arguments)
        assert result.exit_code == code, result.output
        return result.stderr

    def members(self, who: str) -> set[tuple[str, str]]:
        """The members of somebody's inbox."""
        answer = self.json("whois", who)
        assert answer["authoritative"]
        return {(one["kind"], one["identifier"]) for one in answer["state"]["members"]}

    def _good(self, *arguments: str) -> str:
        result = CliRunner(env=ENVIRONMENT).invoke(xid, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout


def values(answers: Sequence[dict[str, str]]) -> set[str]:
    return {one["identifier"] for one in answers}
