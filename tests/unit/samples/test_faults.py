"""Planted faults: what may be asked for, what each does to rows and bytes, and what its truth says must be found."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from loadgate.checking.suites import check
from loadgate.errors import Exit
from loadgate.model.deliveries import ExpectedDelivery
from loadgate.model.kinds import Kind
from loadgate.model.scope import Scope
from loadgate.reading.files import read
from loadgate.samples.flis import truth, writing
from loadgate.samples.flis.fault_kinds.places import Place, expected_deliveries
from loadgate.samples.flis.fault_kinds.planted import Planted
from loadgate.samples.flis.faults import FAULTS, Fault, FaultError, parse, plant, random_mix
from loadgate.samples.flis.rows import rows
from loadgate.samples.flis.world import World


def _beside(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    found = sys.modules.get(name)
    if found is None:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        found = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    return found


worlds = _beside("worlds")
FEW = dict.fromkeys(("ledger", "employees", "absence", "pupils", "cases", "measures", "services", "home_help"), 6_000)
SEEN_IN_A_FILE = ("reading", "checking")


@cache
def world() -> World:
    found: World = worlds.small_world(3, rows=FEW, count=8)
    return found


@cache
def whole() -> World:
    """All providers; for what is asked for, not for rows."""
    return World(site=worlds.whole_site(), seed=3, period=worlds.OCTOBER)


def stream(where: str) -> list[ExpectedDelivery]:
    system, dataset = where.split("/")
    return [one for one in expected_deliveries(world()) if (one.system, one.dataset) == (system, dataset)]


def places(kind: str) -> Iterator[str]:
    """Every stream and its first provider, where the kind fits."""
    for where in sorted({f"{one.system}/{one.dataset}" for one in expected_deliveries(world())}):
        for asked in (f"{where}/{stream(where)[0].providers[0]}", where):
            try:
                parse(world(), f"{kind}@{asked}")
            except FaultError:
                continue
            yield asked


@cache
def drawn(dataset: str, provider: str) -> pl.DataFrame:
    return rows(world(), dataset, world().period, provider).select(list(world().site.dataset(dataset).columns))


def spoiled(planted: Planted, delivery: ExpectedDelivery, provider: str) -> pl.DataFrame:
    frame = drawn(delivery.dataset, provider)
    if planted.rows is None:
        return frame
    return planted.rows(delivery, provider, frame, world().rng("test", provider))


def one(text: str) -> tuple[Planted, ExpectedDelivery]:
    (planted,) = plant(world(), [text])
    delivery = next(one for one in expected_deliveries(world()) if one.id in planted.deliveries)
    return planted, delivery


NOT_TO_BE_SEEN = [  # places so small that the month looks as it may look without the fault
    (
        "never_closed@dubu/cases/851",
        "never_closed does not fit dubu/cases/851: about 8 a period are closed there, of which chance may leave none; "
        "it is seen where 13 are",
        "never_closed fits datasets whose rows end, and figures that count those",
    ),
    (
        "restated_history@bosted/services/851",
        "restated_history does not fit bosted/services/851: about 4 rows a period would go, too few to be told from "
        "corrections; it is seen where 15 do",
        "restated_history fits streams that hold closed periods: thirteen months, or quarters",
    ),
]


# ── what may be asked for ──────────────────────────────────────────────────────────────────────────────────────


def test_there_are_enough_kinds_and_each_causes_what_the_engine_can_find() -> None:
    assert len(FAULTS) >= 22
    known = {kind.value for kind in Kind}
    assert {cause for kind in FAULTS.values() for cause in kind.causes} - known == set()


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("missing", "--fault missing: it says not where", "KIND@system/dataset[/provider][=SIZE]"),
        ("mising@prisme/ledger", "there is no kind of fault 'mising'", "did you mean missing?"),
        ("missing@prism/ledger", "no deliveries come from a system 'prism'", "did you mean prisme?"),
        ("missing@prisme/ledgers", "prisme sends no dataset 'ledgers'", "did you mean ledger?"),
        ("missing@prisme/ledger/1470", "there is no provider '1470'", "did you mean 147?"),
        ("missing@prisme/ledger/101", "prisme does not serve the provider 101 with ledger", "kmd_opus/ledger/101"),
        ("missing@prisme/ledger=2", "missing has no size", "missing@WHERE"),
        (
            "truncated@prisme/ledger=2",
            "'2' is no size of truncated",
            "share of the bytes that is left, 0.05 to 0.95, 0.6 if left out",
        ),
        ("shared_shift@prisme/ledger/147", "shared_shift acts on a whole system", "shared_shift@prisme/ledger"),
        (
            "late@prisme/ledger=500",
            "late does not fit prisme/ledger: waiting ends 96 hours after it is due, then it is missing",
            "late fits every stream; whole deliveries",
        ),
        (
            "wrong_encoding@kmd_boern/measures",
            "wrong_encoding does not fit kmd_boern/measures: parquet has no encoding of its own; it fits csv with "
            "letters beyond ASCII in its header",
            "wrong_encoding fits csv with letters beyond ASCII in its header; whole deliveries",
        ),
        (
            "missing@cpr/population/101",
            "missing does not fit cpr/population/101: it is a fault of a whole file, and population comes in one file "
            "for several providers: leave the provider out, or plant provider_absent",
            "missing fits every stream; whole deliveries",
        ),
        (
            "late_absence@klp/employees",
            "late_absence does not fit klp/employees: only absence is registered late; it fits the dataset absence",
            "late_absence fits absence",
        ),
        *NOT_TO_BE_SEEN,
    ],
)
def test_what_cannot_be_planted_is_refused_with_a_way_out(text: str, message: str, fix: str) -> None:
    with pytest.raises(FaultError) as refused:
        plant(whole(), [text])

    assert (refused.value.message, refused.value.fix) == (message, fix)
    assert refused.value.exit is Exit.USAGE


def test_a_size_may_be_a_percentage() -> None:
    assert parse(whole(), "shared_shift@prisme/ledger=5%").size == 0.05


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("missing@prisme/ledger/147", "truncated@prisme/ledger/147"),
        ("missing@prisme/ledger", "late@prisme/ledger/147"),
        ("unit_x1000@prisme/ledger", "neighbouring_function@prisme/ledger/147"),
        ("provider_absent@cpr/movements/101", "free_text@cpr/movements/101"),
        ("known_error_within@as2007/cases", "known_error_gone@as2007/cases"),
        ("known_error_gone@as2007/cases", "missing@as2007/cases/169"),
    ],
)
def test_faults_that_would_hide_each_other_are_refused(first: str, second: str) -> None:
    for asked in ([first, second], [second, first]):
        with pytest.raises(FaultError, match="would hide each other on 2026-10/"):
            plant(whole(), asked)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("late@prisme/ledger/147", "truncated@prisme/ledger/147"),
        ("missing@prisme/ledger/147", "missing@prisme/budget/147"),
        ("provider_absent@cpr/movements/101", "free_text@cpr/movements/147"),
        ("known_error_within@as2007/cases", "truncated@as2007/cases/169"),
        ("known_error_above@as2007/cases", "never_closed@as2007/cases/169"),
    ],
)
def test_faults_that_can_be_told_apart_are_planted_together(first: str, second: str) -> None:
    assert [one.kind for one in plant(whole(), [first, second])] == [first.split("@")[0], second.split("@")[0]]


def test_a_random_mix_is_the_same_for_a_seed_and_touches_no_delivery_twice() -> None:
    def asked(mix: list[Fault]) -> list[tuple[str, str]]:
        return [(fault.kind.name, fault.place.where) for fault in mix]

    mix = random_mix(whole(), 20)
    assert asked(mix) == asked(random_mix(whole(), 20))
    assert len({fault.kind.name for fault in mix}) >= 15
    touched = [name for planted in plant(whole(), mix) for name in planted.grips]
    assert len(touched) == len(set(touched))
    other = World(site=whole().site, seed=4, period=whole().period)
    assert asked(random_mix(other, 20)) != asked(mix)


# ── what a file shows ──────────────────────────────────────────────────────────────────────────────────────────


def found_in(planted: Planted, delivery: ExpectedDelivery, place: Place, into: Path) -> set[tuple[str, str | None]]:
    """Write the delivery as the fault has it, read and check it as its profile says; findings' kinds and checks."""
    dataset = place.dataset
    spec = place.spec if planted.spec is None else planted.spec(place.spec)
    typed = pl.concat([spoiled(planted, delivery, name) for name in delivery.providers])
    text = writing.text(typed, spec, dataset)
    if planted.text is not None:
        text = planted.text(delivery, text)
    data = writing.file_bytes(text, spec, dataset, parts=2, typed=typed if planted.text is None else None)
    path = into / "file"
    path.write_bytes(data if planted.data is None else planted.data(delivery, data))
    was_read = read([path], spec=place.spec, dataset=dataset, scope=delivery.scope, into=into)
    found = {(finding.kind.value, finding.check) for finding in was_read.findings}
    checked = check(
        was_read.typed,
        dataset=dataset,
        code_lists=place.site.code_lists,
        providers=delivery.providers,
        period=delivery.period,
        scope=delivery.scope,
        into=into,
    )
    return found | {("checking.failed", outcome.check) for outcome in checked.outcomes if outcome.state.value == "fail"}


FILE_KINDS = [
    kind.name
    for kind in FAULTS.values()
    if {cause.partition(".")[0] for cause in kind.causes} <= set(SEEN_IN_A_FILE) and not kind.name.startswith("known")
]


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_a_fault_of_a_file_shows_what_its_truth_says(kind: str, tmp_path: Path) -> None:
    chosen = list(places(kind))
    shown = {where.split("/")[1]: where for where in chosen}  # once for each dataset
    assert shown
    for number, where in enumerate(shown.values()):
        planted, delivery = one(f"{kind}@{where}")
        into = tmp_path / str(number)
        into.mkdir()

        found = found_in(planted, delivery, parse(world(), f"{kind}@{where}").place, into)

        wanted = [expected for expected in planted.expected if Scope.parse(expected.scope).overlaps(delivery.scope)]
        for expected in wanted:
            assert any(expected.kind == name and expected.check in (None, rule) for name, rule in found), where


def test_a_clean_file_shows_nothing(tmp_path: Path) -> None:
    for number, where in enumerate(("as2007/cases", "klp/employees", "tea/classes")):
        delivery = stream(where)[0]
        (late,) = plant(world(), [f"late@{where}/{delivery.unit}"])
        into = tmp_path / str(number)
        into.mkdir()
        assert found_in(late, delivery, parse(world(), f"late@{where}").place, into) == set()


# ── what figures show ──────────────────────────────────────────────────────────────────────────────────────────


def newest(frame: pl.DataFrame, column: str = "month") -> pl.DataFrame:
    return frame.filter(pl.col(column) == pl.col(column).max())


def first_place(kind: str, dataset: str) -> str:
    return next(where for where in places(kind) if where.split("/")[1] == dataset and where.count("/") == 2)


def before_and_after(kind: str, dataset: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    planted, delivery = one(f"{kind}@{first_place(kind, dataset)}")
    provider = delivery.providers[0]
    return drawn(dataset, provider), spoiled(planted, delivery, provider)


def test_money_in_another_unit_is_a_thousand_times_itself_in_every_row() -> None:
    before, after = before_and_after("unit_x1000", "ledger")
    assert (after["amount"] == before["amount"] * 1000).all()


def test_history_is_restated_in_all_periods_but_the_newest() -> None:
    before, after = before_and_after("restated_history", "ledger")
    assert newest(after).equals(newest(before))
    old = pl.col("month") < pl.col("month").max()
    ratio = float(after.filter(old)["amount"].sum()) / float(before.filter(old)["amount"].sum())
    assert ratio == pytest.approx(1.1, rel=1e-4)


def test_cases_never_closed_have_no_closing_date() -> None:
    before, after = before_and_after("never_closed", "cases")
    assert before["closed"].null_count() < before.height == after["closed"].null_count()


def test_late_absence_is_missing_in_the_newest_month_only() -> None:
    before, after = before_and_after("late_absence", "absence")
    assert newest(after).height == pytest.approx(0.25 * newest(before).height, abs=1)
    assert after.height - newest(after).height == before.height - newest(before).height


def test_postings_on_a_neighbouring_function_leave_the_sum_as_it_was() -> None:
    before, after = before_and_after("neighbouring_function", "ledger")
    assert before["amount"].sum() == after["amount"].sum()
    moved = before["function"] != after["function"]
    assert moved.any()
    assert after.filter(moved).equals(newest(after.filter(moved)))
    assert before.filter(moved)["function"].n_unique() == after.filter(moved)["function"].n_unique() == 1


def test_about_half_of_what_the_function_spent_stands_on_its_neighbour() -> None:
    before, after = before_and_after("neighbouring_function", "ledger")
    moved = before["function"] != after["function"]
    source = before.filter(moved)["function"][0]
    spent = newest(before).filter((pl.col("function") == source) & pl.col("account_class").is_in(["1", "2"]))
    assert float(before.filter(moved)["amount"].sum() / spent["amount"].sum()) == pytest.approx(0.5, abs=0.15)


def test_what_is_frozen_repeats_the_month_before() -> None:
    before, after = before_and_after("frozen", "ledger")
    last = before.filter(pl.col("month") == newest(before)["month"][0] - timedelta(days=30))
    assert newest(after)["amount"].sum() == last["amount"].sum() != newest(before)["amount"].sum()
    assert newest(after)["month"][0] == newest(before)["month"][0] == date(2026, 10, 1)


def test_a_frozen_month_that_stands_alone_is_last_months_delivery() -> None:
    _, after = before_and_after("frozen", "pupils")
    planted, delivery = one(f"frozen@{first_place('frozen', 'pupils')}")
    last = rows(world(), "pupils", world().period.previous, delivery.providers[0])
    assert after["month"].unique().to_list() == [date(2026, 10, 1)]
    assert after["grade"].value_counts().sort("grade").equals(last["grade"].value_counts().sort("grade"))
    assert planted.expected[0].kind == "trend.frozen"


# ── registered errors ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "low", "high"), [("known_error_within", 0.0, 1.0), ("known_error_above", 1.5, 4.5)])
def test_a_registered_error_is_planted_below_or_above_its_ceiling(kind: str, low: float, high: float) -> None:
    where = next(place for place in places(kind) if place.split("/")[1] == "cases")
    planted, _ = one(f"{kind}@{where}")
    error = next(error for error in world().site.known_errors if error.id == planted.expected[0].put_down_to)
    deliveries = [one for one in expected_deliveries(world()) if one.id in planted.deliveries]
    before = pl.concat([drawn("cases", one.providers[0]) for one in deliveries])
    after = pl.concat([spoiled(planted, one, one.providers[0]) for one in deliveries])

    spoilt = (before["reason"] != after["reason"]).sum()

    assert error.ceiling.share is not None
    assert low < spoilt / before.height / error.ceiling.share <= high


def test_an_error_that_is_gone_was_in_last_months_deliveries() -> None:
    where = next(place for place in places("known_error_gone") if place.split("/")[1] == "cases")
    planted, _ = one_of_last_month(where)
    assert {name.partition("/")[0] for name in planted.deliveries} == {"2026-09"}
    assert {name.partition("/")[0] for name in planted.known} == {"2026-10"}
    assert [expected.kind for expected in planted.expected] == ["known_error.gone"]


def one_of_last_month(where: str) -> tuple[Planted, None]:
    (planted,) = plant(world(), [f"known_error_gone@{where}"])
    return planted, None


# ── arrival and truth ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_comes_late_comes_before_waiting_ends() -> None:
    planted, delivery = one(f"late@{next(places('late'))}")
    assert planted.arrival is not None
    moment = planted.arrival(delivery, delivery.due - timedelta(days=1))
    assert moment is not None
    assert delivery.due < moment < delivery.closes


def test_after_a_change_of_system_nothing_of_the_new_one_comes() -> None:
    (planted,) = plant(whole(), ["nothing_after_change@tea/pupils"])
    assert planted.known == ("2026-10/tea/classes/461", "2026-10/tea/pupils/461")
    assert [expected.kind for expected in planted.expected] == ["arrival.missing", "arrival.missing"]


def test_another_providers_content_names_both_deliveries() -> None:
    (planted,) = plant(whole(), ["other_content@dubu/cases/260"])
    ((mine, other),) = planted.instead.items()
    assert mine == "2026-10/dubu/cases/260"
    assert planted.known == tuple(sorted([mine, other]))


def test_the_truth_is_a_list_that_says_what_must_be_found(tmp_path: Path) -> None:
    path = tmp_path / "there" / "truth.json"

    truth.write(path, plant(whole(), ["missing@prisme/ledger/147", "unit_x1000@klp/employees=100"]))

    missing, unit = json.loads(path.read_text())
    assert missing["kind"] == "missing"
    assert missing["where"] == "prisme/ledger/147"
    assert missing["period"] == "2026-10"
    assert missing["deliveries"] == ["2026-10/prisme/ledger/147"]
    assert "spending" in missing["figures"]
    (expected,) = missing["expected_findings"]
    assert (expected["kind"], expected["check"]) == ("arrival.missing", None)
    assert Scope.parse(expected["scope"]).delivery == {"2026-10/prisme/ledger/147"}
    assert unit["size"] == 100
    assert set(unit) == {"kind", "where", "period", "deliveries", "figures", "size", "expected_findings"}
