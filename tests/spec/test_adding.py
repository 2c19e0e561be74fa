"""To add an expectation, touch: a module, one line in the list, a page of tables. Here somebody does."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from loadgate.checking import expectations, own_catalogue
from loadgate.checking.expectations import listed
from loadgate.content import catalogue
from loadgate.content.lines import Document
from loadgate.content.yaml_lines import parse
from loadgate.model.expected import Dataset

NAME = "expect_column_values_to_have_even_cents"
MODULE = '''
"""Amounts enter; leave failed those of an odd number of cents."""
# ruff: noqa: E402

from __future__ import annotations

from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.expectations.expectation import ColumnMapExpectation


@row_rule("column_values.even_cents", value_keys=("every",))
def _even(column, *, every=2):
    return (column * 100 % every) == 0


class ExpectColumnValuesToHaveEvenCents(ColumnMapExpectation):
    """Expect a multiple of `every` cents."""

    every: int = 2

    map_metric = "column_values.even_cents"
    success_keys = (*ColumnMapExpectation.success_keys, "every")
'''
PAGE = f"""\
# {NAME}

## Of two cents, unless told otherwise

`{{column: amount, every: 5}}`

| amount: decimal | |
|---|---|
| 1.05 | pass |
| 1.06 | fail |
| ?    | undecided |
|      | not asked |
"""
SUITE = f"""\
dataset: ledger
area: money
title: Postings
columns:
  amount: {{type: decimal}}
expectations:
  - type: {NAME}
    kwargs: {{column: amont, evry: 5}}
    reason: A page says so.
"""


def _spec(name: str) -> Any:
    found = importlib.util.spec_from_file_location(f"adding_{name}", Path(__file__).with_name(f"{name}.py"))
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def test_a_module_a_line_and_a_page_make_an_expectation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "even_cents.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / f"{NAME}.md").write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(expectations, "__path__", [*expectations.__path__, str(tmp_path)])
    monkeypatch.setitem(listed.EXPECTATIONS, NAME, "even_cents")

    (section,) = _spec("tables").sections(tmp_path / f"{NAME}.md")
    _spec("test_expectations").test_an_expectation_does_what_its_page_says(section)

    generated = tmp_path / "own_catalogue.json"
    generated.write_text(json.dumps(own_catalogue.generate()), encoding="utf-8")
    monkeypatch.setattr(catalogue, "OWN_CATALOGUE", generated)
    catalogue.catalogue.cache_clear()
    try:
        parsed = parse(SUITE, file="ledger.yaml")
        document = Document(file="ledger.yaml", value=Dataset.model_validate(parsed.value), lines=parsed.lines)
        (line,) = document.value.expectations
        faults = list(catalogue.expectation_faults(document, ("expectations", 0), line, code_lists=frozenset()))
    finally:
        catalogue.catalogue.cache_clear()
    assert [(fault.line, fault.key, fault.fix) for fault in faults] == [
        (8, "expectations[0].kwargs.evry", "rename it to every"),
        (8, "expectations[0].kwargs.column", 'write "amount"'),
    ]
