"""A site, a period and a dataset in; out, one JSON line: how long one part of the work on its files took.

`prepare` opens the run, `scan` passes over the files once, `dataset` reads and checks them; each in its own process.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.model.deliveries import Delivery
from loadgate.model.period import Period
from loadgate.model.profiles import Compression, DeliverySpec, FormatKind
from loadgate.running import month, opening
from loadgate.running.opened import Opened, Ref, open_site

if TYPE_CHECKING:
    import polars as pl


def main(part: str, site: str, period: str, dataset: str) -> None:
    opened = open_site(Path(site))
    if part == "prepare":
        opening.open_run(opened, Period.parse(period), as_of=None, actor="benchmark")
        _say(1, 0.0, 0.0)
        return
    ref = Ref(str(opened.places.site), period)
    deliveries = [one for one in opened.inputs(period).deliveries if one.expected.dataset == dataset]
    opened.frozen(opened.inputs(period).content)
    import polars  # noqa: F401  neither side pays for it

    if part == "dataset":
        from loadgate.checking.engine.quiet import import_gx

        import_gx()
    wall, cpu = time.perf_counter(), time.process_time()
    for delivery in deliveries:
        if part == "scan":
            _scan(opened, delivery)
        else:
            month.DELIVERIES.do(ref, delivery.id)
    _say(len(deliveries), time.perf_counter() - wall, time.process_time() - cpu)


def _scan(opened: Opened, delivery: Delivery) -> None:
    """The least that touches every value: each column counted, and the largest value of it found."""
    site = opened.frozen(opened.inputs(delivery.expected.period).content)
    expected = delivery.expected
    spec = site.spec(supplier=expected.supplier, system=expected.system, dataset=expected.dataset)
    with tempfile.TemporaryDirectory() as scratch:
        paths = [opened.places.archived(part.sha256) for part in delivery.parts]
        if spec.format.compression is Compression.ZIP:
            paths = [member for path in paths for member in _unpacked(path, Path(scratch))]
        if spec.format.compression is Compression.GZIP:
            paths = [_inflated(path, Path(scratch)) for path in paths]
        _pass_over(paths, spec)


def _unpacked(path: Path, into: Path) -> list[Path]:
    """The members of an archive; taking them out belongs to the scan, as nobody can scan what is packed."""
    with zipfile.ZipFile(path) as archive:
        return [Path(archive.extract(name, into / path.name)) for name in archive.namelist()]


def _inflated(path: Path, into: Path) -> Path:
    with gzip.open(path) as packed, (into / path.name).open("wb") as plain:
        shutil.copyfileobj(packed, plain, 1 << 20)
    return into / path.name


def _pass_over(paths: list[Path], spec: DeliverySpec) -> None:
    import polars as pl

    for path in paths:
        if spec.format.kind is FormatKind.CSV and spec.format.encoding != "utf-8":
            _scan_encoded(path, spec)
            continue
        frame = pl.scan_parquet(path) if spec.format.kind is FormatKind.PARQUET else _lines(path, spec)
        frame.select(pl.all().count().name.suffix(" count"), pl.all().max()).collect(engine="streaming")


def _lines(path: Path, spec: DeliverySpec) -> pl.LazyFrame:
    import polars as pl

    if spec.format.kind is FormatKind.FIXED:
        whole = pl.scan_lines(path)
        name = whole.collect_schema().names()[0]
        return whole.select(
            pl.col(name).str.slice((column.start or 1) - 1, column.length).alias(column.column)
            for column in spec.columns
        )
    return pl.scan_csv(path, separator=spec.format.delimiter, infer_schema=False)


def _scan_encoded(path: Path, spec: DeliverySpec) -> None:
    """Polars reads UTF-8 only as a stream; pyarrow converts on the way."""
    import polars as pl
    import pyarrow.csv as pc

    reader = pc.open_csv(
        path,
        read_options=pc.ReadOptions(encoding=spec.format.encoding, block_size=8 << 20),
        parse_options=pc.ParseOptions(delimiter=spec.format.delimiter),
    )
    for batch in reader:
        frame = pl.DataFrame(pl.from_arrow(batch))
        frame.select(pl.all().count().name.suffix(" count"), pl.all().max())


def _say(units: int, wall_s: float, cpu_s: float) -> None:
    print(json.dumps({"units": units, "wall_s": wall_s, "cpu_s": cpu_s}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
