"""A whole site laid out: what lies in the inbox, when it came, what faults do to it, and that it can be begun again."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from loadgate.arriving.expected import expect
from loadgate.arriving.matching import match
from loadgate.content.loader import load
from loadgate.errors import Refused
from loadgate.model.deliveries import ArrivalState, ExpectedDelivery, ReceivedFile
from loadgate.model.scope import Scope
from loadgate.reading.files import Reading, read
from loadgate.samples.flis import layout
from loadgate.samples.flis.fault_kinds.planted import Planted
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
FEW = {"ledger": 4_000, "employees": 4_000, "absence": 4_000, "pupils": 4_000, "home_help": 4_000, "services": 4_000}


def few(seed: int = 1) -> World:
    found: World = worlds.small_world(seed, rows=FEW, count=4)
    return found


@pytest.fixture
def no_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """The past is tested where it is made; here it would only cost time."""
    monkeypatch.setattr(layout, "_write_past", lambda *_: 0)


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("laid") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "_write_past", lambda *_: 0)
        layout.lay_out(few(), out)
    return out


def received(out: Path) -> dict[str, datetime]:
    with (out / "inbox" / "received.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: datetime.fromisoformat(row["received_at"]) for row in csv.DictReader(file)}


def in_inbox(out: Path) -> dict[str, str]:
    """Name below the inbox → hash of the bytes."""
    inbox = out / "inbox"
    paths = sorted(path for path in inbox.rglob("*") if path.is_file())
    return {path.relative_to(inbox).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def expected(world: World, *, last: bool = False) -> list[ExpectedDelivery]:
    site = world.site
    return expect(
        calendar=site.calendar,
        assignments=site.assignments,
        suppliers=site.suppliers,
        systems=site.file.systems,
        timezone=site.file.timezone,
        period=world.period.previous if last else world.period,
        providers=site.providers,
    )


def delivery(world: World, stream: str, *, at: int = 0, last: bool = False) -> ExpectedDelivery:
    return [one for one in expected(world, last=last) if f"{one.system}/{one.dataset}" == stream][at]


def planted(*deliveries: str, **hooks: Any) -> Planted:
    return Planted(
        kind="made_up",
        where="here",
        period="2026-10",
        size=None,
        deliveries=frozenset(deliveries),
        known=deliveries,
        figures=(),
        expected=(),
        **hooks,
    )


def files_of(out: Path, one: ExpectedDelivery) -> list[Path]:
    """By the beginning of its pattern, which is its own."""
    folder, _, name = one.pattern.rpartition("/")
    return sorted((out / "inbox" / folder).glob(name.replace("{date}", "*").replace("{part}", "")))


def reading_of(out: Path, world: World, one: ExpectedDelivery, into: Path) -> Reading:
    into.mkdir(parents=True, exist_ok=True)
    spec = world.site.spec(supplier=one.supplier, system=one.system, dataset=one.dataset)
    dataset = world.site.dataset(one.dataset)
    return read(files_of(out, one), spec=spec, dataset=dataset, scope=Scope.of(delivery=one.id), into=into)


# ── what is there ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_content_is_the_sites_own_and_its_arrival_times_are_stated(laid: Path) -> None:
    site = load(laid)

    assert site.file.stated_times
    assert site.figures == worlds.whole_site().figures
    assert not (laid / "baselines" / "vintages").exists()
    assert (laid / "inbox").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("last", [False, True], ids=["this month", "last month"])
def test_every_expected_delivery_of_two_months_comes_before_it_is_due(laid: Path, last: bool) -> None:
    world = few()
    period = world.period.previous if last else world.period
    times = received(laid)
    files = [
        ReceivedFile(name=name, size_bytes=1, sha256=sha256, first_seen=times[name])
        for name, sha256 in in_inbox(laid).items()
        if name != "received.csv" and name.startswith(str(period))
    ]

    arrivals = match(
        expected(world, last=last),
        files,
        period=period,
        as_of=datetime(2026, 12, 31, tzinfo=UTC),
        known_versions={},
        earlier={},
        stated_times=True,
    )

    assert {one.state for one in arrivals.arrivals} == {ArrivalState.ON_TIME}
    assert arrivals.unexpected == ()
    assert arrivals.duplicates == ()


def test_some_deliveries_come_before_the_month_is_over_and_names_tell_the_day(laid: Path) -> None:
    world = few()
    end = datetime.combine(world.period.end, datetime.min.time()).astimezone(UTC)
    every = [layout.sent(world, one) for one in expected(world)]
    times = {name: moment for name, moment in received(laid).items() if name.startswith("2026-10/")}

    assert 0 < sum(moment < end for moment in every) < 0.2 * len(every)
    assert all(moment.date().isoformat() in name for name, moment in times.items())


def test_every_file_is_read_without_a_finding_and_holds_the_rows_of_the_world(laid: Path, tmp_path: Path) -> None:
    world = few()
    for number, one in enumerate(expected(world)):
        reading = reading_of(laid, world, one, tmp_path / str(number))

        assert [finding.kind for finding in reading.findings] == [], one.id
        drawn = rows(world, one.dataset, world.period).filter(pl.col("provider").is_in(list(one.providers)))
        columns = list(world.site.dataset(one.dataset).columns)
        came = pl.read_parquet(reading.typed).select(columns)
        assert came.sort(columns).equals(drawn.select(columns).sort(columns)), one.id


# ── the same again ─────────────────────────────────────────────────────────────────────────────────────────────

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import worlds
from loadgate.samples.flis import layout
layout._write_past = lambda *_: 0
layout.lay_out(worlds.small_world(rows={rows!r}, count=4), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("hashing", ["0", "4711"])
def test_the_same_seed_gives_the_same_bytes_in_every_process(laid: Path, tmp_path: Path, hashing: str) -> None:
    script = SCRIPT.format(rows=FEW)
    environment = os.environ | {"PYTHONHASHSEED": hashing}

    command = [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path / "site")]
    subprocess.run(command, env=environment, check=True)

    assert in_inbox(tmp_path / "site") == in_inbox(laid)


def test_another_seed_gives_other_files(laid: Path, tmp_path: Path, no_past: None) -> None:
    layout.lay_out(few(seed=2), tmp_path / "site")

    assert not set(in_inbox(tmp_path / "site").values()) & set(in_inbox(laid).values())


class Killed(Exception):
    pass


@pytest.mark.parametrize("pieces", [1, 14])
def test_killed_half_way_the_same_call_goes_on_and_ends_with_the_same_bytes(
    laid: Path, tmp_path: Path, no_past: None, pieces: int
) -> None:
    said: list[str] = []

    def die(line: str) -> None:
        said.append(line)
        if len(said) == pieces:
            raise Killed

    with pytest.raises(Killed):
        layout.lay_out(few(), tmp_path / "site", say=die)
    again: list[str] = []
    done = layout.lay_out(few(), tmp_path / "site", say=again.append)

    assert in_inbox(tmp_path / "site") == in_inbox(laid)
    assert len(again) == 26 - pieces + 1  # 13 datasets of two months; the piece that was being told is made again
    assert done.deliveries == len(expected(few()))


def test_a_site_that_is_finished_is_left_alone(laid: Path, no_past: None) -> None:
    before = {path: path.stat().st_mtime_ns for path in laid.rglob("*")}

    done = layout.lay_out(few(), laid)

    assert {path: path.stat().st_mtime_ns for path in laid.rglob("*")} == before
    assert done.rows > 0


def test_a_folder_with_another_sample_is_refused(laid: Path, no_past: None) -> None:
    with pytest.raises(Refused, match="holds another sample"):
        layout.lay_out(few(seed=2), laid)
    with pytest.raises(Refused, match="holds another sample"):
        layout.lay_out(few(), laid, faults=[planted(delivery(few(), "klp/employees").id, rows=_cleared)])


def test_a_folder_with_something_else_is_refused(tmp_path: Path, no_past: None) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(Refused, match="is not empty"):
        layout.lay_out(few(), tmp_path)


def test_nothing_in_the_site_says_which_faults_were_planted(tmp_path: Path, no_past: None) -> None:
    one = delivery(few(), "klp/employees")

    layout.lay_out(few(), tmp_path / "site", faults=[planted(one.id, rows=_cleared)])

    recipe = json.loads((tmp_path / "site" / layout.RECIPE).read_text())
    assert set(recipe) == {"sample", "period", "key", "finished", "laid"}
    assert "made_up" not in json.dumps(recipe)


# ── faults ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _cleared(_: ExpectedDelivery, _provider: str, frame: pl.DataFrame, _rng: object) -> pl.DataFrame:
    return frame.clear()


def test_faults_change_their_own_deliveries_and_no_others(laid: Path, tmp_path: Path, no_past: None) -> None:
    world = few()
    away, late = delivery(world, "klp/employees"), delivery(world, "prisme/ledger")
    cut, said = delivery(world, "klp/absence"), delivery(world, "tea/classes")
    old = delivery(world, "tea/pupils", last=True)
    faults = [
        planted(away.id, arrival=lambda _, __: None),
        planted(late.id, arrival=lambda one, _: one.due + timedelta(hours=3)),
        planted(cut.id, data=lambda _, data: data[: len(data) // 2]),
        planted(said.id, text=lambda _, frame: frame.with_columns(pl.lit("se notat").alias(frame.columns[-1]))),
        planted(old.id, rows=_cleared),
    ]

    done = layout.lay_out(world, tmp_path / "site", faults=faults)

    before, after = in_inbox(laid), in_inbox(tmp_path / "site")
    changed = {name for name in before | after if before.get(name) != after.get(name)} - {"received.csv"}
    touched = {
        path.relative_to(root / "inbox").as_posix()
        for root in (laid, tmp_path / "site")
        for one in (away, late, cut, said, old)
        for path in files_of(root, one)
    }
    assert changed == touched
    assert files_of(tmp_path / "site", away) == []
    assert done.deliveries == len(expected(world)) - 1
    (name,) = (path.relative_to(tmp_path / "site" / "inbox").as_posix() for path in files_of(tmp_path / "site", late))
    assert received(tmp_path / "site")[name] == late.due + timedelta(hours=3)
    assert reading_of(tmp_path / "site", world, said, tmp_path / "said").values_unreadable
    assert reading_of(tmp_path / "site", world, old, tmp_path / "old").rows_typed == 0


def test_a_fault_of_rows_sees_each_provider_of_a_shared_file_by_itself(tmp_path: Path, no_past: None) -> None:
    world = few()
    one = next(one for one in expected(world) if one.dataset == "population")
    seen: dict[str, set[str]] = {}

    def without_first(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: object) -> pl.DataFrame:
        seen[provider] = set(frame["municipality"])
        return frame.clear() if provider == one.providers[0] else frame

    layout.lay_out(world, tmp_path / "site", faults=[planted(one.id, rows=without_first)])
    reading = reading_of(tmp_path / "site", world, one, tmp_path / "read")

    assert seen == {provider: {provider} for provider in one.providers}
    assert set(pl.read_parquet(reading.typed)["municipality"]) == set(one.providers[1:])


def test_another_profile_changes_how_a_file_is_written(tmp_path: Path, no_past: None) -> None:
    world = few()
    one = delivery(world, "kmd_elev/pupils")

    def other(spec: Any) -> Any:
        return spec.model_copy(update={"format": spec.format.model_copy(update={"encoding": "utf-8"})})

    layout.lay_out(world, tmp_path / "site", faults=[planted(one.id, spec=other)])

    (path,) = files_of(tmp_path / "site", one)
    assert path.read_bytes().decode("utf-8")
    assert not path.read_bytes().isascii()


@pytest.mark.parametrize("last", [True, False], ids=["last month's", "another provider's"])
def test_another_deliverys_files_may_lie_under_its_name(tmp_path: Path, no_past: None, last: bool) -> None:
    world = few()
    mine = delivery(world, "tea/pupils")
    other = delivery(world, "tea/pupils", at=0 if last else 1, last=last)

    layout.lay_out(world, tmp_path / "site", faults=[planted(mine.id, instead={mine.id: other.id})])

    (own,), (others,) = files_of(tmp_path / "site", mine), files_of(tmp_path / "site", other)
    assert own.read_bytes() == others.read_bytes()


# ── large ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_datasets_that_are_written_as_they_are_made_hold_as_many_rows(
    tmp_path: Path, no_past: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = few()
    large = {"services", "ledger", "population", "home_help", "cases"}  # zip, trailers, Parquet, fixed width, two files
    monkeypatch.setattr(layout, "is_streamed", lambda _, name: name in large)
    layout.lay_out(world, tmp_path / "site")
    counts = dict.fromkeys(large, 0)

    for number, one in enumerate(one for one in expected(world) if one.dataset in large):
        reading = reading_of(tmp_path / "site", world, one, tmp_path / str(number))
        assert reading.findings == (), one.id
        counts[one.dataset] += reading.rows_typed

    assert counts == {name: rows(world, name, world.period).height for name in large}
