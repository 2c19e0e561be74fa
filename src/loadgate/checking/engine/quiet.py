"""Great Expectations, imported without a sound: nothing enters; leaves GX loaded, its telemetry off."""

from __future__ import annotations

import os
import warnings


def import_gx() -> None:
    """Import GX with its telemetry off. Call before any other import of it: it reads the variable once.

    GX imports a deprecated module of Python's; that warning is its makers' business and is dropped.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401
