"""Recognisable values in deliveries are nowhere in what a run writes, shows or sends, the data area aside."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from conftest import Laid, Whole

# A value for each place where a sender can put one; with letters that JSON, HTML and a mail write in another way.
PLANTED = {
    "a week": "Zq1-Ærø-WEEK<&>881",
    "a region's number": "Zq2-Ærø-KEY<&>882",
    "a region's name": "Zq3-Ærø-NAME<&>883",
    "an age group": "Zq4-Ærø-CELL<&>884",
    "a count that is none": "Zq5-Ærø-CAST<&>885",
    "a count with too many digits": "31415926535897932384626433",
    "a rate that is none": "Zq6-Ærø-RATE<&>886",
    "a ragged row": "Zq7-Ærø-RAGGED<&>887",
    "a person's number": "150482-4417",
    "an extra column's header": "Zq8-Ærø-HEADER<&>888",
    "an extra column's value": "Zq9-Ærø-EXTRA<&>889",
    "a header instead of the real one": "Zqa-Ærø-OTHER<&>890",
    "a broken file": "Zqb-Ærø-BROKEN<&>891",
    "a file in another encoding": "Zqc-Ærø-LATIN<&>892",
    "an unexpected file's name": "Zqd-Ærø-FILE<&>893",
    "an unexpected file's content": "Zqe-Ærø-CONTENT<&>894",
    "a name inside a gzip": "Zqf-aroe-GZNAME-895",
    "a name inside a zip": "Zqg-Ærø-ZIPNAME<&>896",
    "a comment inside a zip": "Zqh-Ærø-COMMENT<&>897",
    "a row of a file that a fault stops": "Zqi-Ærø-FAULT<&>898",
}

LOOKS = (
    *("arrivals 2024-02", "arrivals 2024-02 --json", "case list --json", "ledger show --json"),
    *("status --json", "runs --json", "doctor", "check --json", "verify --json"),
)

# ── planting ───────────────────────────────────────────────────────────────────────────────────────────────────


def rows_of(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in gzip.decompress(path.read_bytes()).decode("utf-8-sig").splitlines()]


def packed(rows: Iterable[Iterable[str]]) -> bytes:
    return gzip.compress(("\ufeff" + "".join("\t".join(row) + "\n" for row in rows)).encode(), mtime=0)


def plant(site: Laid) -> None:
    """Each value where its name says, in files of their own; the keys in many rows, so that they are no exceptions."""
    head, *rows = rows_of(site.delivered("02"))
    week, name, region, _, cases, incidence = rows[0]
    rows += [[PLANTED["a week"], name, region, "00-14", cases, incidence]] * 7
    rows += [[week, name, PLANTED["a region's number"], "00-14", cases, incidence]] * 7
    rows += [[week, PLANTED["a region's name"], region, "00-14", cases, incidence]] * 7
    rows += [[week, PLANTED["a person's number"], region, "00-14", cases, incidence]] * 7
    rows += [[week, name, region, PLANTED["an age group"], cases, incidence]] * 7
    rows += [[week, name, region, "00-14", PLANTED["a count that is none"], incidence]] * 7
    rows += [[week, name, region, "00-14", PLANTED["a count with too many digits"], incidence]] * 7
    rows += [[week, name, region, "00-14", cases, PLANTED["a rate that is none"]]] * 7
    rows += [[week, PLANTED["a ragged row"]], [PLANTED["a ragged row"]] * 9]
    site.delivered("02").write_bytes(packed([head, *rows]))

    head, *rows = rows_of(site.delivered("03"))
    extra, value = PLANTED["an extra column's header"], PLANTED["an extra column's value"]
    site.delivered("03").write_bytes(packed([[*head, extra], *([*row, value] for row in rows)]))

    head, *rows = rows_of(site.delivered("04"))
    site.delivered("04").write_bytes(packed([[PLANTED["a header instead of the real one"], *head[1:]], *rows]))

    broken = PLANTED["a broken file"].encode()
    site.delivered("05").write_bytes(b"\x1f\x8b\x08\x00" + broken * 20)

    head, *rows = rows_of(site.delivered("06"))
    rows[3][1] = PLANTED["a file in another encoding"]
    text = "".join("\t".join(row) + "\n" for row in [head, *rows])
    site.delivered("06").write_bytes(gzip.compress(text.encode("latin-1"), mtime=0))

    plain = gzip.decompress(site.delivered("07").read_bytes())
    with site.delivered("07").open("wb") as file, gzip.GzipFile(PLANTED["a name inside a gzip"], "wb", 9, file) as gz:
        gz.write(plain)

    plain = gzip.decompress(site.delivered("08").read_bytes())
    with zipfile.ZipFile(site.delivered("08"), "w") as archive:
        archive.writestr(f"{PLANTED['a name inside a zip']}.tsv", plain)
        archive.comment = PLANTED["a comment inside a zip"].encode()

    head, *rows = rows_of(site.delivered("09"))
    rows[0][1] = PLANTED["a row of a file that a fault stops"]
    site.delivered("09").write_bytes(packed([head, *rows]))

    site.delivered("10").unlink()
    inbox = site.root / "inbox"
    name = PLANTED["an unexpected file's name"]
    stray = f"{site.period}/{name}_07.tsv.gz"
    (inbox / stray).write_bytes(PLANTED["an unexpected file's content"].encode())
    with (inbox / "received.csv").open("a", encoding="utf-8") as received:
        received.write(f"{stray},2024-02-28T09:12:00+01:00\n")


@pytest.fixture(scope="module")
def whole(
    site_at: Callable[[Path], Laid], told_at: Callable[..., Whole], tmp_path_factory: pytest.TempPathFactory
) -> Whole:
    root = tmp_path_factory.mktemp("privacy")
    laid = site_at(root / "site")
    plant(laid)
    row = PLANTED["a row of a file that a fault stops"]
    return told_at(root, site=laid, planted=PLANTED, row=row, as_of="2024-03-06", cases=2, looks=LOOKS)


# ── the run itself ─────────────────────────────────────────────────────────────────────────────────────────────


def test_every_planted_value_came_in(whole: Whole) -> None:
    inbox = {
        one for path in (whole.site.root / "inbox").rglob("*") if path.is_file() for one in whole.search.seen_in(path)
    }

    assert {one.rpartition(" (")[0] for one in inbox} == set(PLANTED)


def test_the_run_met_every_fault_that_was_planted(whole: Whole) -> None:
    kinds = {finding["kind"] for finding in whole.judged["findings"]}

    assert kinds >= {
        "arrival.missing",
        "arrival.unexpected",
        "checking.could_not_run",
        "checking.failed",
        "reading.columns",
        "reading.columns_added",
        "reading.rejected_rows",
        "reading.unreadable_file",
        "reading.unreadable_values",
    }
    assert whole.said["release"].code == 0, whole.said["release"].err
    assert len(whole.mails) >= 4


def test_nothing_that_was_planted_stands_outside_the_data_area(whole: Whole) -> None:
    assert whole.search.leaks(whole.root, aside=whole.aside) == {}


def test_a_cell_that_no_figure_lists_is_in_no_figure(whole: Whole) -> None:
    listed = {"00+", "00-14", "15-59", "60+", "Unbekannt"}
    figures = [
        path for path in whole.root.rglob("*.parquet") if path.name in ("figures.parquet", "comparisons.parquet")
    ]

    assert len(figures) >= 5
    for path in figures:
        assert set(pl.read_parquet(path)["cell"].unique()) <= listed


def test_row_values_lie_where_only_their_owner_can_look(whole: Whole) -> None:
    for name in ("inbox", "state/archive", "state/deliveries", "state/tmp", "state/prefect"):
        assert (whole.site.root / name).stat().st_mode & 0o077 == 0, name
    for folder in whole.site.state.glob("deliveries/*/*/*/*/*/*"):
        assert folder.stat().st_mode & 0o077 == 0


def test_nothing_is_left_half_written(whole: Whole) -> None:
    assert list((whole.site.state / "tmp").iterdir()) == []
    assert list((whole.root / "tmp").iterdir()) == []
