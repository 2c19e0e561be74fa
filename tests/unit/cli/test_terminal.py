"""What is printed stays on its line, and can be printed whatever the terminal's encoding and a stranger's text are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from loadgate.cli.terminal import visible

PRINTS = """
import os
from loadgate.cli.terminal import say, say_json, take_any_text
take_any_text()
name = os.fsdecode(b"bad\\xff\\xc3\\xb8.tsv")
say("by −1.0 %  " + name)
say_json([name, "−"])
"""


@pytest.mark.parametrize("encoding", ["utf-8:strict", "latin-1:strict", "ascii:strict"])
def test_every_terminal_takes_every_name(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINTS], env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, check=True
    )

    line, *rest = done.stdout.decode(encoding.partition(":")[0]).splitlines()
    assert line.startswith(("by −1.0 %", "by -1.0 %"))
    assert r"bad\udcff" in line
    assert json.loads("\n".join(rest)) == ["bad\udcffø.tsv", "−"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("2025-08/Fälle 01.tsv", "2025-08/Fälle 01.tsv"),
        ("new\nline.tsv", r"new\nline.tsv"),
        ("\x1b[31mHOLD\x1b[0m", r"\x1b[31mHOLD\x1b[0m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("bad\udcff", r"bad\udcff"),
    ],
)
def test_no_name_moves_the_cursor_or_turns_a_line_round(name: str, shown: str) -> None:
    assert visible(name) == shown


def written(code: str, *, columns: int) -> str:
    """What a program writes to a terminal."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment["PYTHONIOENCODING"] = "utf-8"
    subprocess.run([sys.executable, "-c", code], stdin=theirs, stdout=theirs, env=environment, check=True)
    found = os.read(ours, 1000).decode()
    os.close(theirs)
    os.close(ours)
    return found


def test_a_bar_stays_on_its_line_in_a_narrow_terminal() -> None:
    found = written("from loadgate.cli.progress import _bar; _bar('reading', 160, 894)", columns=40)

    assert found.startswith("\r  reading     160 of 894  ███")
    assert len(found.removeprefix("\r").removesuffix("\x1b[K")) < 40


HANGS = """
from loadgate.cli.terminal import hung, say
say(hung("  measuring   ", "2 figures, 16 providers, 295 reference periods, 27,379 values  0.1 s"))
"""


def test_what_is_too_long_for_the_terminal_goes_on_below_its_beginning() -> None:
    assert written(HANGS, columns=40).splitlines() == [
        "  measuring   2 figures, 16 providers,",
        "              295 reference periods,",
        "              27,379 values  0.1 s",
    ]
    assert len(written(HANGS, columns=100).splitlines()) == 1


def test_what_is_no_terminal_gets_whole_lines() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run([sys.executable, "-c", HANGS], env=environment, capture_output=True, text=True, check=True)

    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("command", [["sample"], ["waive"], ["suite", "draft"], ["suite", "import"], ["run"]])
def test_help_stays_within_the_terminal_but_for_commands_to_copy(command: list[str], columns: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loadgate", *command, "--help"],
        env=os.environ | {"COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        check=True,
    )

    wide = [line for line in done.stdout.splitlines() if len(line) > columns]
    assert [line for line in wide if not line.startswith(("    loadgate ", "Kinds of faults"))] == []
    assert columns < 80 or not wide


FILLS_THE_DISK = """
import polars as pl
from loadgate.cli import main
main.app = lambda **_: pl.DataFrame({"a": range(100_000)}).write_parquet("/dev/full")
main.main()
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_is_full_while_polars_writes_is_told_as_that() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILLS_THE_DISK], env=os.environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 5
    assert done.stderr.startswith("No space left on device (")
    assert done.stderr.endswith("  fix       make room on the disk; then run it again\n")
