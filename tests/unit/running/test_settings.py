"""What stands in the environment, and what cannot."""

from __future__ import annotations

import pytest

from loadgate.errors import CouldNotRun
from loadgate.settings import Settings


@pytest.mark.parametrize("address", ["reports.example/{run}", "/srv/reports", "mailto:a@b.example", "ftp://x"])
def test_an_address_of_reports_that_no_browser_opens_is_refused(address: str) -> None:
    with pytest.raises(CouldNotRun) as failure:
        Settings.from_environment({"LOADGATE_REPORT_URL": address})

    assert str(failure.value) == (
        "LOADGATE_REPORT_URL is no web address\n"
        "  fix       LOADGATE_REPORT_URL=https://reports.example/{run}/report.html"
    )


@pytest.mark.parametrize("address", ["", "https://reports.example/{run}", "http://localhost:8000/"])
def test_an_address_of_reports_is_kept_as_it_is_written(address: str) -> None:
    assert Settings.from_environment({"LOADGATE_REPORT_URL": address}).report_url == (address or None)
