"""A file that nobody looked at before; out, it was there in the look, and the run, that saw it first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loadgate.cli.sites import init
from loadgate.model.deliveries import ArrivalState
from loadgate.running.opened import Opened, open_site
from loadgate.running.opening import current_period, look, open_run

SYSTEM = """
[[systems]]
id = "books"
name = "Books"
area = "economy"
vendor = "acme"
"""
SUITE = """dataset: ledger
area: economy
title: Postings
columns: {amount: {type: integer}}
expectations: []
"""
PROFILE = """supplier: courier
name: The courier
deliveries:
  - system: books
    dataset: ledger
    files: "{period}/{provider}.csv"
    format: {delimiter: ";"}
    columns: [{source: amount, column: amount}]
    reason: What the supplier writes.
"""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A site of one provider, which keeps no list of arrival times."""
    init(tmp_path, source="empty")
    settings = tmp_path / "site.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + SYSTEM, encoding="utf-8")
    profiles = tmp_path / "vendor_profiles"
    (profiles / "providers.csv").write_text("id,name,region\np1,One,North\n", encoding="utf-8")
    (profiles / "assignments.csv").write_text(
        "area,provider,system,system_version,supplier,valid_from,valid_to\neconomy,p1,books,,courier,2015-01-01,\n",
        encoding="utf-8",
    )
    (profiles / "courier.yaml").write_text(PROFILE, encoding="utf-8")
    suite = tmp_path / "expectations" / "suites" / "economy" / "ledger.yaml"
    suite.parent.mkdir(parents=True)
    suite.write_text(SUITE, encoding="utf-8")
    opened = open_site(tmp_path)
    yield opened
    opened.close()


def deliver(opened: Opened) -> None:
    path = opened.places.site / "inbox" / str(current_period(opened.site())) / "p1.csv"
    path.parent.mkdir()
    path.write_text("amount\n1\n", encoding="utf-8")


def test_a_file_counts_in_the_run_that_sees_it_first(opened: Opened) -> None:
    deliver(opened)

    ref = open_run(opened, current_period(opened.site()), as_of=None, actor="tests")

    (arrival,) = opened.inputs(ref.run).arrivals
    assert arrival.state is ArrivalState.ON_TIME


def test_a_file_does_not_count_at_a_moment_before_it_was_seen(opened: Opened) -> None:
    deliver(opened)
    period = current_period(opened.site())
    first = look(opened, period, as_of=None)

    (before,) = look(opened, period, as_of=first.as_of.replace(year=first.as_of.year - 1)).arrivals

    assert before.state is ArrivalState.AWAITED
