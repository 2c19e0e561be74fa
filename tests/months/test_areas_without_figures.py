"""An area that publishes no key figure of its own is compared with its last approved delivery like any other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from loadgate.model.period import Period
from loadgate.running import baseline, deciding

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite, SmallSite

JANUARY, FEBRUARY = "2026-01", "2026-02"
SHARE = "cases:category_share_to_be_near_reference(kind)"
EXPECTED = {
    "care/cases": """\
  - type: expect_category_share_to_be_near_reference
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 20}
    reason: It moves slowly.
""",
    "aid/measures": """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
""",
}


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    return make_site(
        systems={"desk": "care", "aid": "aid"},
        counted=("aid", "measures"),
        delivered={"desk/cases": "", "aid/measures": ""},
        of_kinds=EXPECTED,
    )


def send(site: SmallSite, period: str, *, special: tuple[int, int]) -> None:
    """Thirty rows of each dataset from each town, so many of a special kind."""
    for dataset in ("cases", "measures"):
        for town, count in zip((101, 102), special, strict=True):
            rows = [f"{period};{'S' if n < count else 'N'}" for n in range(30)]
            site.deliver(f"{period}/{dataset}_{town}.csv", "month;kind", *rows)


def test_its_checks_against_the_last_approved_delivery_are_asked(site: SmallSite) -> None:
    send(site, JANUARY, special=(10, 10))
    site.approve(site.run(JANUARY).run)
    send(site, FEBRUARY, special=(10, 20))

    february = site.run(FEBRUARY)
    opened = february.open()
    inputs = opened.inputs(february.run)
    _, outcomes = deciding.gather(opened, inputs, opened.frozen(inputs.content))

    found = {town: one.state.value for one in outcomes if one.check == SHARE for town in one.scope.provider or ()}
    assert found == {"101": "pass", "102": "fail"}


def test_what_was_withheld_is_no_earlier_delivery_to_compare_with(site: SmallSite) -> None:
    send(site, JANUARY, special=(10, 10))
    opened = site.approve(site.run(JANUARY).run)
    (january,) = baseline.history(opened, Period.parse(FEBRUARY))
    later = "2026-02-001"
    body = {"run": later, "withheld": ["care/101"]}
    opened.state.ledger.append("released", "test", body, datetime(2026, 3, 9, tzinfo=UTC))

    found = [baseline.newest_approved(opened, [january, later], f"care/{town}") for town in (101, 102)]

    assert found == [january, later]
