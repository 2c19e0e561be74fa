"""A damaged Parquet file is judged by what can be read of it, or could not be read; neither takes for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars
from loadgate.checking.engine.execution import validator_for
from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.parquet_slices import ParquetFile
from loadgate.checking.engine.quiet import import_gx

import_gx()
import great_expectations as gx  # noqa: E402

APART = Path(__file__).with_name("damaged_parquet.py")
A_HANG = 120  # seconds; what is asked takes ten


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    frame = pl.DataFrame(
        {
            "number": [None if row % 7 == 3 else row * 7919 % 9973 for row in range(400)],
            "text": [None if row % 11 == 5 else f"t{row % 13}" * (row % 4) for row in range(400)],
            "amount": [row / 4 for row in range(400)],
        }
    )
    path = tmp_path / "sound.parquet"
    pq.write_table(frame.to_arrow(), path, row_group_size=100)
    return path


def apart(sound: Path, first: int, last: int, task: str) -> subprocess.CompletedProcess[str]:
    """Judge damaged files in a process of their own. Raises: TimeoutExpired if it does not end."""
    quiet = os.environ | {"RUST_BACKTRACE": "0"}
    command = [sys.executable, str(APART), str(sound), str(first), str(last), task]
    return subprocess.run(command, capture_output=True, text=True, timeout=A_HANG, check=False, env=quiet)


def test_flipped_bits_are_told_the_same_of_a_file_and_of_its_frame(sound: Path) -> None:
    first, last, judged, ended = 1, 150, 0, 0
    while first <= last:
        done = apart(sound, first, last, "bits")
        for line in done.stdout.splitlines():
            number, same = line.split()
            assert same == "True", f"bits flipped by {number}"
            first, judged = int(number) + 1, judged + 1
        if first <= last:  # Polars asks for exabytes of memory, which no process survives; a frame alone does it too
            assert done.returncode == -signal.SIGABRT, f"{first}: {done.stderr[-2000:]}"
            assert "memory allocation of" in done.stderr, f"{first}: {done.stderr[-2000:]}"
            first, ended = first + 1, ended + 1
    assert judged >= 145, f"{ended} ended the process"


def test_damaged_row_groups_are_judged_to_an_end(sound: Path) -> None:
    """One pass in some hundreds never ended while Polars was told to read but one row group ahead."""
    done = apart(sound, 1, 250, "row-groups")
    assert done.stdout == "done\n", done.stderr[-2000:]


def footers_that_panic(sound: Path) -> list[Path]:
    """Files of which Polars cannot even tell the columns, and says so by a panic, which is no Exception."""
    content = sound.read_bytes()
    found = []
    for at in range(len(content) - 8 - int.from_bytes(content[-8:-4], "little"), len(content) - 8):
        damaged = bytearray(content)
        damaged[at] ^= 1
        path = sound.with_name(f"footer-{at}.parquet")
        path.write_bytes(damaged)
        try:
            pl.scan_parquet(path, glob=False).collect_schema()
        except pl.exceptions.PolarsError:
            pass
        except pl.exceptions.PanicException:
            found.append(path)
            continue
        path.unlink()
    return found


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_footer_over_which_polars_panics_is_a_table_that_could_not_be_read(sound: Path) -> None:
    panicking = footers_that_panic(sound)
    assert panicking, "then this test has nothing to test"
    expect = gx.expectations
    suite = gx.ExpectationSuite(
        name="s",
        expectations=[
            expect.ExpectTableRowCountToEqual(value=400),
            expect.ExpectColumnValuesToNotBeNull(column="number"),
            expect.ExpectColumnValuesToBeOfType(column="number", type_="Int64"),
        ],
    )
    for path in (panicking[0], panicking[-1]):
        frame = pl.scan_parquet(path, glob=False)
        for rows in (frame, ParquetFile(path=path)):
            assert {one.state.value for one in compile_suite(suite).validate(rows).outcomes} == {"could_not_run"}
        source = gx.get_context(mode="ephemeral").data_sources.add_polars("here", base_directory=path.parent)
        asset = source.add_parquet_asset("one").add_batch_definition_path("all", path.name)
        for found in (asset.get_batch().validate(suite), validator_for(frame, expectation_suite=suite).validate()):
            assert [one.success for one in found.results] == [False] * 3
            assert all("could not be read" in str(one.exception_info) for one in found.results)


@pytest.mark.parametrize("catch", [True, False])
def test_a_check_of_types_of_what_cannot_be_read_heeds_catch_exceptions(tmp_path: Path, catch: bool) -> None:
    suite = gx.ExpectationSuite(name="s")
    suite.add_expectation(gx.expectations.ExpectColumnValuesToBeOfType(column="number", type_="Int64"))
    validator = validator_for(pl.scan_parquet(tmp_path / "gone.parquet"), expectation_suite=suite)
    if catch:
        (found,) = validator.validate().results
        assert "could not be read" in str(found.exception_info)
        return
    with pytest.raises(gx.exceptions.MetricResolutionError, match="could not be read"):
        validator.validate(catch_exceptions=False)
