"""A small share of `make conformance`, in every test run; the whole takes minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # these modules belong together and are no package

pytestmark = pytest.mark.filterwarnings("ignore")  # GX and pandas warn about each other


def test_a_few_hundred_generated_cases_agree_with_gx_on_pandas_or_differ_for_a_listed_reason() -> None:
    from listed import read_list
    from run import Tally, generated

    tally = Tally()
    generated(tally, read_list(), frames=6, start=4)

    assert tally.ran >= 300
    assert not tally.unlisted, tally.unlisted[0][0] + "\n" + tally.unlisted[0][2]


def test_every_core_expectation_is_generated_or_needs_what_no_frame_has() -> None:
    from parameters import BUILDERS, CANNOT

    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    from great_expectations.expectations import core
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    names = list_registered_expectation_implementations()
    registered = {name for name in names if get_expectation_impl(name).__module__.startswith(core.__name__)}

    assert registered == {f"expect_{name}" for name in BUILDERS} | set(CANNOT)
    assert len(registered) == 59


def test_what_needs_sql_or_another_table_is_refused_by_both_adapters() -> None:
    import polars as pl
    from comparing import message
    from parameters import CANNOT

    from peers import with_engine, with_fast

    asked = list(CANNOT.items())
    frame = pl.DataFrame({"a": [1]})

    reasons = [message(one) for run in (with_engine, with_fast) for one in run(frame, asked, "BASIC")]

    assert len(reasons) == 6
    assert all(reason.startswith("cannot be evaluated here, because ") for reason in reasons)
