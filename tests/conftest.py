"""Settings of the whole test run: property tests have no clock, as the machine may be busy, and repeat in CI."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("loadgate", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("loadgate")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Name, at the very end, every test that did not run here, so that a skip is not taken for a pass."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    skipped = {report.nodeid.split("::")[0] for report in reporter.stats.get("skipped", ())}
    if skipped:
        reporter.write_line(f"Did not run here (see the reasons above): {', '.join(sorted(skipped))}")
