"""Our own expectations do with the rows of their pages what these say, and every one of them has a page."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.arguments import gx_arguments
from loadgate.checking.conditions import to_gx
from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.outcomes import CheckState
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.expectations import listed
from loadgate.model import conditions
from loadgate.model.expected import Dataset, ExpectationLine

PAGES = Path(__file__).parent / "expectations"


def _module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"spec_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


tables = _module("tables")
ALL = [section for page in sorted(PAGES.glob("*.md")) for section in tables.sections(page)]


def validated(section: Any) -> tuple[Any, pl.Series, pl.Series]:
    """The outcome, and the rows that fail and that are undecided."""
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    listed.register([section.expectation])
    written = dict(section.arguments)
    where = written.pop("where", None)
    line = ExpectationLine(type=section.expectation, kwargs=written, reason="a page says so")
    arguments = gx_arguments(line, Dataset(dataset="page", area="page", title="page", columns={}), (), "2026-01")
    if where is not None:
        arguments["row_condition"] = to_gx(conditions.read(where))
    suite = ExpectationSuite(name="page")
    suite.expectations.append(ExpectationConfiguration(type=line.type, kwargs=arguments).to_domain_obj())
    compiled = compile_suite(suite)
    asked: dict[str, Any] = {
        "undecided": section.undecided,
        "aside": ("_row",),
        "references": {name: table.lazy() for name, table in section.tables.items()},
    }
    at_once = compiled.validate(section.rows.lazy(), **asked)
    marks: list[pl.DataFrame] = []
    with compiled.start(section.rows.schema, marks=marks.append, **asked) as passing:
        for batch in section.rows.iter_slices(2):
            passing.add(batch)
        (outcome,) = passing.finish(section.rows.lazy()).outcomes
    assert at_once.outcomes == (outcome,), "rows in batches give what all at once give"
    found = pl.concat([pl.DataFrame(schema={"_row": pl.UInt32, "check": pl.UInt32, "undecided": pl.Boolean}), *marks])
    return outcome, found.filter(~pl.col("undecided"))["_row"], found.filter("undecided")["_row"]


@pytest.mark.parametrize("section", ALL, ids=str)
def test_an_expectation_does_what_its_page_says(section: Any) -> None:
    outcome, failing, undecided = validated(section)
    says = section.says

    if says[0].startswith("could not run"):
        assert outcome.state is CheckState.COULD_NOT_RUN
        assert (outcome.reason or "").startswith(says[0].partition(": ")[2])
        return
    fails = any("fail" in one for one in says) and section.arguments.get("mostly") is None
    assert outcome.state is (CheckState.FAIL if fails else CheckState.PASS)
    assert sorted(failing) == [place for place, one in enumerate(says) if one == "fail"]
    if outcome.rows_failed is not None:
        assert outcome.rows_failed == says.count("fail")
        assert outcome.rows_checked == says.count("pass") + says.count("fail")
        assert sorted(undecided) == [place for place, one in enumerate(says) if one == "undecided"]
    if outcome.rows_undecided is not None:
        assert outcome.rows_undecided == says.count("undecided")


def test_every_expectation_has_a_page_and_every_page_an_expectation() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(listed.EXPECTATIONS)


@pytest.mark.parametrize("name", sorted(listed.EXPECTATIONS))
def test_a_page_shows_what_passes_what_fails_and_what_cannot_be_decided(name: str) -> None:
    says = {one.partition(":")[0] for section in ALL if section.expectation == name for one in section.says}

    assert {"pass", "could not run"} <= says
    assert says & {"fail", "the check fails"}
    assert "undecided" in says or name == "expect_row_count_to_match_trailer"
