"""How the documentation is built: Sphinx, Furo, MyST."""

from __future__ import annotations

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).with_name("generate.py")), run_name="__main__")

project = "xmtp-identity"
author = "xmtp-identity authors"
project_copyright = "2026, xmtp-identity authors"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "_generated"]  # generated tables stand in other pages
default_role = "code"  # in docstrings `name` means code
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_title = "xmtp-identity"
html_show_sphinx = False
html_copy_source = False
