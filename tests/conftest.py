"""Settings of the whole test run: property tests have no clock, as the machine may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("loadgate", deadline=None, print_blob=True)
settings.load_profile("loadgate")
