"""What can be wrong with a delivery, one by one: each is found, judged as the default gate says, and crashes nothing.

Faults are marked rather than withheld; a part is withheld only where nothing of its delivery can be used.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PERIOD, PROVIDER, OTHER = "2024-02", "04", "10"
PART = f"notifications/{PROVIDER}"

Lines = list[bytes]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is done to provider 04's delivery; the kinds found beyond those of a quiet month; what becomes of its part.

    `kinds` are (kind, severity); `part` is the verdict of the part, `run` of the run.
    """

    do: Callable[[Any], object]
    kinds: set[tuple[str, str]]
    part: str
    run: str
    state: str = "on time"


def delivery(site: Any) -> Path:
    path: Path = site.file(PERIOD, PROVIDER)
    return path


def rewritten(edit: Callable[[Lines], Lines]) -> Callable[[Any], object]:
    return lambda site: site.rewrite(PERIOD, PROVIDER, edit)


def bytes_changed(edit: Callable[[bytes], bytes]) -> Callable[[Any], object]:
    return lambda site: delivery(site).write_bytes(edit(delivery(site).read_bytes()))


def take_away(site: Any) -> None:
    path = delivery(site)
    path.unlink()
    site.receive({site.name_of(path): None})


def arrive(at: str) -> Callable[[Any], object]:
    return lambda site: site.receive({site.name_of(delivery(site)): at})


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


def field(place: int, value: bytes, *rows: int) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        changed = list(lines)
        for row in rows:
            fields = lines[row].rstrip(b"\n").split(b"\t")
            fields[place] = value
            changed[row] = b"\t".join(fields) + b"\n"
        return changed

    return edit


def longer(*rows: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line.rstrip(b"\n") + b"\tmore\n" if row in rows else line for row, line in enumerate(lines)]


def last_months_rows(site: Any) -> Lines:
    rows: Lines = site.lines("2024-01", PROVIDER)[1:]
    return rows[::-1]


CRITICAL, WARNING = "critical", "warning"
MISSING = {("arrival.missing", CRITICAL)}
TOO_FEW = ("checking.failed", CRITICAL)  # the suite's own word for half a file; of one without any row it has none

FAULTS: dict[str, Fault] = {
    "a missing file": Fault(
        do=take_away,
        kinds=MISSING,
        part="release_with_caveats",
        run="release_with_caveats",
        state="missing",
    ),
    "a late file": Fault(
        do=arrive("2024-03-03T09:00:00+01:00"),
        kinds={("arrival.late", WARNING)},
        part="release",
        run="release",
        state="late",
    ),
    "a file that came after closing": Fault(
        do=arrive("2024-03-06T09:00:00+01:00"),
        kinds=MISSING,
        part="release_with_caveats",
        run="release_with_caveats",
        state="missing",
    ),
    "a corrupt gzip": Fault(
        do=bytes_changed(flip),
        kinds={("reading.unreadable_file", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "a truncated gzip": Fault(
        do=bytes_changed(lambda data: data[: len(data) * 2 // 3]),
        kinds={("reading.unreadable_file", CRITICAL), ("reading.rejected_rows", CRITICAL), TOO_FEW},
        part="hold",
        run="release_with_caveats",
    ),
    "no gzip at all": Fault(
        do=bytes_changed(lambda _: b"this is not compressed\n"),
        kinds={("reading.columns", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "an empty file": Fault(
        do=bytes_changed(lambda _: b""),
        kinds={("arrival.empty", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "an empty gzip": Fault(
        do=rewritten(lambda _: []),
        kinds={("arrival.empty", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "a header without rows": Fault(
        do=rewritten(lambda lines: lines[:1]),
        kinds={("arrival.empty", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "another encoding": Fault(
        do=rewritten(lambda lines: [line.replace(b"Bremen", b"Br\xe9men") for line in lines]),
        kinds={("reading.encoding", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "a column of another name": Fault(
        do=rewritten(lambda lines: [lines[0].replace(b"Fallzahl", b"Faelle"), *lines[1:]]),
        kinds={("reading.columns", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "last month's file": Fault(
        do=lambda site: delivery(site).write_bytes(site.file("2024-01", PROVIDER).read_bytes()),
        kinds={("arrival.duplicate", WARNING)},
        part="release_with_caveats",
        run="release_with_caveats",
    ),
    "last month's rows, packed anew": Fault(
        do=lambda site: site.put(delivery(site), [*site.lines("2024-01", PROVIDER)[:1], *last_months_rows(site)]),
        kinds={("arrival.duplicate", WARNING)},
        part="release_with_caveats",
        run="release_with_caveats",
    ),
    "a column that nobody announced": Fault(
        do=rewritten(
            lambda lines: [lines[0].rstrip(b"\n") + b"\tNeu\n", *(line.rstrip(b"\n") + b"\t1\n" for line in lines[1:])]
        ),
        kinds={("reading.columns_added", WARNING)},
        part="release",
        run="release",
    ),
    "a file that nobody expects": Fault(
        do=lambda site: delivery(site).with_name("list.csv").write_text("a\n"),
        kinds={("arrival.unexpected", WARNING)},
        part="release",
        run="release",
    ),
    "a ragged row": Fault(
        do=rewritten(longer(7)),
        kinds={("reading.rejected_rows", WARNING)},
        part="release_with_caveats",
        run="release_with_caveats",
    ),
    "many ragged rows": Fault(
        do=rewritten(longer(*range(7, 40))),
        kinds={("reading.rejected_rows", CRITICAL)},
        part="hold",
        run="release_with_caveats",
    ),
    "text in a number column": Fault(
        do=rewritten(field(4, b"many", 6, 7, 8)),
        kinds={("reading.unreadable_values", WARNING)},
        part="release_with_caveats",
        run="release_with_caveats",
    ),
    "duplicate rows": Fault(
        do=rewritten(lambda lines: [*lines, *lines[1:4]]),
        kinds={("checking.failed", CRITICAL), ("measuring.repeated_value", WARNING)},
        part="release_with_caveats",
        run="release_with_caveats",
    ),
    "a negative count": Fault(
        do=rewritten(field(4, b"-3", 10)),
        kinds={("checking.failed", CRITICAL)},
        part="release_with_caveats",
        run="release_with_caveats",
    ),
    "a value that is on no list": Fault(
        do=rewritten(field(3, b"90+", 10)),
        kinds={("checking.failed", WARNING), ("measuring.unlisted_cell", WARNING)},
        part="release_with_caveats",
        run="release_with_caveats",
    ),
}
FOLLOWING = {"prior.restated", "prior.cells_gone"}  # figures move every month, and more so where rows are lost


def part_verdict(site: Any, run: str, part: str) -> str:
    path = site.state / "runs" / run / "judge" / "all" / "judgement.json"
    (found,) = [one["verdict"] for one in json.loads(path.read_bytes())["parts"] if one["part"] == part]
    return str(found)


@pytest.mark.parametrize("what", list(FAULTS))
def test_each_fault_of_a_delivery_is_found_and_judged(what: str, site: Any) -> None:
    fault = FAULTS[what]
    fault.do(site)

    done = site("run", PERIOD, "--inline", "--json")

    assert done.code == 0, done.said
    view = done.json
    found = {(one["kind"], one["severity"]) for one in view["findings"]}
    assert {(kind, severity) for kind, severity in found if kind not in FOLLOWING} == fault.kinds
    assert view["verdict"] == fault.run
    assert part_verdict(site, view["run"], PART) == fault.part
    others = {part_verdict(site, view["run"], f"notifications/{provider}") for provider in ("10", "13")}
    assert others == {"release"}
    states = {one["delivery"].rpartition("/")[2]: one["state"] for one in view["arrivals"]["deliveries"]}
    assert states == {"04": fault.state, "10": "on time", "13": "on time"}
    assert {state for (state,) in site.rows("SELECT state FROM work WHERE run = ?", PERIOD)} == {"done"}

    released = site("release", PERIOD, "--json")
    assert released.code == 0, released.said
    assert released.json["withheld"] == ([PART] if fault.part == "hold" else [])
    assert site("verify").code == 0


def test_each_fault_of_a_file_is_one_case_that_begins_with_the_file(site: Any) -> None:
    delivery(site).write_bytes(b"")
    (case,) = site.run(PERIOD)["cases"]
    assert case["cause"] == {"kind": "delivery", "members": [f"{PERIOD}/surveillance/weekly_reports/{PROVIDER}"]}
    assert "arrival.empty" in case["kinds"]
    assert "holds no rows, 0 bytes" in case["message"]


def test_another_providers_content_withholds_the_one_that_is_unlike_its_own_last_month(site: Any) -> None:
    delivery(site).write_bytes(site.file(PERIOD, OTHER).read_bytes())

    view = site.run(PERIOD)

    found = {(one["kind"], one["check"]) for one in view["findings"] if one["severity"] == CRITICAL}
    assert {kind for kind, _ in found} == {"arrival.impostor", "checking.failed"}
    assert ("checking.failed", "weekly_reports:own_land") in found
    assert not any(check == "arrival:deliveries" for _, check in found)
    assert view["verdict"] == "release_with_caveats"
    assert [part_verdict(site, PERIOD, f"notifications/{one}") for one in ("04", "10")] == ["hold", "release"]
    assert part_verdict(site, PERIOD, "notifications/13") != "hold"
    assert site("release", PERIOD).code == 0


def test_a_provider_that_is_withheld_is_compared_with_its_last_approved_month_later(site: Any) -> None:
    delivery(site).write_bytes(b"")
    site.run(PERIOD)
    assert site("release", PERIOD).code == 0
    site.deliver("2024-03")

    view = site.run("2024-03")

    assert view["baseline"] == ["2024-01", PERIOD]


def test_all_deliveries_missing_is_a_verdict_and_no_crash(site: Any) -> None:
    for path in (site.path / "inbox" / PERIOD).iterdir():
        site.receive({site.name_of(path): None})
        path.unlink()
    view = site.run(PERIOD)
    assert view["arrivals"]["states"] == {"missing": 3}
    assert {one["kind"] for one in view["findings"]} == {"arrival.missing"}
    assert {one["effect"] for one in view["reasons"]} == {"caveat"}


def test_a_file_name_of_somebodys_never_reaches_what_is_printed(site: Any) -> None:
    delivery(site).with_name("Meyer_1234567890.csv").write_text("a\n")
    done = site("run", PERIOD, "--inline")
    assert done.code == 0
    assert "Meyer" not in done.said
    assert "unexpected" in done.out


# ── a step that cannot run ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def broken(site: Any) -> Any:
    """The vintage that the month is compared with cannot be read."""
    figures = site.path / "baselines" / "vintages" / "2024-01" / "figures.parquet"
    figures.rename(figures.with_suffix(".away"))
    figures.write_bytes(b"PAR1 and nothing more")
    return site


def test_a_step_that_crashes_is_could_not_run_and_holds(broken: Any) -> None:
    done = broken("run", PERIOD, "--inline")
    assert done.code == 3, done.said
    assert "could not run: compare all" in done.out
    assert "Traceback" not in done.said
    view = broken("run", PERIOD, "--inline", "--json")
    assert view.code == 3
    assert view.json["verdict"] == "hold"
    stopped = {(one["kind"], one["check"]) for one in view.json["findings"] if one["severity"] == CRITICAL}
    assert stopped == {
        ("checking.could_not_run", "control:figures"),
        ("checking.could_not_run", "prior:restatements"),
        ("checking.could_not_run", "systematic:patterns"),
    }
    refused = broken("release", PERIOD)
    assert refused.code == 3
    assert broken("verify", "--json").json["run"] == "2024-01"


def test_what_could_not_run_is_run_when_its_cause_is_mended(broken: Any) -> None:
    assert broken("run", PERIOD, "--inline").code == 3
    figures = broken.path / "baselines" / "vintages" / "2024-01" / "figures.parquet"
    figures.with_suffix(".away").rename(figures)

    view = broken.run(PERIOD)

    assert (view["run"], view["verdict"], view["cases"]) == (PERIOD, "release", [])
    assert {state for (state,) in broken.rows("SELECT state FROM work WHERE run = ?", PERIOD)} == {"done"}
    assert broken("case", "list", "--json").json == []
    assert broken("release", PERIOD).code == 0
