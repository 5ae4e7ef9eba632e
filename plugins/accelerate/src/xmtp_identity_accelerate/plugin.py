"""What this package gives to the core: no hook.

The entry point is here for `xid plugins` and `xid doctor` to list the package.
Verification looks for the extension module itself: it knows no registry.
"""

from __future__ import annotations

__all__: list[str] = []
