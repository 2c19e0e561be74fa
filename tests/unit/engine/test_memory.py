"""Polars' allocator is told in time, and heard."""

from __future__ import annotations

import os
import subprocess
import sys

SHARE = "from loadgate.checking.engine.memory import share_free_memory; share_free_memory(); import os; "
STATED = "print(os.environ.get('_RJEM_MALLOC_CONF'))"


def _run(program: str, **settings: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    return subprocess.run(
        [sys.executable, "-c", program], env=plain | settings, capture_output=True, text=True, check=True
    )


def test_polars_allocator_has_as_many_pools_as_it_is_told_within_the_process() -> None:
    program = (
        f"{SHARE} os.environ['_RJEM_MALLOC_CONF'] += ',stats_print:true'; "
        "import polars; polars.DataFrame({'a': [1]}).select('a')"
    )

    report = _run(program).stderr

    assert f"opt.narenas: {max(1, (os.cpu_count() or 1) // 2)}\n" in report


def test_a_setting_of_the_users_own_stays() -> None:
    assert _run(SHARE + STATED, _RJEM_MALLOC_CONF="narenas:7").stdout.strip() == "narenas:7"


def test_what_comes_too_late_is_not_said() -> None:
    said = _run("import polars, os; before = os.environ['_RJEM_MALLOC_CONF'];" + SHARE + "print(before);" + STATED)

    assert len(set(said.stdout.split())) == 1
