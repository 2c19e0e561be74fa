"""The sample as it is laid out: untouched rows, the same bytes each time, Germany as control figures."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import polars as pl
import pytest

from loadgate.content.controls import read_controls
from loadgate.content.loader import load
from loadgate.errors import NotFound
from loadgate.samples.rki import layout

VINTAGES = layout.vintages()


def test_there_are_31_months_in_a_row() -> None:
    assert list(VINTAGES)[0::30] == ["2023-12", "2026-06"]
    assert len(VINTAGES) == 31
    assert all(str(published).startswith(period) for period, (_, published) in VINTAGES.items())


def test_a_land_gets_the_header_and_its_own_lines_untouched() -> None:
    vintage, _ = VINTAGES["2025-08"]
    header, *lines = gzip.decompress(vintage.read_bytes()).splitlines(keepends=True)
    parts = layout.split(vintage)
    assert list(parts) == [f"{number:02}" for number in range(1, 17)]
    assert header.startswith(b"\xef\xbb\xbf")
    for provider, data in parts.items():
        own = [line for line in lines if line.split(b"\t")[2] == provider.encode()]
        assert gzip.decompress(data) == header + b"".join(own)


def test_splitting_twice_gives_the_same_bytes() -> None:
    vintage, _ = VINTAGES["2023-12"]
    assert layout.split(vintage) == layout.split(vintage)


def test_a_month_is_laid_out_with_times_and_controls_and_loads(tmp_path: Path) -> None:
    layout.write_site(tmp_path)
    names = layout.write_period(tmp_path, "2025-08")
    with (tmp_path / "inbox" / "received.csv").open(encoding="utf-8") as file:
        received = {row["name"]: row["received_at"] for row in csv.DictReader(file)}
    assert received == dict.fromkeys(names, "2025-08-28T09:12:00+02:00")
    assert names[0] == "2025-08/2025-08-28_IfSG_Influenzafaelle_01.tsv.gz"
    assert all((tmp_path / "inbox" / name).is_file() for name in names)
    _, controls = read_controls(load(tmp_path), period="2025-08")
    assert (controls.height, controls["source"].unique().to_list()) == (1257, ["germany"])


def test_laying_out_again_changes_nothing(tmp_path: Path) -> None:
    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    layout.write_site(tmp_path)
    layout.write_period(tmp_path, "2024-02")
    layout.write_period(tmp_path, "2024-01")
    before = everything()
    layout.write_site(tmp_path)
    layout.write_period(tmp_path, "2024-02")
    assert everything() == before


def test_a_month_that_the_sample_does_not_have_is_not_found(tmp_path: Path) -> None:
    layout.write_site(tmp_path)
    with pytest.raises(NotFound) as caught:
        layout.write_period(tmp_path, "2020-01")
    assert str(caught.value) == "the sample has no 2020-01\n  fix       it has 2023-12 to 2026-06"


@pytest.mark.parametrize("period", VINTAGES)
def test_the_suite_holds_in_every_vintage_and_germany_is_the_sum(period: str) -> None:
    """The suite's expectations, written once more by hand."""
    data = gzip.decompress(VINTAGES[period][0].read_bytes())
    rows = pl.read_csv(data, separator="\t", infer_schema=False, quote_char=None, null_values=["NA"])
    rows = rows.with_columns(pl.col("Fallzahl").cast(pl.Int64), pl.col("Inzidenz").cast(pl.Decimal(38, 2)))
    own, germany = (rows.filter((pl.col("Region_Id") == "00") == whole) for whole in (False, True))
    unknown = pl.col("Altersgruppe") == "Unbekannt"
    cell = ["Meldewoche", "Altersgruppe"]
    assert own.group_by("Region_Id").len()["len"].min() >= 250  # type: ignore[operator]
    assert set(own["Altersgruppe"]) == {"00+", "00-14", "15-59", "60+", "Unbekannt"}
    assert own.filter(pl.col("Meldewoche").is_null() | (pl.col("Fallzahl") < 1)).is_empty()
    assert own.filter(unknown == pl.col("Inzidenz").is_not_null()).is_empty()
    assert own.select("Meldewoche", "Region_Id", "Altersgruppe").is_unique().all()
    sums = own.group_by(cell).agg(pl.col("Fallzahl").sum()).sort(cell)
    assert sums.rows() == germany.select(*cell, "Fallzahl").sort(cell).rows()
