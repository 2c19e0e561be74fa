"""The statistics office's rules as the content has them, against the rules' text told once more, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgate.checking.harmonising.alternatives import Harmonised, Harmonising
from loadgate.checking.suites import Checking
from loadgate.content.loader import load
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.scope import Scope
from loadgate.model.site import Site

Row = dict[str, Any]
Said = dict[str, dict[int, object]]  # rule → row → what it says: a mark, or the value that it proposes
MOMENTS = ("started", "ended", "died")
TYPES = {
    **dict.fromkeys(("person", "service_code", "municipality", "target_group", "approved"), pl.String()),
    **dict.fromkeys(MOMENTS, pl.Datetime("us")),
    "quarter": pl.Date(),
}
FIRST, SECOND = date(2026, 1, 1), date(2026, 4, 1)


@pytest.fixture(scope="module")
def site() -> Site:
    return load(Path(__file__).resolve().parents[2])


def day(number: int) -> datetime:
    return datetime(2026, 1, 1) + timedelta(days=number)


def service(**given: object) -> Row:
    sound = {"person": "p", "service_code": "1.8.1", "municipality": "101", "target_group": "01", "approved": "J"}
    return {**dict.fromkeys(TYPES), **sound, "started": day(3), "quarter": FIRST, **given}


def ask(
    site: Site,
    folder: Path,
    rows: Sequence[Row],
    *,
    unread: Mapping[int, str] | None = None,
    cuts: Sequence[int] = (),
    held_bytes: int = 1 << 20,
) -> tuple[Harmonised, list[Outcome]]:
    """What suite and rules say of rows that come in pieces; `unread` names a value of a row that could not be read."""
    hidden = dict(unread or {})
    plain = [
        {name: None if hidden.get(place) == name else row[name] for name in TYPES} for place, row in enumerate(rows)
    ]
    flags = [
        pl.Series(f"_undecided.{name}", [hidden.get(place) == name for place in range(len(rows))])
        for name in sorted(set(hidden.values()))
    ]
    typed = pl.DataFrame(plain, schema=TYPES).with_row_index("_row").with_columns(pl.col("_row").alias("_line"), *flags)
    typed.write_parquet(folder / "typed.parquet")
    dataset, edges = site.dataset("services"), sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    with (
        Checking(
            dataset=dataset,
            code_lists=site.code_lists,
            providers=["101"],
            period="2026-10",
            scope=Scope(),
            into=folder,
        ) as checking,
        Harmonising(dataset=dataset, scope=Scope(), into=folder, held_bytes=held_bytes) as harmonising,
    ):
        for low, high in pairwise(edges):
            piece = typed[low:high]
            idle = [one.name for one in flags if not piece[one.name].any()]
            checking.add(piece.drop(idle))
            harmonising.add(piece.drop(idle))
        checked = checking.finish(folder / "typed.parquet")
        found = harmonising.finish(checked.outcomes, folder / "typed.parquet")
    return found, [*checked.outcomes, *found.outcomes]


def said(found: Harmonised) -> Said:
    """Of the rules alone."""
    told: Said = {outcome.check.removeprefix("services:"): {} for outcome in found.outcomes}
    for row, check, mark in pl.read_parquet(found.marks).rows():
        if (rule := check.removeprefix("services:")) in told:
            told[rule][row] = mark
    for row, check, _, value in pl.read_parquet(found.alternatives).rows():
        assert told[check.removeprefix("services:")][row] == "changed"
        told[check.removeprefix("services:")][row] = datetime.fromisoformat(value)
    return told


# ── the rules' text, on rows of which every value could be read ───────────────────────────────────────────────


def by_hand(rows: Sequence[Row]) -> Said:
    removed = {
        place: "removed"
        for place, row in enumerate(rows)
        if row["started"] and row["ended"] and row["ended"] < row["started"]
    }
    died = {place: row["died"] for place, row in enumerate(rows) if row["ended"] is None and row["died"] is not None}
    judged = {None: "undecided", "J": None}
    approval = {place: judged.get(row["approved"], "not approved") for place, row in enumerate(rows)}
    return {
        "dst_end_before_start": dict(removed),
        "dst_approval": {place: mark for place, mark in approval.items() if mark is not None},
        "dst_death": dict(died),
        "dst_overlap": overlaps(
            rows, ends={place: died.get(place, row["ended"]) for place, row in enumerate(rows)}, without=set(removed)
        ),
    }


def overlaps(rows: Sequence[Row], *, ends: Mapping[int, datetime | None], without: set[int]) -> dict[int, object]:
    found: dict[int, object] = {}
    people: dict[object, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row["service_code"] in {"1.8.1", "1.8.2"} and place not in without:
            if row["person"] is None or row["quarter"] is None:
                found[place] = "undecided"
            else:
                people[row["person"], row["quarter"]].append(place)

    def order(place: int) -> tuple[object, ...]:
        start = rows[place]["started"]
        return ends[place] or datetime.max, start is None, -(start or day(0)).timestamp(), place

    for stays in people.values():
        for front, behind in pairwise(sorted(stays, key=order)):
            if ends[front] is None or rows[behind]["started"] is None:
                found[behind] = "undecided"
            elif rows[behind]["started"] < ends[front]:
                found[behind] = ends[front]
    return found


# ── both on the same rows ─────────────────────────────────────────────────────────────────────────────────────

DAYS = st.none() | st.integers(0, 6).map(day)
ROW = st.fixed_dictionaries(
    {
        "person": st.sampled_from(["p", "p", "p", "q", None]),
        "service_code": st.sampled_from(["1.8.1", "1.8.2", "1.8.2", "1.1", None]),
        "municipality": st.just("101"),
        "target_group": st.just("01"),
        "approved": st.sampled_from(["J", "N", None]),
        **dict.fromkeys(MOMENTS, DAYS),
        "quarter": st.sampled_from([FIRST, FIRST, FIRST, SECOND, None]),
    }
)
CUTS, HELD = st.sets(st.integers(1, 8), max_size=3).map(sorted), st.sampled_from([1, 300, 1 << 20])
often = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_worked_example_of_the_office(site: Site, tmp_path: Path) -> None:
    stays = [
        ("2026-01-05", "2026-03-31"),
        ("2026-02-02", "2026-04-30"),
        ("2026-02-15", "2026-05-31"),
        ("2026-01-01", "2026-05-31"),
    ]
    rows = [service(started=datetime.fromisoformat(start), ended=datetime.fromisoformat(end)) for start, end in stays]

    found, _ = ask(site, tmp_path, rows)

    starts = {1: "2026-03-31", 2: "2026-04-30", 3: "2026-05-31"}
    assert said(found)["dst_overlap"] == {row: datetime.fromisoformat(start) for row, start in starts.items()}


@often
@given(rows=st.lists(ROW, min_size=1, max_size=9), cuts=CUTS, held_bytes=HELD)
def test_rows_that_could_be_read_are_told_as_the_rules_are_written(
    rows: list[Row], cuts: list[int], held_bytes: int, site: Site, tmp_path: Path
) -> None:
    found, _ = ask(site, tmp_path, rows, cuts=cuts, held_bytes=held_bytes)

    assert said(found) == by_hand(rows)


@often
@given(rows=st.lists(ROW, min_size=1, max_size=7), data=st.data(), cuts=CUTS, held_bytes=HELD)
def test_whatever_a_value_was_that_could_not_be_read_a_row_that_is_decided_is_right(
    rows: list[Row], data: st.DataObject, cuts: list[int], held_bytes: int, site: Site, tmp_path: Path
) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(["service_code", "approved", *MOMENTS]))

    found, outcomes = ask(site, tmp_path, rows, unread={place: column}, cuts=cuts, held_bytes=held_bytes)

    asked = {one.check.removeprefix("services:") for one in outcomes if one.state is OutcomeState.PASS}
    told, possible = said(found), list(worlds(rows, place, column))
    for rule in asked & set(told):
        for row in range(len(rows)):
            mark = told[rule].get(row)
            assert mark == "undecided" or all(world[rule].get(row) == mark for world in possible)


def worlds(rows: Sequence[Row], place: int, column: str) -> Iterator[Said]:
    """What the rules would say, had the value been this or that."""
    values: list[object] = [None, *map(day, range(-1, 8))]
    if column not in MOMENTS:
        values = [None, "1.8.1", "1.1", "J", "N"]
    for value in values:
        yield by_hand([*rows[:place], {**rows[place], column: value}, *rows[place + 1 :]])


@often
@given(rows=st.lists(ROW, min_size=1, max_size=7), data=st.data())
def test_as_many_rows_are_marked_as_are_counted(
    rows: list[Row], data: st.DataObject, site: Site, tmp_path: Path
) -> None:
    unread = data.draw(st.dictionaries(st.integers(0, 6), st.sampled_from([*TYPES]), max_size=3))

    found, outcomes = ask(site, tmp_path, rows, unread={row: name for row, name in unread.items() if row < len(rows)})

    marks = pl.read_parquet(found.marks)
    for outcome in outcomes:
        own = marks.filter(pl.col("check") == outcome.check)["outcome"].to_list()
        undecided = own.count("undecided")
        marked = outcome.observed if outcome in found.outcomes else outcome.rows_failed
        if outcome.state in {OutcomeState.PASS, OutcomeState.FAIL}:
            assert (len(own) - undecided, undecided) == ((marked or 0), (outcome.rows_undecided or 0)), outcome.check


# ── a row that a rule does not look at is none of its concern ─────────────────────────────────────────────────

PAIR = [service(started=day(1), ended=day(9)), service(started=day(3), ended=day(20))]
NOT_LOOKED_AT = [
    ("another service", "dst_overlap", service(service_code="1.1"), "ended"),
    ("a service of no kind", "dst_overlap", service(service_code=None), "started"),
    ("a death after an end", "dst_death", service(service_code="1.1", ended=day(4)), "died"),
    ("an open end of nobody who died", "dst_death", service(service_code="1.1"), "ended"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "row", "unread"), [one[1:] for one in NOT_LOOKED_AT], ids=[one[0] for one in NOT_LOOKED_AT]
)
def test_a_row_that_a_rule_surely_leaves_alone_is_not_undecided(
    rule: str, row: Row, unread: str, site: Site, tmp_path: Path
) -> None:
    found, _ = ask(site, tmp_path, [*PAIR, row], unread={2: unread})

    assert 2 not in said(found)[rule]
    assert said(found)["dst_overlap"] == {1: day(9)}


def test_a_row_that_may_be_a_stay_leaves_its_person_s_stays_undecided(site: Site, tmp_path: Path) -> None:
    found, _ = ask(site, tmp_path, [*PAIR, service(), service(person="q")], unread={2: "service_code"})

    assert said(found)["dst_overlap"] == dict.fromkeys((0, 1, 2), "undecided")
