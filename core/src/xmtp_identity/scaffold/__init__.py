"""Making a package for a new kind of identity, and keeping it up to date.

`xid new` and `xid protoc` are the command line of it. It needs the extra
``xmtp-identity[new]``, but no network: the template, the presets of the
signature schemes and the core's .proto files come with the wheel.
"""

from __future__ import annotations

from .answers import FORMS, Answers, check_answers, default_noun, free_number
from .presets import SCHEMES
from .project import write_project
from .protoc import generate_code, stale_code
from .upkeep import Lack, lacks_of

__all__ = [
    "FORMS",
    "SCHEMES",
    "Answers",
    "Lack",
    "check_answers",
    "default_noun",
    "free_number",
    "generate_code",
    "lacks_of",
    "stale_code",
    "write_project",
]
