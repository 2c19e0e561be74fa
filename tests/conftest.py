"""Settings of the whole test run: property tests have no clock, as the machine may be busy, and repeat in CI."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("loadgate", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("loadgate")
