from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loadgate.store.scratch import Scratch

NOW = datetime(2026, 11, 3, 6, 30, tzinfo=UTC)
WORKS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from loadgate.store.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]), shared=False, who="monthly load")
place = scratch.folder(now=datetime(2026, 11, 3, 6, 0, tzinfo=UTC))
(place / "rows").mkdir()
(place / "rows" / "waiting.parquet").write_bytes(b"rows")
print(place, flush=True)
sys.stdin.read()
"""


@contextmanager
def at_work(root: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process with rows in its place; it ends when its input does."""
    command = [sys.executable, "-c", WORKS, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child, Path(child.stdout.readline().strip())


def kill(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()


def last_asked_for(place: Path, moment: datetime) -> None:
    os.utime(place, (moment.timestamp(), moment.timestamp()))


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    made = Scratch(tmp_path / "tmp", shared=False, who="ann")
    yield made
    made.close()


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_stays(tmp_path: Path, scratch: Scratch) -> None:
    own = scratch.folder(now=NOW)
    with at_work(tmp_path / "tmp") as (dead, left), at_work(tmp_path / "tmp") as (_, living):
        kill(dead)
        assert (left / "rows" / "waiting.parquet").is_file()

        assert scratch.leavings(now=NOW) == [left]
        scratch.sweep(now=NOW)

        assert scratch.leavings(now=NOW) == []
        assert sorted((tmp_path / "tmp").iterdir()) == sorted([own, living])
        assert (living / "rows" / "waiting.parquet").read_bytes() == b"rows"


def test_a_process_takes_its_place_with_it_when_it_ends(tmp_path: Path) -> None:
    with at_work(tmp_path / "tmp") as (child, place):
        assert place.is_dir()
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        child.communicate()
    assert child.returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def test_who_has_the_number_of_a_dead_process_keeps_nothing_of_it_alive(tmp_path: Path, scratch: Scratch) -> None:
    with at_work(tmp_path / "tmp") as (dead, left):
        kill(dead)
    said = (left / "lock").read_text()
    (left / "lock").write_text(said.replace(f'"pid":{dead.pid}', f'"pid":{os.getpid()}'))

    scratch.sweep(now=NOW)

    assert not left.exists()


def test_what_another_machine_has_on_a_shared_folder_is_not_touched(tmp_path: Path) -> None:
    shared = Scratch(tmp_path / "tmp", shared=True, who="ann")
    theirs = tmp_path / "tmp" / "elsewhere-0a1b2c3d"
    theirs.mkdir(parents=True)
    (theirs / "lock").write_text("")  # held there, which need not be seen here
    last_asked_for(theirs, NOW - timedelta(days=6))
    with at_work(tmp_path / "tmp") as (dead, ours):
        kill(dead)

    assert shared.leavings(now=NOW) == [ours]
    shared.sweep(now=NOW)

    assert theirs.is_dir()
    assert not ours.exists()


def test_what_a_machine_that_never_came_back_left_on_a_shared_folder_goes_after_a_week(tmp_path: Path) -> None:
    shared = Scratch(tmp_path / "tmp", shared=True, who="ann")
    for name in ("pod-7f9c-0a1b2c3d", "pod-88aa-11223344"):
        place = tmp_path / "tmp" / name
        (place / "rows").mkdir(parents=True)
        (place / "lock").write_text("")
        last_asked_for(place, NOW - timedelta(days=8))

    assert len(shared.leavings(now=NOW)) == 2
    shared.sweep(now=NOW)

    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_place_that_is_asked_for_stays_though_it_was_made_long_ago(tmp_path: Path) -> None:
    theirs = Scratch(tmp_path / "tmp", shared=True, who="berta")
    place = theirs.folder(now=NOW - timedelta(days=30))
    last_asked_for(place, NOW - timedelta(days=30))

    assert theirs.folder(now=NOW) == place

    assert place.stat().st_mtime == NOW.timestamp()
    theirs.close()


def test_what_earlier_versions_and_deaths_at_birth_left_is_swept(tmp_path: Path, scratch: Scratch) -> None:
    root = tmp_path / "tmp"
    (root / "4711-abc.half" / "rows-1").mkdir(parents=True)
    (root / "in-4711-140-0123").write_bytes(b"rows")
    (tmp_path / "outside").mkdir()
    (root / "link").symlink_to(tmp_path / "outside")

    scratch.sweep(now=NOW)

    assert list(root.iterdir()) == []
    assert (tmp_path / "outside").is_dir()


SWEEPS = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from loadgate.store.scratch import Scratch
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
Scratch(Path(sys.argv[1]), shared=False, who="bob").sweep(now=datetime(2026, 11, 3, 6, 0, tzinfo=UTC))
"""


def test_what_another_account_left_stays_and_stops_nobody() -> None:
    with tempfile.TemporaryDirectory() as above:  # where another account may go
        root = Path(above) / "tmp"
        for name in ("a-theirs", "b-nobodys"):
            (root / name).mkdir(parents=True)
        for folder in (Path(above), root):
            folder.chmod(0o777)
        (root / "a-theirs" / "lock").write_text("")
        (root / "a-theirs").chmod(0 if os.getuid() else 0o700)
        (root / "b-nobodys").chmod(0o777)

        swept = subprocess.run([sys.executable, "-c", SWEEPS, str(root)], capture_output=True, text=True, check=False)

        left = sorted(path.name for path in root.iterdir())
        (root / "a-theirs").chmod(0o700)
        assert (swept.returncode, swept.stderr) == (0, "")
        assert left == ["a-theirs"]


def test_a_place_that_somebody_removed_is_made_again(scratch: Scratch) -> None:
    first = scratch.folder(now=NOW)
    (first / "lock").unlink()
    first.rmdir()
    assert scratch.folder(now=NOW).is_dir()


def test_there_is_nothing_to_sweep_where_nothing_was(scratch: Scratch, tmp_path: Path) -> None:
    scratch.sweep(now=NOW)
    assert not (tmp_path / "tmp").exists()
