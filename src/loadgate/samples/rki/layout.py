"""The published vintages in; out, a complete site: content, one delivery per Land and month, control figures."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from loadgate.errors import NotFound

NAME = "rki"
SHOWN = "2025-08"  # the month whose deliveries wait in the inbox unless another is asked for
COUNTED = "cases"  # the figure that Germany's own rows are control figures of
GERMANY = "00"
RECEIVED = ("name", "received_at")
CONTROL_COLUMNS = ("period", "figure", "cell", "provider", "reference", "value", "reported")

_HERE = Path(__file__).parent
_SITE = _HERE / "site"
_DATA = _HERE / "data"
_ZONE = ZoneInfo("Europe/Berlin")
_HOUR = time(9, 12)  # of every arrival: the publications are dated, not timed
_COLUMNS = b"Meldewoche\tRegion\tRegion_Id\tAltersgruppe\tFallzahl\tInzidenz"
_BOM = b"\xef\xbb\xbf"


def vintages() -> dict[str, tuple[Path, date]]:
    """Period (`2025-08`) → the month's file and the day on which it was published, in order."""
    found = {}
    for path in sorted(_DATA.glob("*_IfSG_Influenzafaelle.tsv.gz")):
        published = date.fromisoformat(path.name[:10])
        found[f"{published:%Y-%m}"] = (path, published)
    return found


def _lines(vintage: Path) -> tuple[bytes, list[bytes]]:
    """The header line and all others, bytes as published."""
    header, *lines = gzip.decompress(vintage.read_bytes()).splitlines(keepends=True)
    if header.removeprefix(_BOM).rstrip(b"\r\n") != _COLUMNS:
        raise ValueError(f"{vintage.name} has other columns than the sample")
    return header, lines


def split(vintage: Path) -> dict[str, bytes]:
    """Provider id → that Land's delivery: the header and its own lines, untouched, gzip. The same bytes each time."""
    header, lines = _lines(vintage)
    rows: dict[str, list[bytes]] = {}
    for line in lines:
        rows.setdefault(line.split(b"\t", 3)[2].decode("ascii"), []).append(line)
    return {
        region: gzip.compress(b"".join([header, *own]), mtime=0)
        for region, own in sorted(rows.items())
        if region != GERMANY
    }


def germany_controls(vintage: Path, period: str) -> str:
    """Control figures of this run period as CSV: Germany's case counts by week and age group.

    Counts only: an incidence is no sum of the Länder's.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CONTROL_COLUMNS)
    for line in _lines(vintage)[1]:
        week, _, region, age_group, cases, _ = line.decode("utf-8").rstrip("\r\n").split("\t")
        if region == GERMANY:
            writer.writerow((period, COUNTED, age_group, "", week, cases, ""))
    return text.getvalue()


def write_site(out: Path) -> Path:
    """Copy the site's content into `out` and make its empty inbox. Files that are there are replaced."""
    shutil.copytree(_SITE, out, dirs_exist_ok=True, copy_function=shutil.copyfile)
    inbox = out / "inbox"
    inbox.mkdir(mode=0o700, exist_ok=True)  # row values: whoever lets others send here opens it to them
    if not (inbox / "received.csv").exists():
        _write_received(inbox / "received.csv", {})
    return out


def write_period(
    out: Path, period: str, *, providers: frozenset[str] | None = None, figures: frozenset[str] | None = None
) -> list[str]:
    """Lay out one month: deliveries, their times of arrival, control figures. Returns the names in the inbox.

    `providers` and `figures` are those that the site's content knows (None: all): other Länder deliver nothing, and
    Germany is a control only of a figure that is there and of all its Länder. Writing a month again changes nothing.
    Raises NotFound for a month that the sample does not have.
    """
    every = vintages()
    if period not in every:
        first, last = min(every), max(every)
        raise NotFound(f"the sample has no {period}", fix=f"it has {first} to {last}")
    vintage, published = every[period]
    inbox = out / "inbox"
    (inbox / period).mkdir(parents=True, exist_ok=True)
    names = []
    every_delivery = split(vintage)
    for provider, data in every_delivery.items():
        if providers is not None and provider not in providers:
            continue
        name = f"{period}/{published}_IfSG_Influenzafaelle_{provider}.tsv.gz"
        _write(inbox / name, data)
        names.append(name)
    received = _read_received(inbox / "received.csv")
    received |= dict.fromkeys(names, datetime.combine(published, _HOUR, _ZONE).isoformat())
    _write_received(inbox / "received.csv", received)
    whole = providers is None or providers >= set(every_delivery)
    if not whole or (figures is not None and COUNTED not in figures):
        return names
    controls = out / "baselines" / "control_figures"
    controls.mkdir(parents=True, exist_ok=True)
    _write(controls / f"germany_{period}.csv", germany_controls(vintage, period).encode())
    return names


def _write(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        path.write_bytes(data)


def _read_received(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["received_at"] for row in csv.DictReader(file)}


def _write_received(path: Path, received: dict[str, str]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RECEIVED)
    writer.writerows(sorted(received.items()))
    _write(path, text.getvalue().encode())
