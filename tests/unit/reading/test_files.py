"""Whole files: compression, archives, encodings and other kinds of file; bad ones are findings, never exceptions."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.errors import CouldNotRun
from loadgate.model.expected import Column, Dataset
from loadgate.model.findings import ArrivalEvidence
from loadgate.model.kinds import Kind, Severity
from loadgate.model.profiles import DeliverySpec, FormatKind
from loadgate.model.scope import Scope
from loadgate.reading.files import FORMATS, read
from loadgate.reading.sources import Limits

HEAD = b"account;cost;day\n"
ROW = b"0100;1,50;2026-10-07\n"
CONTENT = HEAD + ROW * 2


def zipped(members: dict[str, bytes], **attributes: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.writestr(info, content)
    return buffer.getvalue()


def encrypted(archive: bytes) -> bytes:
    """The same archive with the flag of encryption set in both headers."""
    changed = bytearray(archive)
    changed[6] |= 1
    directory = archive.index(b"PK\x01\x02")
    changed[directory + 8] |= 1
    return bytes(changed)


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("announced", ["none", "gzip", "zip"])
@pytest.mark.parametrize(
    "packed",
    [
        CONTENT,
        gzip.compress(CONTENT),
        gzip.compress(HEAD + ROW) + gzip.compress(ROW) + b"\x00" * 512,
        zipped({"a.csv": CONTENT}),
    ],
    ids=["plain", "gzip", "gzip of two members", "zip"],
)
def test_what_the_bytes_say_counts(read_bytes: Callable[..., Any], packed: bytes, announced: str) -> None:
    read_ = read_bytes(packed, compression=announced)

    assert read_.reading.findings == ()
    assert read_.column("account") == ["0100", "0100"]


def test_members_of_a_zip_are_parts_in_name_order(read_bytes: Callable[..., Any]) -> None:
    archive = zipped({"b.csv": HEAD + b"b;1;2026-10-07\n", "a.csv": HEAD + b"a;1;2026-10-07\n", "__MACOSX/a": b"?"})

    read_ = read_bytes(CONTENT, archive, compression="zip")

    assert read_.typed.select("_part", "_row", "_line", "account").rows() == [
        (0, 1, 2, "0100"),
        (0, 2, 3, "0100"),
        (1, 3, 2, "a"),
        (2, 4, 2, "b"),
    ]
    assert read_.reading.origins == (0, 1, 1)


def test_a_member_is_chosen_by_its_pattern(read_bytes: Callable[..., Any]) -> None:
    archive = zipped({"data/a_1.csv": CONTENT, "readme.txt": b"hello", "inner.zip": zipped({"x": b"y"})})

    assert read_bytes(archive, compression="zip", member="a_*.csv").reading.rows_typed == 2
    missing = read_bytes(archive, compression="zip", member="b_*.csv")
    assert missing.finding(Kind.UNREADABLE_FILE).detail["problem"] == "no such member"


BOMB = gzip.compress(HEAD + ROW * 100_000)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (gzip.compress(CONTENT)[:12] + b"\xff\xff\xff" + gzip.compress(CONTENT)[15:], "corrupt"),
        (gzip.compress(CONTENT) + b"rubbish", "corrupt"),
        (gzip.compress(CONTENT)[:-8] + b"\x00" * 8, "corrupt"),
        (zipped({"a.csv": CONTENT})[:-30], "corrupt"),
        (zipped({"a.csv": CONTENT}).replace(b"a.csv", b"b.csv", 1), "corrupt"),
        (BOMB, "too large when unpacked"),
        (zipped({"a.csv": HEAD + ROW * 100_000}), "too large when unpacked"),
        (zipped({f"{number}.csv": CONTENT for number in range(12)}), "too many members"),
        (zipped({"../a.csv": CONTENT}), "unsafe member name"),
        (zipped({"x/..\\a.csv": CONTENT}), "unsafe member name"),
        (zipped({"/etc/a.csv": CONTENT}), "unsafe member name"),
        (zipped({"C:\\a.csv": CONTENT}), "unsafe member name"),
        (zipped({"a.csv": b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16), "link in archive"),
        (encrypted(zipped({"a.csv": CONTENT})), "encrypted"),
        (zipped({"a.zip": zipped({"a.csv": CONTENT})}), "archive in archive"),
        (zipped({"a.csv.gz": gzip.compress(CONTENT)}), "archive in archive"),
        (gzip.compress(gzip.compress(CONTENT)), "archive in archive"),
        (zipped({}), "no such member"),
        (b"BZh91AY&SY" + b"\x00" * 40, "other compression"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 40, "other compression"),
        (parquet(pl.DataFrame({"account": ["1"]})), "other format"),
        (HEAD + ROW + b"\x81\xfe\x02;1;2026-10-07\n", "encoding"),
    ],
    ids=range(22),  # the bytes of an archive tell the time
)
def test_a_file_that_cannot_be_read_is_one_finding_and_no_rows(
    read_bytes: Callable[..., Any], content: bytes, problem: str
) -> None:
    limits = Limits(max_ratio=50, ratio_from_bytes=1_000_000, max_members=10)

    read_ = read_bytes(content, limits=limits)

    assert read_.kinds == [Kind.UNREADABLE_FILE]
    finding = read_.finding(Kind.UNREADABLE_FILE)
    assert finding.severity is Severity.CRITICAL
    assert finding.detail == {"problem": problem, "parts": "1"}
    assert read_.typed.columns == ["_part", "_row", "_line", "account", "cost", "day"]
    assert read_.reading.rows_in == read_.typed.height == read_.rejects.height == 0
    assert read_.left == ["rejects.parquet", "typed.parquet"]


def test_an_archive_may_unpack_to_its_limit_and_no_further(read_bytes: Callable[..., Any]) -> None:
    packed = gzip.compress(CONTENT)

    assert read_bytes(packed, limits=Limits(max_bytes=len(CONTENT))).reading.rows_in == 2
    assert read_bytes(packed, limits=Limits(max_bytes=len(CONTENT) - 1)).kinds == [Kind.UNREADABLE_FILE]


def test_what_packs_well_and_is_small_is_no_bomb(read_bytes: Callable[..., Any]) -> None:
    assert read_bytes(BOMB, limits=Limits(max_ratio=50)).reading.rows_in == 100_000


def test_a_gzip_that_ends_early_keeps_the_rows_before_and_says_so(read_bytes: Callable[..., Any]) -> None:
    rows = b"".join(b"%05d;%d,50;2026-10-07\n" % (n, n * 7919 % 1000) for n in range(20_000))
    packed = gzip.compress(HEAD + rows)

    read_ = read_bytes(packed[: len(packed) // 2], compression="gzip")

    assert read_.kinds == [Kind.UNREADABLE_FILE, Kind.REJECTED_ROWS]
    assert read_.finding(Kind.UNREADABLE_FILE).detail["problem"] == "ends early"
    rejected = read_.finding(Kind.REJECTED_ROWS)
    assert rejected.severity is Severity.CRITICAL
    assert rejected.rows_failed == 1
    assert 0 < read_.reading.rows_typed < 20_000
    assert read_.reading.rows_in == read_.reading.rows_typed + 1


def test_the_last_row_before_an_early_end_is_rejected_though_it_looks_whole(read_bytes: Callable[..., Any]) -> None:
    import zlib

    deflate = zlib.compressobj(wbits=31)
    whole_but_cut = deflate.compress(CONTENT[:-1]) + deflate.flush(zlib.Z_SYNC_FLUSH)

    read_ = read_bytes(whole_but_cut)

    assert read_.reasons == [(3, "cut off")]
    assert read_.reading.rows_typed == 1


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-8", "utf-8"), ("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8"), ("utf-8-sig", "utf-8-sig")]
    + [(name, name) for name in ("cp1252", "iso-8859-1", "utf-16")],
)
def test_every_encoding_is_read(read_bytes: Callable[..., Any], encoding: str, written: str) -> None:
    content = "account;cost;day\nÆbleskiver på ½;1,5;2026-10-07\n".encode(written)

    assert read_bytes(content, encoding=encoding).column("account") == ["Æbleskiver på ½"]


def test_the_euro_sign_is_read_in_windows_1252(read_bytes: Callable[..., Any]) -> None:
    assert read_bytes(HEAD + b"\x80;1;2026-10-07\n", encoding="cp1252").column("account") == ["€"]


def test_a_letter_that_two_blocks_share_is_one_letter(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = HEAD + "æøå€;1;2026-10-07\n".encode() * 5
    monkeypatch.setattr("loadgate.reading.sources.CHUNK_BYTES", 1)

    assert read_bytes(content).column("account") == ["æøå€"] * 5


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda content: zipped({"a.parquet": content})])
def test_parquet_is_read_packed_or_not(read_bytes: Callable[..., Any], pack: Callable[[bytes], bytes]) -> None:
    frame = pl.DataFrame({"Konto": ["01", "02"], "more": [1, 2]})

    read_ = read_bytes(pack(parquet(frame)), kind="parquet", columns={"account": {}}, sources={"Konto": "account"})

    assert read_.typed.rows() == [(0, 1, 1, "01"), (0, 2, 2, "02")]
    assert read_.finding(Kind.COLUMNS_ADDED).detail == {"unexpected": "1", "places": "2"}
    assert read_.left == ["rejects.parquet", "typed.parquet"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [(CONTENT, "other format"), (b"", "other format"), (b"PAR1" + b"x" * 100 + b"PAR1", "corrupt")],
)
def test_what_is_no_parquet_is_a_finding(read_bytes: Callable[..., Any], content: bytes, problem: str) -> None:
    read_ = read_bytes(content, kind="parquet")

    assert read_.finding(Kind.UNREADABLE_FILE).detail["problem"] == problem


def test_a_parquet_of_countless_equal_rows_is_too_large(read_bytes: Callable[..., Any]) -> None:
    content = parquet(pl.DataFrame({"account": ["1"] * 100_000}))

    read_ = read_bytes(content, kind="parquet", columns={"account": {}}, limits=Limits(max_bytes=100_000))

    assert read_.finding(Kind.UNREADABLE_FILE).detail["problem"] == "too large when unpacked"


def test_an_unreadable_part_among_good_ones_leaves_no_row(read_bytes: Callable[..., Any]) -> None:
    read_ = read_bytes(CONTENT, b"BZh9" + b"\x00" * 20, CONTENT)

    assert read_.finding(Kind.UNREADABLE_FILE).detail == {"problem": "other compression", "parts": "2"}
    assert read_.reading.rows_in == read_.typed.height == 0


def test_an_empty_delivery_says_how_many_bytes_came(read_bytes: Callable[..., Any]) -> None:
    assert read_bytes(HEAD, HEAD).finding(Kind.EMPTY).evidence == ArrivalEvidence(files=2, size_bytes=2 * len(HEAD))


def test_a_file_that_is_gone_could_not_be_read(tmp_path: Path) -> None:
    dataset = Dataset(dataset="ledger", area="economy", title="", columns={"account": Column()})
    spec = DeliverySpec(system="prisme", dataset="ledger", files="x")

    with pytest.raises(CouldNotRun, match="dataset ledger could not be read: FileNotFoundError"):
        read([tmp_path / "PLANTED"], spec=spec, dataset=dataset, scope=Scope(), into=tmp_path)


def test_every_format_kind_has_a_reader() -> None:
    assert set(FORMATS) == set(FormatKind)


def test_a_zip_that_states_a_false_size_is_a_finding(read_bytes: Callable[..., Any]) -> None:
    archive = bytearray(zipped({"a.csv": CONTENT}))
    directory = bytes(archive).index(b"PK\x01\x02")
    archive[directory + 24 : directory + 28] = struct.pack("<I", len(HEAD))

    read_ = read_bytes(bytes(archive))

    assert read_.finding(Kind.UNREADABLE_FILE).detail["problem"] == "corrupt"
