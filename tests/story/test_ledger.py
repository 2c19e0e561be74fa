"""Whoever changes the ledger or a release behind the program's back is seen, and what is derived is made again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.model.identity import canonical_json, sha256

ACTS = ["released", "waiver_requested", "waiver_approved", "released"]


def rehash(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the hash that fits it, as somebody would compute it who knows how."""
    whole = {name: value for name, value in row.items() if name != "sha256"} | {"body": json.loads(row["body"])}
    return row | {"sha256": sha256(canonical_json(whole))}


def forge(site: Any, first: int, *, to_the_end: bool) -> None:
    """Replace an entry by another with a hash that fits, and, if asked, rewrite all that follow to fit it."""
    with site.database() as database:
        cursor = database.execute("SELECT * FROM ledger ORDER BY seq")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
        database.execute("DELETE FROM ledger")
        for row in rows:
            if row["seq"] == first:
                row["actor"] = "mallory"
                row["sha256"] = rehash(row)["sha256"]
            elif row["seq"] > first and to_the_end:
                row["previous_sha256"] = rows[row["seq"] - 2]["sha256"]
                row["sha256"] = rehash(row)["sha256"]
            database.execute(f"INSERT INTO ledger VALUES ({','.join('?' * len(row))})", list(row.values()))  # noqa: S608


def sql(*statements: str) -> Callable[[Any], None]:
    def tamper(site: Any) -> None:
        with site.database() as database:
            for statement in statements:
                assert database.execute(statement).rowcount > 0, statement

    return tamper


TAMPERINGS: dict[str, tuple[Callable[[Any], None], str]] = {
    "a reason": (
        sql("UPDATE ledger SET body = replace(body, 'population', 'p0pulation') WHERE seq = 2"),
        "entry 2 was changed after it was written",
    ),
    "an actor": (sql("UPDATE ledger SET actor = 'ben' WHERE seq = 1"), "entry 1 was changed after it was written"),
    "a time": (
        sql("UPDATE ledger SET at = replace(at, 'T', 't') WHERE seq = 4"),
        "entry 4 was changed after it was written",
    ),
    "a kind": (
        sql("UPDATE ledger SET kind = 'waiver_refused' WHERE seq = 3"),
        "entry 3 was changed after it was written",
    ),
    "a format": (sql("UPDATE ledger SET format = 0 WHERE seq = 2"), "entry 2 was changed after it was written"),
    "a hash": (
        sql("UPDATE ledger SET sha256 = replace(sha256, substr(sha256, 1, 1), 'x') WHERE seq = 2"),
        "entry 2 was changed after it was written",
    ),
    "a link": (
        sql("UPDATE ledger SET previous_sha256 = 'x' || previous_sha256 WHERE seq = 3"),
        "entry 3 was changed after it was written",
    ),
    "two in each other's place": (
        sql(
            "UPDATE ledger SET seq = 99 WHERE seq = 2",
            "UPDATE ledger SET seq = 2 WHERE seq = 3",
            "UPDATE ledger SET seq = 3 WHERE seq = 99",
        ),
        "entry 2 is not in its place: entry 3 stands there",
    ),
    "one removed": (
        sql("DELETE FROM ledger WHERE seq = 2"),
        "entry 2 is missing, and later ones are there",
    ),
    "one replaced": (
        lambda site: forge(site, 2, to_the_end=False),
        "entry 2 was replaced by another",
    ),
    "all rewritten from one on": (
        lambda site: forge(site, 2, to_the_end=True),
        "entry 2 was replaced by another: ",
    ),
    "the tail cut off": (
        sql("DELETE FROM ledger WHERE seq = 4"),
        "entry 4 and all after it are missing: published/CURRENT names a later one",
    ),
    "all cut off": (
        sql("DELETE FROM ledger"),
        "entry 1 and all after it are missing: ",
    ),
}


def test_the_ledger_of_a_release_is_whole_and_tells_who_did_what(released_site: Any) -> None:
    verified = released_site("ledger", "verify", "--json")
    assert verified.code == 0, verified.said
    assert verified.json["fault"] is None
    assert verified.json["heads_compared"] >= 5
    acts = released_site("ledger", "show", "--json").json
    assert [(act["kind"], act["actor"]) for act in acts] == list(
        zip(ACTS, ["anna", "anna", "ben", "anna"], strict=True)
    )


@pytest.mark.parametrize("what", list(TAMPERINGS))
def test_the_first_entry_that_was_tampered_with_is_named(what: str, released_site: Any) -> None:
    tamper, told = TAMPERINGS[what]
    tamper(released_site)

    verified = released_site("ledger", "verify")

    assert verified.code == 1, verified.said
    assert f"the ledger was changed: {told}" in verified.err
    assert released_site("ledger", "verify", "--json").code == 1


def test_a_baseline_whose_entry_is_gone_is_no_baseline(released_site: Any) -> None:
    released_site.deliver("2024-02")
    sql("DELETE FROM ledger WHERE seq = 4")(released_site)
    (released_site.state / "published" / "CURRENT").unlink()  # as before the release; its vintage is frozen first
    assert released_site.run("2024-02")["baseline"] == ["2023-12"]


def test_a_vintage_whose_manifest_was_changed_stops_the_month_and_nothing_older_stands_in(released_site: Any) -> None:
    released_site.deliver("2024-02")
    manifest = released_site.path / "baselines" / "vintages" / "2024-01" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"parts"', b'"ports"'))

    done = released_site("run", "2024-02", "--inline")

    assert done.code == 5, done.said
    assert "the vintage of 2024-01 is not what was approved" in done.said
    assert "restore baselines/vintages/2024-01 from the backup" in done.said


def test_a_vintage_whose_values_were_changed_is_not_compared_with_and_holds(released_site: Any) -> None:
    released_site.deliver("2024-02")
    figures = released_site.path / "baselines" / "vintages" / "2024-01" / "figures.parquet"
    pl.read_parquet(figures).with_columns(pl.col("value") * 2).write_parquet(figures)

    view = released_site("run", "2024-02", "--inline", "--json")

    assert view.code == 3, view.said
    stopped = {one["check"] for one in view.json["findings"] if one["kind"] == "checking.could_not_run"}
    assert "prior:restatements" in stopped


# ── published ──────────────────────────────────────────────────────────────────────────────────────────────────


def published(site: Any, name: str = "") -> Any:
    return site.state / "published" / "2024-01" / name


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n")


def change_a_byte(site: Any) -> None:
    file = published(site, "figures.parquet")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def rewrite_manifest(site: Any) -> None:
    """A changed file with a manifest that says so: only the ledger knows better."""
    notes = published(site, "release_notes.md")
    notes.write_text("All is well.\n")
    file = published(site, "manifest.json")
    manifest = json.loads(file.read_bytes())
    for entry in manifest["files"]:
        if entry["name"] == notes.name:
            entry |= {"size_bytes": notes.stat().st_size, "sha256": sha256(notes.read_bytes())}
    file.write_bytes(canonical_json(manifest) + b"\n")
    pointer = site.state / "published" / "CURRENT"
    current = json.loads(pointer.read_bytes()) | {"manifest_sha256": sha256(file.read_bytes())}
    pointer.write_bytes(canonical_json(current) + b"\n")


def point_back(site: Any) -> None:
    """CURRENT as it rightly was one release ago."""
    first = json.loads(site.rows("SELECT body FROM ledger WHERE seq = 1")[0][0])
    (sha,) = site.rows("SELECT sha256 FROM ledger WHERE seq = 1")[0]
    current = {
        "run": "2023-12",
        "manifest_sha256": first["published_sha256"],
        "ledger_seq": 1,
        "ledger_sha256": sha,
    }
    (site.state / "published" / "CURRENT").write_bytes(canonical_json(current) + b"\n")


def name_another(site: Any) -> None:
    pointer = site.state / "published" / "CURRENT"
    pointer.write_bytes(pointer.read_bytes().replace(b"2024-01", b"2023-12"))


def link(site: Any) -> None:
    file = published(site, "figures.parquet")
    shutil.move(file, site.path / "elsewhere.parquet")
    file.symlink_to(site.path / "elsewhere.parquet")


DISTURBANCES: dict[str, tuple[Callable[[Any], object], str]] = {
    "a changed byte": (change_a_byte, r"published/2024-01/figures\.parquet: content changed"),
    "a longer file": (
        lambda site: lengthen(published(site, "release_notes.md")),
        r"published/2024-01/release_notes\.md: \d+ bytes, the manifest says \d+",
    ),
    "an extra file": (
        lambda site: published(site, "more.csv").write_text("a\n"),
        r"published/2024-01/more\.csv: not in the manifest",
    ),
    "a missing file": (
        lambda site: published(site, "figures.parquet").unlink(),
        r"published/2024-01/figures\.parquet: missing",
    ),
    "a link in a file's place": (link, r"published/2024-01/figures\.parquet: a link, not a file"),
    "a changed manifest": (
        lambda site: lengthen(published(site, "manifest.json")),
        r"published/2024-01: the manifest was changed",
    ),
    "a missing manifest": (
        lambda site: published(site, "manifest.json").unlink(),
        r"published/2024-01: there is no manifest",
    ),
    "a manifest made to fit": (rewrite_manifest, r"CURRENT is not what the ledger says"),
    "a release that nobody made": (
        lambda site: shutil.copytree(published(site), site.state / "published" / "2024-02"),
        r"published/2024-02: nobody released this",
    ),
    "CURRENT pointing back": (point_back, r"CURRENT names 2023-12, and 2024-01 is newer and was released"),
    "CURRENT naming another": (name_another, r"CURRENT is not what the ledger says"),
    "CURRENT unreadable": (
        lambda site: (site.state / "published" / "CURRENT").write_text("2024-01"),
        r"published/CURRENT cannot be read",
    ),
    "CURRENT gone": (lambda site: (site.state / "published" / "CURRENT").unlink(), r"published/CURRENT is missing"),
}


def test_what_lies_in_published_is_what_was_released(released_site: Any) -> None:
    verified = released_site("verify")
    assert (verified.code, verified.out) == (0, "published/ is exactly what was released as 2024-01\n")


@pytest.mark.parametrize("what", list(DISTURBANCES))
def test_verify_names_what_is_not_what_was_released(what: str, released_site: Any) -> None:
    disturb, told = DISTURBANCES[what]
    disturb(released_site)

    verified = released_site("verify")

    assert verified.code == 1, verified.said
    assert re.search(told, verified.err), verified.err


def test_verify_says_when_nothing_was_released_yet(site: Any) -> None:
    shutil.rmtree(site.state)
    verified = site("verify")
    assert verified.code == 1
    assert "nothing was released yet" in verified.err


# ── what is derived ────────────────────────────────────────────────────────────────────────────────────────────

CASES = (
    "SELECT number, origin, state, opened_run, last_run, body FROM cases ORDER BY number",
    "SELECT number, run, finding_id FROM case_findings ORDER BY 1, 2, 3",
)


def test_the_list_says_what_each_case_is_and_where(site_with_cases: Any) -> None:
    printed = site_with_cases("case", "list", "--all").out.splitlines()

    assert printed[0].split("  ")[-1] == "what"
    assert [line.split("  ")[-1] for line in printed[1:]] == [
        "check failed, delivery 2024-01/surveillance/weekly_reports/04",
        "value given more than once, Bremen",
        "unreadable values, delivery 2024-01/surveillance/weekly_reports/10",
    ]


def test_the_cases_are_rebuilt_from_ledger_and_runs(site_with_cases: Any) -> None:
    site_with_cases.run("2024-02")
    before = [site_with_cases.rows(query) for query in CASES]
    assert {state for _, _, state, *_ in before[0]} == {"open", "closed"}
    shown = site_with_cases("case", "list", "--all", "--json").json
    assert [(one["id"], one["state"]) for one in shown] == [(number, state) for number, _, state, *_ in before[0]]
    sql("DELETE FROM case_findings", "DELETE FROM cases")(site_with_cases)
    assert site_with_cases("case", "list", "--all", "--json").json == []

    rebuilt = site_with_cases("state", "rebuild", "--json")

    assert rebuilt.code == 0, rebuilt.said
    assert [site_with_cases.rows(query) for query in CASES] == before
    assert site_with_cases("case", "list", "--all", "--json").json == shown


def test_cases_that_were_tampered_with_are_put_right_by_a_rebuild(site_with_cases: Any) -> None:
    site_with_cases.run("2024-02")
    before = [site_with_cases.rows(query) for query in CASES]
    sql("UPDATE cases SET state = 'closed'", "UPDATE case_findings SET run = '2024-01' WHERE number = 3")(
        site_with_cases
    )
    assert site_with_cases("state", "rebuild").code == 0
    assert [site_with_cases.rows(query) for query in CASES] == before


def test_a_backup_from_before_the_last_release_begins_no_run_either(released_site: Any) -> None:
    released_site.deliver("2024-02")
    sql("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)")(released_site)

    done = released_site("run", "2024-02", "--inline")

    assert done.code == 5, done.said
    assert "published/CURRENT names a later one" in done.err
    assert "restore the state database" in done.err


def test_a_vintage_that_another_site_made_begins_no_run_and_is_named(released_site: Any) -> None:
    vintages = released_site.path / "baselines" / "vintages"
    shutil.copytree(vintages / "2024-01", vintages / "2022-07")
    manifest = vintages / "2022-07" / "manifest.json"
    head = json.loads(manifest.read_bytes())["ledger_head"]["sha256"]
    manifest.write_text(manifest.read_text().replace(head, "0" * 64))
    released_site.deliver("2024-02")

    done = released_site("run", "2024-02", "--inline")

    assert done.code == 5, done.said
    assert "vintages/2022-07/manifest.json names another" in done.err
    assert "take away a vintage that another site made" in done.err
    shutil.rmtree(manifest.parent)
    assert released_site.run("2024-02")["baseline"] == ["2024-01"]
