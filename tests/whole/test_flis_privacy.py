"""Recognisable values in every format of a FLIS month are nowhere in what it writes, shows or sends, its data aside."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import polars as pl
import pytest

if TYPE_CHECKING:
    from conftest import Laid, Whole

PERIOD = "2026-10"
PROVIDERS = ("153", "461", "492", "751", "851")
AS_OF = "2026-11-14"
LOOKS = ("arrivals 2026-10", "arrivals 2026-10 --json", "case list --json")

# A value for each place where a sender can put one; with letters that JSON, HTML and a mail write in another way.
# Where a column is narrow, a number that nothing else can hold.
PLANTED = {
    "a person's number, twice": "9182736455",
    "an employment number, twice": "90817263",
    "a person's number with a dash": "710483-4417",
    "a person's number in Parquet": "Zf1-Ærø-PERSON<&>801",
    "a code in Parquet": "Zf2-Ærø-CODE<&>802",
    "a column of Parquet": "Zf3-Ærø-COLUMN<&>803",
    "a number of Parquet that is none": "Zf4-Ærø-HOURS<&>804",
    "an amount that is none": "Zf5-Ærø-CAST<&>805",
    "an amount with too many digits": "271828182845904523536028747135266249775724709",
    "a day that is none": "Zf6-Ærø-DAY<&>806",
    "a free text where a code belongs": "Zf7-Ærø-TEXT<&>807",
    "a ragged row": "Zf8-Ærø-RAGGED<&>808",
    "a header": "Zf9-Ærø-HEADER<&>809",
    "an extra column's header": "Zfa-Ærø-EXTRA<&>810",
    "a municipality": "Zfb-Ærø-KOMMUNE<&>811",
    "a trailer of a text file": "Zfc-Ærø-SLUT<&>812",
    "a trailer of records": "Zfd-Ærø-TRAILER<&>813",
    "a head record": "Zfe-Ærø-HEAD<&>814",
    "a record of no type": "Zff-Ærø-RECORD<&>815",
    "a record's person": "8273645591",
    "a record's number that is none": "Zfg<&>816",
    "a sheet": "Zfh-Ærø-SHEET<&>817",
    "a cell of a workbook": "Zfi-Ærø-CELL<&>818",
    "a header of a workbook": "Zfj-Ærø-XLHEAD<&>819",
    "a member of a zip": "Zfk-Ærø-MEMBER<&>820",
    "a row of a member of a zip": "Zfl-Ærø-INZIP<&>821",
    "a member of a zip that nobody wants": "Zfm-Ærø-README<&>822",
    "a comment of a zip": "Zfn-Ærø-COMMENT<&>823",
    "a name inside a gzip": "Zfo-aroe-GZNAME-824",
    "a file in another encoding": "Zfp-Ærø-UTF8<&>825",
    "a broken file": "Zfq-Ærø-BROKEN<&>826",
    "an unexpected file's name": "Zfr-Ærø-FILE<&>827",
    "an unexpected file's content": "Zfs-Ærø-CONTENT<&>828",
    "a row of a file that a fault stops": "Zft-Ærø-FAULT<&>829",
    "a day of death": "2026-08-11 04:17:33.459",
}

# ── planting ───────────────────────────────────────────────────────────────────────────────────────────────────


class Inbox:
    """The deliveries of the month, to put values into."""

    def __init__(self, site: Laid) -> None:
        self.root = site.root / "inbox" / site.period

    def file(self, name: str) -> Path:
        (found,) = self.root.glob(f"{name}_2026-*")
        return found

    def lines(self, name: str, edit: Callable[[list[str]], list[str]], *, encoding: str = "utf-8") -> None:
        path = self.file(name)
        lines = path.read_bytes().decode(encoding).splitlines(keepends=True)
        path.write_bytes("".join(edit(lines)).encode(encoding))

    def fields(self, name: str, planted: Mapping[int, str], *, rows: int = 7, encoding: str = "utf-8") -> None:
        """Put values into the columns of the first rows, by their place in a row."""

        def edit(lines: list[str]) -> list[str]:
            changed = [line.rstrip("\r\n").split(";") for line in lines[1 : rows + 1]]
            for row in changed:
                for place, value in planted.items():
                    row[place] = value
            return [lines[0], *(";".join(row) + "\n" for row in changed), *lines[rows + 1 :]]

        self.lines(name, edit, encoding=encoding)

    def zipped(self, name: str, edit: Callable[[dict[str, bytes]], Mapping[str, bytes]], comment: str = "") -> None:
        path = self.file(name)
        with zipfile.ZipFile(path) as archive:
            members = {one: archive.read(one) for one in archive.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in edit(members).items():
                archive.writestr(member, data)
            archive.comment = comment.encode()

    def workbook(self, name: str, part: str, old: str, new: str) -> None:
        def edit(members: dict[str, bytes]) -> dict[str, bytes]:
            assert old.encode() in members[part]
            return {**members, part: members[part].replace(old.encode(), escape(new).encode(), 1)}

        self.zipped(name, edit)

    def parquet(self, name: str, edit: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        buffer = io.BytesIO()
        edit(pl.read_parquet(self.file(name))).write_parquet(buffer)
        self.file(name).write_bytes(buffer.getvalue())


def plant(site: Laid) -> None:
    """Each value where its name says."""
    inbox = Inbox(site)
    plant_in_text(inbox)
    plant_in_records(inbox)
    plant_in_archives(inbox)
    plant_in_parquet(inbox)
    stray = f"{site.period}/tea/{PLANTED['an unexpected file' + chr(39) + 's name']}_851.csv"
    (site.root / "inbox" / stray).write_bytes(PLANTED["an unexpected file's content"].encode())
    with (site.root / "inbox" / "received.csv").open("a", encoding="utf-8") as received:
        received.write(f"{stray},2026-11-03T09:12:00+01:00\n")


def plant_in_text(inbox: Inbox) -> None:
    twice = {1: PLANTED["a person's number, twice"], 2: PLANTED["an employment number, twice"]}
    inbox.fields("silkeborg/ansatte_851", twice)
    inbox.fields("tea/elever_461", {1: PLANTED["a person's number with a dash"]})
    inbox.fields("as2007/foranstaltninger_153", {7: PLANTED["an amount that is none"]}, rows=3, encoding="cp1252")
    inbox.fields("dubu/foranstaltninger_851", {7: PLANTED["an amount with too many digits"]}, rows=3)
    inbox.fields("dubu/sager_461", {5: PLANTED["a day that is none"]}, rows=3)
    inbox.fields("as2007/sager_153", {4: PLANTED["a free text where a code belongs"]}, rows=5, encoding="cp1252")
    ragged = PLANTED["a ragged row"]
    inbox.lines("dubu/sager_851", lambda lines: [*lines, f"2026-10;{ragged}\n", f"{ragged};" * 9 + "\n"])
    header = PLANTED["a header"]
    inbox.lines("tea/klasser_461", lambda lines: [lines[0].replace("Skoletype", header), *lines[1:]])
    extra = PLANTED["an extra column's header"]
    inbox.lines("tea/klasser_851", lambda lines: [line.rstrip("\r\n") + f";{extra}\n" for line in lines])
    municipality = PLANTED["a municipality"]
    inbox.lines(
        "cpr/bevaegelser_syddanmark",
        lambda lines: [*lines[:4], *(line.replace(",492,", f",{municipality},") for line in lines[4:])],
    )
    slut = PLANTED["a trailer of a text file"]
    inbox.lines("eg_oekonomi/finans_751", lambda lines: [*lines[:-1], f"SLUT;{slut};{slut}\n"])
    other = PLANTED["a file in another encoding"]
    inbox.fields("kmd_elev/elever_492", {6: other}, encoding="cp1252")
    path = inbox.file("kmd_elev/elever_492")
    path.write_bytes(path.read_bytes().decode("cp1252").encode("utf-8"))
    inbox.fields("dubu/foranstaltninger_461", {3: PLANTED["a row of a file that a fault stops"]}, rows=1)


def plant_in_records(inbox: Inbox) -> None:
    trailer, head, record = (
        PLANTED[f"a {name}"] for name in ("trailer of records", "head record", "record of no type")
    )
    person, number = PLANTED["a record's person"], PLANTED["a record's number that is none"]

    def edit(lines: list[str]) -> list[str]:
        first = lines[1]
        at = len("R2026-10")
        known = [first[:at] + person + first[at + 10 :]] * 4
        unknown = first.rstrip("\r\n")[: -len(number)] + number + "\n"
        return [f"H{head}\n", *lines[1:-1], *known, unknown, f"{record}\n", *lines[-1:]]

    inbox.lines("danmarks_statistik/hjemmehjaelp_csc_omsorg_461", edit, encoding="cp1252")
    inbox.lines("klp/ansatte_461", lambda lines: [*lines[:-1], f"T{trailer}\n"], encoding="cp1252")


def plant_in_archives(inbox: Inbox) -> None:
    wanted, unwanted = f"{PLANTED['a member of a zip']}.csv", PLANTED["a member of a zip that nobody wants"]
    row = PLANTED["a row of a member of a zip"]

    def edit(members: dict[str, bytes]) -> dict[str, bytes]:
        first, *others = members
        broken = members[first] + f"{row};{row}\n".encode() + f"2026-10;{row};1;1;{row};1\n".encode()
        return {wanted: broken, **{one: members[one] for one in others}, f"{unwanted}.txt": b"to read first"}

    inbox.zipped("klp/fravaer_461", edit, comment=PLANTED["a comment of a zip"])
    inbox.zipped("danmarks_statistik/voksenhandicap_bosted", died)
    inbox.workbook("kmd_opus/budget_461", "xl/workbook.xml", "Budget", PLANTED["a sheet"])
    inbox.workbook("prisme/budget_492", "xl/worksheets/sheet1.xml", "2026-10", PLANTED["a cell of a workbook"])
    inbox.workbook("prisme/budget_851", "xl/worksheets/sheet1.xml", "Dranst", PLANTED["a header of a workbook"])
    path = inbox.file("silkeborg/fravaer_851")
    plain = gzip.decompress(path.read_bytes())
    with path.open("wb") as file, gzip.GzipFile(PLANTED["a name inside a gzip"], "wb", 9, file) as packed:
        packed.write(plain)
    path = inbox.file("silkeborg/fravaer_751")
    path.write_bytes(b"\x1f\x8b\x08\x00" + PLANTED["a broken file"].encode() * 20)


def died(members: dict[str, bytes]) -> dict[str, bytes]:
    """The services of the first member, each open one with the day on which its recipient died."""
    name, data = next(iter(members.items()))
    head, *lines = data.decode().splitlines()
    ended, day = (head.split(";").index(column) for column in ("ModtagerYdelseSlutDato", "ModtagerDødsdato"))
    rows = [line.split(";") for line in lines]
    for row in rows:
        if row[ended] in ("", "NULL"):
            row[day] = PLANTED["a day of death"]
    return {**members, name: "".join(";".join(row) + "\n" for row in [head.split(";"), *rows]).encode()}


def plant_in_parquet(inbox: Inbox) -> None:
    def coded(frame: pl.DataFrame) -> pl.DataFrame:
        first = pl.int_range(pl.len()) < 9
        person, code = PLANTED["a person's number in Parquet"], PLANTED["a code in Parquet"]
        text = [name for name, kind in frame.schema.items() if kind == pl.String]
        named = next(name for name in text if name.lower().startswith("person"))
        help_type = next(name for name in text if "type" in name.lower())
        return frame.with_columns(
            pl.when(first).then(pl.lit(person)).otherwise(named).alias(named),
            pl.when(first).then(pl.lit(code)).otherwise(help_type).alias(help_type),
            pl.lit(1).alias(PLANTED["a column of Parquet"]),
        )

    def worded(frame: pl.DataFrame) -> pl.DataFrame:
        hours = pl.col("Timer").cast(pl.String)
        none = PLANTED["a number of Parquet that is none"]
        return frame.with_columns(
            pl.when(pl.int_range(pl.len()) < 3).then(pl.lit(none)).otherwise(hours).alias("Timer")
        )

    inbox.parquet("danmarks_statistik/hjemmehjaelp_ramboell_care_492", coded)
    inbox.parquet("danmarks_statistik/hjemmehjaelp_ramboell_care_751", worded)


# ── the month ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def whole(
    lay_short_flis: Callable[..., object],
    told_at: Callable[..., Whole],
    laid_at: Callable[[Path, str], Laid],
    tmp_path_factory: pytest.TempPathFactory,
) -> Whole:
    root = tmp_path_factory.mktemp("flis_privacy")
    lay_short_flis(root / "site", PROVIDERS)
    site = laid_at(root / "site", PERIOD)
    plant(site)
    row = PLANTED["a row of a file that a fault stops"]
    return told_at(root, site=site, planted=PLANTED, row=row, as_of=AS_OF, cases=1, looks=LOOKS)


def test_every_planted_value_came_in(whole: Whole) -> None:
    inbox = {
        one for path in (whole.site.root / "inbox").rglob("*") if path.is_file() for one in whole.search.seen_in(path)
    }

    assert {one.rpartition(" (")[0] for one in inbox} == set(PLANTED)


def test_the_month_met_every_fault_that_was_planted(whole: Whole) -> None:
    kinds = {finding["kind"] for finding in whole.judged["findings"]}

    assert kinds >= {
        "arrival.unexpected",
        "checking.could_not_run",
        "checking.failed",
        "reading.columns",
        "reading.columns_added",
        "reading.encoding",
        "reading.rejected_rows",
        "reading.trailer",
        "reading.unreadable_file",
        "reading.unreadable_values",
    }
    assert whole.said["release"].code == 0, whole.said["release"].err
    assert len(whole.mails) >= 4


def test_nothing_that_was_planted_stands_outside_the_data_area(whole: Whole) -> None:
    assert whole.search.leaks(whole.root, aside=whole.aside) == {}


def test_alternative_values_are_kept_in_the_data_area_and_nowhere_else(whole: Whole) -> None:
    kept = {path.relative_to(whole.site.root).parts[:2] for path in whole.root.rglob("alternatives.parquet")}
    days = [
        path
        for path in whole.site.state.rglob("alternatives.parquet")
        if {one.rpartition(" (")[0] for one in whole.search.seen_in(path)} == {"a day of death"}
    ]

    assert kept == {("state", "deliveries")}
    assert len(days) == 1


def test_row_values_lie_where_only_their_owner_can_look(whole: Whole) -> None:
    for name in ("inbox", "state/archive", "state/deliveries", "state/tmp", "state/prefect"):
        assert (whole.site.root / name).stat().st_mode & 0o077 == 0, name


def test_nothing_is_left_half_written(whole: Whole) -> None:
    assert list((whole.site.state / "tmp").iterdir()) == []
    assert list((whole.root / "tmp").iterdir()) == []
