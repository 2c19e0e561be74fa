"""A provider whose line is gone from assignments.csv: told, unless the content says that it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgate.model.kinds import Kind, Severity
from loadgate.running import deciding
from loadgate.running.release import release

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite, SmallSite

    from loadgate.model.findings import Finding

JANUARY, FEBRUARY, MARCH = "2026-01", "2026-02", "2026-03"
EXPECTED = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
"""


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    made = make_site({}, towns=["101", "102"], of_kinds={"care/cases": EXPECTED})
    for period in (JANUARY, FEBRUARY, MARCH):
        for town in ("101", "102"):
            made.deliver(f"{period}/cases_{town}.csv", "month;kind", f"{period};{town}")
    assign(made, "101", "102")
    release(made.run(JANUARY), actor="anna")
    return made


def assign(site: SmallSite, *lines: str) -> None:
    """`102` holds still, `102 2026-01-31` ended."""
    path = site.path / "vendor_profiles/assignments.csv"
    head, first, *_ = path.read_text().splitlines()
    names, one = head.split(","), dict(zip(head.split(","), first.split(","), strict=True))
    rows = [one | dict(zip(("provider", "valid_to"), [*line.split(), ""], strict=False)) for line in lines]
    path.write_text("\n".join([head, *(",".join(row[name] for name in names) for row in rows)]) + "\n")


def told(site: SmallSite, period: str) -> list[Finding]:
    ref = site.run(period)
    return [one for one in deciding.stored(ref.open(), ref.run).findings if one.kind is Kind.UNASSIGNED]


def test_a_provider_whose_line_is_gone_is_told(site: SmallSite) -> None:
    assign(site, "101")

    (found,) = told(site, FEBRUARY)

    assert found.severity is Severity.WARNING
    assert (found.scope.area, found.scope.provider) == (frozenset({"care"}), frozenset({"102"}))


@pytest.mark.parametrize("lines", [("101", "102"), ("101", "102 2026-01-31")])
def test_a_provider_that_is_there_or_ended_is_not(site: SmallSite, lines: tuple[str, ...]) -> None:
    assign(site, *lines)

    assert told(site, FEBRUARY) == []


def test_an_older_system_that_ended_long_ago_is_no_end_of_the_provider(site: SmallSite) -> None:
    assign(site, "101", "102 2025-06-30")

    (found,) = told(site, FEBRUARY)

    assert found.scope.provider == frozenset({"102"})


def test_what_was_released_without_the_provider_is_not_told_again(site: SmallSite) -> None:
    assign(site, "101")
    release(site.run(FEBRUARY), actor="anna")

    assert told(site, MARCH) == []
