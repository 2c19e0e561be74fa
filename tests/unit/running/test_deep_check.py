"""What `loadgate check --deep` says of what could not run in any month, and that it leaves what only lacks rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgate.content.draft import write_empty
from loadgate.content.loader import load
from loadgate.model.period import Period
from loadgate.running.deep_check import never_run, refused

SYSTEM = '\n[[systems]]\nid = "books"\nname = "Books"\narea = "money"\nvendor = "acme"\n'
SUITE = """\
dataset: ledger
area: money
title: Postings
columns: {kind: {}, n: {type: integer}, day: {type: date}, flag: {type: boolean}}
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {column: kind}
    reason: This one runs.
"""
HALVES = "weights: [0.5, 0.5]"
FILE = "expectations/suites/money/ledger.yaml"


def site_with(root: Path, *lines: str) -> Path:
    write_empty(root)
    (root / "site.toml").write_text((root / "site.toml").read_text() + SYSTEM)
    suite = root / FILE
    suite.parent.mkdir(parents=True, exist_ok=True)
    suite.write_text(SUITE + "".join(f"  - {{{line}, reason: Tried.}}\n" for line in lines))
    return root


def stuck(root: Path) -> list[str]:
    return [f"{one.file}:{one.line} {one.found}" for one in never_run(load(root), Period.parse("2026-10"))]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (
            "type: expect_column_mean_to_be_between, kwargs: {column: kind, min_value: 0}",
            "mean_to_be_between(kind), which could not run in any month: the check does not fit kind (String): "
            "`mean` operation not supported for dtype `str`",
        ),
        (
            'type: expect_column_values_to_match_strftime_format, kwargs: {column: day, strftime_format: "%Y"}',
            "match_strftime_format(day), which could not run in any month: "
            "a column of type Date holds no texts to read",
        ),
        (
            "type: expect_column_values_to_not_be_outliers, kwargs: {column: day, method: iqr}",
            "not_be_outliers(day), which could not run in any month: "
            "a column of type Date has no numbers to find outliers among",
        ),
        (
            "type: expect_column_kl_divergence_to_be_less_than, kwargs: {column: flag, threshold: 0.1, "
            f"partition_object: {{bins: [0, 1, 2], {HALVES}}}}}",
            "kl_divergence_to_be_less_than(flag), which could not run in any month: "
            "a limit of type int cannot be compared with a column of type Boolean",
        ),
        (
            "type: expect_distribution_to_be_near_reference, kwargs: {column: kind, reference: prior, "
            "max_distance: 0.2, method: kolmogorov_smirnov, minimum_rows: 5000}",
            "distribution_to_be_near_reference(kind), which could not run in any month: "
            "the column is of type String, and kolmogorov_smirnov needs numbers",
        ),
        (
            "type: expect_select_column_values_to_be_unique_within_record, "
            "kwargs: {column_list: [kind, n], ignore_row_if: whatever}",
            "select_column_values_to_be_unique_within_record(kind,n), which could not run in any month: "
            "ignore_row_if: whatever is not known",
        ),
        (
            "type: expect_column_values_to_not_be_null, kwargs: {column: n, mostly: {$PARAMETER: period}}",
            "not_be_null(n), which could not run in any month: "
            "the expectation does not take the value of its parameter period",
        ),
        (
            "type: expect_column_values_to_match_regex, kwargs: {column: kind, regex: {$PARAMETER: providers}}",
            "match_regex(kind), which could not run in any month: "
            "the expectation does not take the value of its parameter providers",
        ),
        (
            "type: expect_column_values_to_not_be_null, kwargs: {column: n, mostly: {$PARAMETER: trailer_rows}}",
            "not_be_null(n), which could not run in any month: "
            "the expectation does not take the value of its parameter trailer_rows",
        ),
    ],
)
def test_what_could_not_run_in_any_month_is_told_at_its_line(tmp_path: Path, line: str, found: str) -> None:
    root = site_with(tmp_path / "site", line)

    assert refused(load(root)) == []  # GX builds it
    assert stuck(root) == [f"{FILE}:9 {found}"]


def test_codes_of_a_column_of_numbers_could_not_be_looked_up_in_any_month(tmp_path: Path) -> None:
    codes = "kwargs: {column: n, codes: [['1', null, null]], date_column: day}"
    (told,) = stuck(site_with(tmp_path / "site", f"type: expect_codes_to_be_valid_on_date, {codes}"))
    assert told.startswith(f"{FILE}:9 codes_to_be_valid_on_date(n), which could not run in any month: the check does ")


NOBODY = "where: {column: kind, is: equal, value: nobody}"


@pytest.mark.parametrize(
    "line",
    [
        f"type: expect_column_mean_to_be_between, kwargs: {{column: n, min_value: 0}}, {NOBODY}",
        "type: expect_column_kl_divergence_to_be_less_than, kwargs: {column: n, threshold: 0.1, "
        f"partition_object: {{bins: [1000, 2000, 3000], {HALVES}}}}}, {NOBODY}",
        "type: expect_column_value_z_scores_to_be_less_than, kwargs: {column: n, threshold: 3, double_sided: true}",
        "type: expect_distribution_to_be_near_reference, kwargs: {column: kind, reference: prior, max_distance: 0.2, "
        "minimum_rows: 5000}",
        "type: expect_column_values_to_be_in_set, kwargs: {column: kind, value_set: {$PARAMETER: providers}}",
        "type: expect_table_row_count_to_be_between, kwargs: {min_value: 5000, max_value: {$PARAMETER: trailer_rows}}",
        "type: expect_table_row_count_to_be_between, kwargs: {min_value: {$PARAMETER: trailer_rows}, max_value: 50}",
    ],
)
def test_what_only_lacks_rows_an_earlier_delivery_or_a_trailer_is_no_fault(tmp_path: Path, line: str) -> None:
    assert stuck(site_with(tmp_path / "site", line)) == []


def test_what_gx_refuses_is_told_beside_what_could_not_run(tmp_path: Path) -> None:
    root = site_with(
        tmp_path / "site",
        "type: expect_column_values_to_be_between, kwargs: {column: n}",
        "type: expect_column_sum_to_be_between, kwargs: {column: day, min_value: 0}",
    )
    assert [one.line for one in never_run(load(root), Period.parse("2026-10"))] == [9, 10]


@pytest.mark.parametrize("folder", [".", "src/loadgate/samples/rki/site"])
def test_every_committed_expectation_can_run(folder: str) -> None:
    assert never_run(load(Path(__file__).parents[3] / folder), Period.parse("2026-10")) == []
