# ruff: noqa: INP001  # hatchling loads it by its path
"""What the wheel and the sdist hold beside the sources: `xmtp_identity/_scaffold`.

The template of a plugin, the presets of its signature schemes and the core's
.proto files lie at the top of the workspace. An editable install reads them
there, an sdist has them already.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = {
    "cookiecutter": "cookiecutter",
    "templates": "templates",
    "proto/xmtp_identity/v1": "proto/xmtp_identity/v1",
}
"""Folders of the workspace, and where they go in `_scaffold`."""


class ScaffoldHook(BuildHookInterface[Any]):
    """Adds the folders to a wheel or an sdist that is built in the workspace."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Tell hatchling about them; see its `BuildHookInterface`."""
        root = Path(self.root)
        if version == "editable" or (root / "src/xmtp_identity/_scaffold").is_dir():
            return
        sources = "" if self.target_name == "wheel" else "src/"
        for source, target in FOLDERS.items():
            build_data["force_include"][str(root.parent / source)] = (
                f"{sources}xmtp_identity/_scaffold/{target}"
            )
