"""`python -m xmtp_identity` is the command line `xid`."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
