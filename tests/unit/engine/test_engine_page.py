"""The page for GX users: its examples run, in a process of their own, and print what it says; its citations hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "engine.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```(\w+) ?([\w.]*)\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
CITED = re.findall(r"`(great_expectations/[\w/]+\.py):(\d+)`", PAGE)
LINES = {
    "column_condition_partial.py": "raise ValueError(",
    "expect_column_values_to_be_of_type.py": "if isinstance(execution_engine, PandasExecutionEngine):",
    "legacy_row_conditions.py": "return parse_string(condition, row_condition)",
    "expect_column_quantile_values_to_be_between.py": '"success": np.all(success_details),',
    "expect_column_kl_divergence_to_be_less_than.py": "bins = resolved_metrics[partition_metric_configuration.id]",
}


def blocks(kind: str) -> list[tuple[str, str]]:
    return [(name, text) for found, name, text in BLOCKS if found == kind]


def test_the_examples_run_and_print_what_the_page_says(tmp_path: Path) -> None:
    for name, text in blocks("json"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    script = "\n".join(text for _, text in blocks("python") if "make_self_contained" not in text)
    (tmp_path / "example.py").write_text(script, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "example.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "GX_ANALYTICS_ENABLED": "true"},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [line for _, text in blocks("text") for line in text.splitlines()]
    assert {path.name for path in tmp_path.iterdir()} == {"example.py", "orders.json", "orders"}


WITHOUT_A_CONTEXT = """
import loadgate.checking.engine.datasource
import great_expectations as gx
import great_expectations.expectations as gxe
import polars as pl
from loadgate.checking.engine.execution import validator_for

suite = gx.ExpectationSuite(name="s", expectations=[gxe.ExpectColumnValuesToBeUnique(column="n")])
frame = pl.DataFrame({"n": [1, 1]})
print(validator_for(frame, expectation_suite=suite).validate().success)
print(validator_for(frame).expect_column_max_to_be_between("n", max_value=1).success)
"""


def test_a_validator_needs_no_context(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_A_CONTEXT], capture_output=True, text=True, cwd=tmp_path)

    assert done.stdout.splitlines() == ["False", "True"], done.stderr


def test_every_example_was_found() -> None:
    assert len(blocks("python")) == 5
    assert len(blocks("text")) == 4
    assert PAGE.count("```") == 2 * len(BLOCKS)


@pytest.mark.parametrize(("path", "line"), CITED)
def test_a_cited_line_of_gx_is_still_what_the_page_says(path: str, line: str) -> None:
    found = find_spec("great_expectations")
    assert found is not None
    assert found.origin is not None
    cited = Path(found.origin).parents[1] / path

    assert cited.read_text(encoding="utf-8").splitlines()[int(line) - 1].strip().startswith(LINES[cited.name])


def test_each_citation_is_held_to_a_line() -> None:
    assert sorted(Path(path).name for path, _ in CITED) == sorted(LINES)
