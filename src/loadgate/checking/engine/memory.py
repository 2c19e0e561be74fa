"""Nothing enters; leaves Polars' allocator told, before it is loaded, how many pools of free memory its threads share.

A thread cannot use what another pool keeps, and by default there are four pools a processor: a long table passes
through all of them in turn, and each keeps what it once needed at most.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_ALLOCATOR: Final = "_RJEM_MALLOC_CONF"
"""Read once, when Polars is imported, which adds it to settings of its own."""


def share_free_memory() -> None:
    """Let two processors share one pool, unless the environment says otherwise or Polars is there already.

    For a program of one's own only: it holds for everything that the process does with Polars.
    """
    if "polars" not in sys.modules and _ALLOCATOR not in os.environ:
        os.environ[_ALLOCATOR] = f"narenas:{max(1, (os.cpu_count() or 1) // 2)}"
