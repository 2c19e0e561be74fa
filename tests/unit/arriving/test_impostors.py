"""The same content twice: whose it is, by what each looked like the period before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.arriving.findings import findings
from loadgate.arriving.impostors import MIN_ROWS, exchanged, impostors
from loadgate.arriving.likeness import goes_on, unlikeness
from loadgate.arriving.owners import (
    CONTENT_MARGIN,
    SIZE_MARGIN,
    SIZE_TIMES,
    groups,
    impostors_among,
    is_anothers,
    size_distance,
)
from loadgate.model.expected import Column, Dataset
from loadgate.model.fingerprint import Fingerprint, ProviderPrint
from loadgate.model.identity import sha256
from loadgate.model.kinds import Kind

AS_OF = datetime(2026, 11, 30, tzinfo=UTC)
X, Y = "2026-10/prisme/ledger/101", "2026-10/prisme/ledger/147"
TWINS = {f"prisme/2026-10/{unit}.csv": ((11, 1), "x" * 1000) for unit in ("101", "147")}


@pytest.mark.parametrize(
    ("distances", "strange"),
    [
        ({"x": 0.8, "y": 0.02}, {"x"}),
        ({"x": 0.16, "y": 0.0}, {"x"}),
        ({"x": 0.15, "y": 0.0}, None),
        ({"x": 0.3, "y": 0.1}, None),
        ({"x": 0.8, "y": 0.02, "z": 0.5}, {"x", "z"}),
        ({"x": 0.8, "y": 0.02, "z": 0.01}, None),
        ({"x": None, "y": 0.02}, {"x"}),
        ({"x": None, "y": 0.4}, None),
        ({"x": None, "y": None}, None),
    ],
)
def test_all_but_the_one_that_is_clearly_nearest_its_own_are_impostors(
    distances: dict[str, float | None], strange: set[str] | None
) -> None:
    assert impostors_among(distances, margin=SIZE_MARGIN, times=SIZE_TIMES) == strange


def test_sizes_of_nothing_have_no_distance() -> None:
    assert size_distance(10, 0) is size_distance(0, 10) is None
    assert size_distance(10, 10) == 0


def test_pairs_that_touch_are_one_group() -> None:
    assert groups([("a", "b"), ("c", "b"), ("d", "e")]) == [frozenset("abc"), frozenset("de")]


@pytest.mark.parametrize(
    ("before", "named"),
    [
        ({X: 400, Y: 990}, {"101"}),
        ({X: 1010, Y: 2000}, {"147"}),
        ({}, {"101", "147"}),
        ({X: 1000, Y: 1010}, set()),  # the rows will tell
    ],
)
def test_of_two_with_the_same_bytes_the_one_of_another_size_than_before_is_named(
    expected: Callable[..., Any], arrive: Callable[..., Any], before: dict[str, int], named: set[str]
) -> None:
    found = findings(arrive(expected(), TWINS), as_of=AS_OF, before=before)

    assert {min(one.scope.provider or ()) for one in found} == named
    assert {one.kind for one in found} <= {Kind.IMPOSTOR}


def test_an_old_file_is_a_duplicate_whatever_its_size(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    from loadgate.model.identity import key_of

    earlier = {key_of([sha256(b"x" * 1000)]): "2026-09/prisme/ledger/147"}

    found = findings(arrive(expected(), TWINS, earlier=earlier), as_of=AS_OF, before={X: 400, Y: 1000})

    told = {(one.kind, min(one.scope.provider or ())) for one in found}
    assert told == {(Kind.DUPLICATE, "101"), (Kind.DUPLICATE, "147"), (Kind.IMPOSTOR, "101")}


def printed(content: str, **providers: str) -> Fingerprint:
    prints = (ProviderPrint(provider=p[1:], rows=MIN_ROWS, sha256=sha256(c.encode())) for p, c in providers.items())
    return Fingerprint(rows=9, columns=("a",), prints=(), sha256=sha256(content.encode()), providers=tuple(prints))


def test_who_decides_names_the_impostor_and_the_owner_is_what_it_is_like(expected: Callable[..., Any]) -> None:
    wanted = expected()

    found = impostors(
        {one.id: printed("same") for one in wanted},
        wanted,
        decide=lambda claims: frozenset(one for one in claims if one.id == X),
    )

    assert [(one.scope, one.evidence.like) for one in found] == [(wanted[0].scope, Y)]  # type: ignore[union-attr]


def test_a_providers_rows_that_are_anothers_in_a_file_for_both_are_impostors(expected: Callable[..., Any]) -> None:
    (shared,) = expected(per="all", files="{system}/{period}.csv")

    found = impostors({shared.id: printed("whole", p101="same", p147="same", p151="other")}, [shared])

    assert {min(one.scope.provider or ()) for one in found} == {"101", "147"}
    assert {one.evidence.like for one in found} == {f"{shared.id} (101)", f"{shared.id} (147)"}  # type: ignore[union-attr]
    assert {one.scope.delivery for one in found} == {frozenset({shared.id})}


def test_few_rows_of_a_provider_may_be_alike_by_chance(expected: Callable[..., Any]) -> None:
    (shared,) = expected(per="all", files="{system}/{period}.csv")
    few = tuple(ProviderPrint(provider=name, rows=MIN_ROWS - 1, sha256="s") for name in ("101", "147"))

    found = impostors({shared.id: Fingerprint(rows=9, columns=(), prints=(), sha256="w", providers=few)}, [shared])

    assert found == []


def write(path: Path, provider: str, *, month: str, scale: int) -> Path:
    rows = {
        "municipality": [provider] * 40,
        "month": [month] * 40,
        "school": [f"{provider}-{n % 9}" for n in range(40)],
        "pupils": [n * scale for n in range(40)],
    }
    pl.DataFrame(rows).write_parquet(path)
    return path


def test_rows_are_more_like_their_own_providers_of_the_month_before(tmp_path: Path) -> None:
    columns: dict[str, dict[str, Any]] = {"municipality": {}, "month": {}, "school": {}, "pupils": {"type": "integer"}}
    dataset = Dataset(
        dataset="classes",
        area="school",
        title="",
        provider_column="municipality",
        columns={name: Column.model_validate(facts) for name, facts in columns.items()},
    )
    now = write(tmp_path / "now", "147", month="2026-10", scale=21)
    own = write(tmp_path / "own", "147", month="2026-09", scale=20)
    other = write(tmp_path / "other", "101", month="2026-09", scale=20)

    near = unlikeness(now, own, dataset=dataset, provider="147")
    far = unlikeness(now, other, dataset=dataset, provider=None)

    assert near is not None
    assert far is not None
    assert impostors_among({"x": far, "y": near}, margin=CONTENT_MARGIN) == {"x"}
    assert unlikeness(now, own, dataset=dataset, provider="101") is None


OLD = {"101": 1000, "147": 2000, "151": 2020, "153": 4000}


@pytest.mark.parametrize(
    ("sizes", "owners", "named"),
    [
        ({"101": 2010, "147": 1005}, {"101": "147", "147": "101"}, {"101": "147", "147": "101"}),
        ({"101": 2010}, {"101": "151"}, {"101": "151"}),
        ({"101": 2010}, {}, {}),  # it grew, and goes on from its own rows
        ({"101": 1040, "147": 1005}, {"101": "147", "147": "101"}, {"147": "101"}),  # hardly moved: not opened
        ({"101": 1500}, {"101": "147"}, {}),  # nearly as far from the other as from its own
    ],
)
def test_a_delivery_whose_rows_go_on_from_anothers_is_that_ones(
    expected: Callable[..., Any], sizes: dict[str, int], owners: dict[str, str], named: dict[str, str]
) -> None:
    deliveries = expected(assigned=[{"provider": unit} for unit in OLD], providers=tuple(OLD))
    by_unit = {one.unit: one.id for one in deliveries}
    before = {by_unit[unit]: size for unit, size in OLD.items()}
    now = before | {by_unit[unit]: size for unit, size in sizes.items()}

    found = exchanged(now, before, deliveries, is_of=lambda mine, other: owners.get(mine.unit) == other.unit)

    like = {next(iter(one.scope.provider or ())): one.evidence.like for one in found}  # type: ignore[union-attr]
    assert like == {unit: by_unit[owner] for unit, owner in named.items()}


def test_where_all_files_grew_alike_none_is_opened_and_one_that_did_not_is(expected: Callable[..., Any]) -> None:
    deliveries = expected(assigned=[{"provider": unit} for unit in OLD], providers=tuple(OLD))
    by_unit = {one.unit: one.id for one in deliveries}
    before = {by_unit[unit]: size for unit, size in OLD.items()}
    grown = {name: size * 13 // 10 for name, size in before.items()}
    opened = []

    def is_of(mine: Any, other: Any) -> bool:
        opened.append((mine.unit, other.unit))
        return True

    assert exchanged(grown, before, deliveries, is_of=is_of) == []
    assert opened == []
    assert [
        one.evidence.like for one in exchanged(grown | {by_unit["101"]: 2600}, before, deliveries, is_of=is_of)
    ] == [  # type: ignore[union-attr]
        by_unit["147"]
    ]


def test_rows_are_anothers_where_it_had_the_values_of_a_column_and_oneself_had_not() -> None:
    assert is_anothers({"pupil": 0.0, "month": 0.0}, {"pupil": 0.98, "month": 0.0})
    assert not is_anothers({"pupil": 0.5}, {"pupil": 0.98})
    assert not is_anothers({"amount": 0.01}, {"amount": 0.3})
    assert not is_anothers({}, {"pupil": 0.98})


def test_values_that_went_on_are_counted_by_column(tmp_path: Path) -> None:
    people = Dataset.model_validate(
        {
            "dataset": "pupils",
            "area": "school",
            "title": "Pupils",
            "columns": {"pupil": {"type": "text", "personal": True}, "grade": {"type": "integer"}},
        }
    )
    for name, first in (("before", 0), ("now", 10)):
        rows = pl.DataFrame({"pupil": [str(n) for n in range(first, first + 40)], "grade": [n % 5 for n in range(40)]})
        rows.write_parquet(tmp_path / name)

    assert goes_on(tmp_path / "now", tmp_path / "before", dataset=people) == {"pupil": 0.75}
