from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loadgate.store import lock

NOW = datetime(2026, 11, 3, 6, 30, tzinfo=UTC)
HOLDS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from loadgate.store import lock
with lock.hold(Path(sys.argv[1]), who="monthly load", now=datetime(2026, 11, 3, 6, 0, tzinfo=UTC)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    file = tmp_path / "locks" / "2026-10.lock"

    with lock.hold(file, who="ann", now=NOW) as holder:
        with pytest.raises(lock.Held) as raised, lock.hold(file, who="bob", now=NOW, timezone="Europe/Copenhagen"):
            pytest.fail("two at once")
        assert lock.holder_of(file) == holder

    assert raised.value.holder == holder
    assert raised.value.message == (
        f"2026-10 is being worked on by ann (process {os.getpid()} on {holder.host}) "
        "since 2026-11-03 07:30 Europe/Copenhagen"
    )


def test_a_lock_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    file = tmp_path / "2026-10.lock"
    assert lock.holder_of(file) is None
    with lock.hold(file, who="ann", now=NOW):
        pass
    assert lock.holder_of(file) is None

    with lock.hold(file, who="bob", now=NOW):
        assert getattr(lock.holder_of(file), "who", None) == "bob"


def test_locks_of_two_periods_do_not_meet(tmp_path: Path) -> None:
    with (
        lock.hold(tmp_path / "2026-10.lock", who="ann", now=NOW),
        lock.hold(tmp_path / "2026-11.lock", who="bob", now=NOW),
    ):
        assert getattr(lock.holder_of(tmp_path / "2026-10.lock"), "who", None) == "ann"


def test_a_lock_does_not_survive_its_holder(tmp_path: Path) -> None:
    file = tmp_path / "2026-10.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(file)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(lock.Held, match=f"monthly load .process {child.pid} "), lock.hold(file, who="b", now=NOW):
            pytest.fail("two at once")

        child.send_signal(signal.SIGKILL)
        child.wait()

    before = time.monotonic()
    with lock.hold(file, who="bob", now=NOW):
        assert time.monotonic() - before < 5
