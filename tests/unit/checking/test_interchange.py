"""Suites to GX and back: nothing lost, and what has no place here told at its place in the JSON."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loadgate.checking.exchange.importing import import_suite
from loadgate.checking.exchange.interchange import export_suite
from loadgate.content import yaml_lines
from loadgate.content.loader import load
from loadgate.model.expected import Code, CodeList, Column, ColumnType, Dataset, ExpectationLine
from loadgate.model.kinds import Severity
from loadgate.running.exchanging import Read, read_gx_suite

ROOT = Path(__file__).parents[3]
CODES = (
    CodeList(
        name="kinds",
        codes={"01": Code(), "no": Code(valid_to=date(2025, 12, 31)), "=1+1": Code(valid_from=date(2026, 1, 1))},
    ),
)
LEDGER = Dataset.model_validate(
    {
        "dataset": "ledger",
        "area": "money",
        "title": "Postings: what, and =when",
        "provider_column": "town",
        "key": ["town", "day"],
        "columns": {
            "town": {},
            "day": {"type": "date"},
            "n": {"type": "integer"},
            "kind": {"description": "no"},
            "who": {"personal": True, "optional": True},
        },
        "expectations": [
            {
                "type": "expect_column_values_to_be_in_set",
                "kwargs": {"column": "kind", "code_list": "kinds", "mostly": 0.9},
                "severity": "info",
                "where": {"any": [{"column": "n", "is": "less", "value": 3}, {"column": "kind", "missing": False}]},
                "reason": "Codes: 'of' \"kinds\".",
            },
            {
                "type": "expect_column_values_to_be_in_set",
                "id": "own_towns",
                "kwargs": {"column": "town", "value_set": {"$PARAMETER": "providers"}},
                "severity": "critical",
                "reason": "Its own.",
            },
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "day", "min_value": date(2020, 1, 1), "max_value": date(2030, 1, 1)},
                "where": {
                    "not": {
                        "all": [
                            {"column": "day", "is": "less", "value": date(2021, 1, 1)},
                            {"column": "kind", "among": ["01", "no"]},
                            {"column": "n", "not_among": [1, 2]},
                        ]
                    }
                },
                "shadow_until": "2026-12",
                "reason": "Days.",
            },
            {
                "type": "expect_column_values_to_be_between",
                "id": "n_small",
                "kwargs": {"column": "n", "min_value": 0, "max_value": 5, "strict_max": True},
                "reason": "Few.",
            },
            {
                "type": "expect_column_pair_values_a_to_be_greater_than_b",
                "kwargs": {
                    "column_A": "n",
                    "column_B": "n",
                    "or_equal": True,
                    "ignore_row_if": "both_values_are_missing",
                },
                "reason": "Itself.",
            },
        ],
    }
)


def gx_suite(**plain: Any) -> Any:
    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    from great_expectations.core import ExpectationSuite

    return ExpectationSuite(**plain)


def imported(plain: object, tmp_path: Path, **names: str) -> Read:
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(plain, indent=1))
    return read_gx_suite(path, **names)


def dataset_of(read: Read) -> Dataset:
    assert read.text is not None
    return Dataset.model_validate(yaml_lines.parse(read.text, file="x").value)


def one(kwargs: dict[str, Any], kind: str = "expect_column_values_to_not_be_null", **more: Any) -> dict[str, Any]:
    return {"name": "s", "expectations": [{"type": kind, "kwargs": kwargs, **more}]}


def test_gx_loads_an_exported_suite_as_it_is() -> None:
    exported = export_suite(LEDGER, CODES, "2026-03")
    loaded = gx_suite(**json.loads(json.dumps(exported)))
    assert loaded.to_json_dict() == exported
    assert len(loaded.expectations) == 5
    assert [one.severity for one in loaded.expectations] == ["info", "critical", "warning", "warning", "warning"]


def test_code_lists_stand_as_their_codes_of_the_period_and_parameters_stay() -> None:
    def values(period: str) -> list[Any]:
        return [line["kwargs"].get("value_set") for line in export_suite(LEDGER, CODES, period)["expectations"][:2]]

    assert values("2026-03") == [["01", "=1+1"], {"$PARAMETER": "providers"}]
    assert values("2025-03") == [["01", "no"], {"$PARAMETER": "providers"}]


def test_export_import_export_is_the_same_and_so_is_the_suite(tmp_path: Path) -> None:
    exported = export_suite(LEDGER, CODES, "2026-03")
    read = imported(exported, tmp_path)
    assert (read.faults, read.notes) == ((), ())
    assert dataset_of(read) == LEDGER
    assert export_suite(dataset_of(read), CODES, "2026-03") == exported


def test_every_suite_of_the_root_site_goes_to_gx_and_comes_back(tmp_path: Path) -> None:
    site = load(ROOT)
    for dataset in site.datasets:
        read = imported(export_suite(dataset, site.code_lists, "2026-10"), tmp_path)
        assert read.faults == ()
        assert dataset_of(read) == dataset


def test_what_somebody_changed_in_the_json_counts(tmp_path: Path) -> None:
    exported = export_suite(LEDGER, CODES, "2026-03")
    exported["expectations"][0]["kwargs"]["value_set"] = ["01", "new"]
    exported["expectations"][2]["kwargs"]["row_condition"] = None
    read = imported(exported, tmp_path)
    lines = dataset_of(read).expectations
    assert lines[0].kwargs == {"column": "kind", "value_set": ["01", "new"], "mostly": 0.9}
    assert lines[0].where == LEDGER.expectations[0].where  # as GX has it
    assert lines[2].where is None
    assert lines[2].shadow_until == "2026-12"
    assert read.text is not None
    assert read.text.count("changed since it was exported") == 2


@pytest.mark.parametrize("parser", [{}, {"condition_parser": "spark"}])
def test_a_condition_in_a_form_that_is_not_read_says_how_to_write_it(tmp_path: Path, parser: dict[str, str]) -> None:
    (fault,) = imported(one({"column": "a", "row_condition": "a > 1", **parser}), tmp_path).faults
    assert fault.fix == "write it as pandas' query language has it, and name pandas"


def test_texts_that_gx_0_18_was_not_to_parse_as_days_are_left_as_they_are(tmp_path: Path) -> None:
    kwargs = {"column": "a", "min_value": 1, "parse_strings_as_datetimes": False}
    read = imported(one(kwargs, kind="expect_column_values_to_be_between"), tmp_path)
    assert read.faults == ()
    assert (
        "parse_strings_as_datetimes, as in GX 0.18, is left out where it is false: GX 1 parses no texts as days"
        in read.notes
    )
    (fault,) = imported(
        one({**kwargs, "parse_strings_as_datetimes": True}, kind="expect_column_values_to_be_between"), tmp_path
    ).faults
    assert (fault.key, fault.found) == ("expectations[0].kwargs.parse_strings_as_datetimes", "an unknown argument")


def test_a_suite_of_gx_0_18_is_read_with_its_notes(tmp_path: Path) -> None:
    plain = {
        "expectation_suite_name": "old suite!",
        "data_asset_type": None,
        "ge_cloud_id": None,
        "expectations": [
            {
                "expectation_type": "expect_column_values_to_be_between",
                "kwargs": {"column": "age", "min_value": 0, "max_value": 120, "result_format": "BASIC"},
                "meta": {"notes": {"format": "markdown", "content": ["Of people,", "in  years."]}, "by": "x\ny"},
            }
        ],
        "meta": {"great_expectations_version": "0.18.8"},
    }
    read = imported(plain, tmp_path, area="school")
    dataset = dataset_of(read)
    assert (dataset.dataset, dataset.area, read.faults) == ("old_suite", "school", ())
    (line,) = dataset.expectations
    assert line.kwargs == {"column": "age", "min_value": 0, "max_value": 120}
    assert (line.severity, line.reason) == ("critical", "Of people, in years.")
    assert dataset.columns == {"age": Column(type=ColumnType.DECIMAL, scale=6)}
    assert read.notes == (
        "the suite is in the form of GX 0.18",
        "where no severity stands, it is critical, as GX takes it",
        "expectation_type, as in GX 0.18, was read as type",
        "result_format is left out: it is a setting of a run, not of a suite",
        "types of columns are guessed from the expectations",
    )
    assert '  # meta in GX: {"by": "x\\ny"}' in (read.text or "")


def test_description_notes_and_meta_notes_become_the_reason() -> None:
    line = {"type": "t", "kwargs": {}, "description": "A.", "notes": ["B.", "C."], "meta": {"notes": "D."}}
    (found,) = import_suite({"name": "s", "expectations": [line]}).lines
    assert found[1].reason == "A. B. C. D."


@pytest.mark.parametrize(
    ("text", "parser", "where"),
    [
        ("n > 3", "pandas", {"column": "n", "is": "greater", "value": 3}),
        ('col("n") <= 3', "great_expectations", {"column": "n", "is": "at_most", "value": 3}),
        (
            "n != 3 and `a b` == 'x'",
            "pandas",
            {
                "all": [
                    {"any": [{"column": "n", "is": "not_equal", "value": 3}, {"column": "n", "missing": True}]},
                    {"column": "a b", "is": "equal", "value": "x"},
                ]
            },
        ),
        ("n in [1, 2]", "pandas", {"column": "n", "among": [1, 2]}),
        (
            "not (n > 3)",
            "pandas",
            {"any": [{"column": "n", "is": "at_most", "value": 3}, {"column": "n", "missing": True}]},
        ),
        ("not (n != 3)", "pandas", {"column": "n", "is": "equal", "value": 3}),
        ("n.isnull()", "pandas", {"column": "n", "missing": True}),
        ("not n.notnull()", "pandas", {"column": "n", "missing": True}),
        (
            "not (n.isnull() or n < 1)",
            "pandas",
            {
                "all": [
                    {"column": "n", "missing": False},
                    {"any": [{"column": "n", "is": "at_least", "value": 1}, {"column": "n", "missing": True}]},
                ]
            },
        ),
    ],
)
def test_a_condition_written_as_text_is_said_in_our_grammar(text: str, parser: str, where: dict[str, Any]) -> None:
    plain = one({"column": "c", "row_condition": text, "condition_parser": parser})
    (found,) = import_suite(plain).lines
    assert found[1].where is not None
    assert found[1].where.model_dump(mode="json", by_alias=True, exclude_none=True) == where


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("n != 3", [0, 1, 3]),
        ("not (n > 3)", [0, 1, 2]),
        ("not (n == 3 or t == 'a')", [1, 3]),
        ("n not in [3, 4]", [0, 1]),
        ("not (n in [3, 4] and t != 'a')", [0, 1, 2]),
        ("n == 3 or n == 4 or t == 'a'", [0, 2, 3]),
    ],
)
def test_a_condition_picks_the_rows_that_it_picked_in_pandas(text: str, rows: list[int]) -> None:
    import pandas as pd
    import polars as pl

    from loadgate.checking.conditions import to_gx
    from loadgate.checking.engine.conditions import compile_condition, plain_condition

    table = {"n": [None, 1.0, 3.0, 4.0], "t": ["a", None, "a", "b"]}
    assert list(pd.DataFrame(table).query(text).index) == rows
    (found,) = import_suite(one({"column": "c", "row_condition": text, "condition_parser": "pandas"})).lines
    assert found[1].where is not None
    plain = plain_condition(to_gx(found[1].where))
    assert plain is not None
    frame = pl.DataFrame(table)
    met = compile_condition(plain, schema=frame.schema, flags={})
    assert frame.with_row_index().filter(met)["index"].to_list() == rows


@pytest.mark.parametrize(
    ("plain", "key", "found"),
    [
        (one({"column": "a", "mostly": 1.95}), "expectations[0].kwargs.mostly", "1.95"),
        (one({"column": "a", "mostyl": 1}), "expectations[0].kwargs.mostyl", "an unknown argument"),
        (one({}), "expectations[0].kwargs", "nothing"),
        (one({"column": "a"}, kind="expect_column_to_be_nice"), "expectations[0].type", '"expect_column_to_be_nice"'),
        (one({"column": "a"}, strange=1), "expectations[0].strange", "an unknown key"),
        (one({"column": "a"}, severity="loud"), "expectations[0].severity", '"loud"'),
        (one({"column": "a", "windows": []}), "expectations[0].kwargs.windows", "an unknown argument"),
        (
            one({"column": "a", "row_condition": "a > b", "condition_parser": "pandas"}),
            "expectations[0].kwargs.row_condition",
            "its row_condition compares columns with each other, or computes with them",
        ),
        (
            one({"column": "a", "row_condition": "a.str.len() > 1", "condition_parser": "pandas"}),
            "expectations[0].kwargs.row_condition",
            "its row_condition asks for a part of a column's values",
        ),
        (
            one({"column": "a", "row_condition": "a > 1", "condition_parser": "spark"}),
            "expectations[0].kwargs.row_condition",
            "its row_condition is written as text, and its condition_parser is none of those read: "
            "pandas, python, great_expectations",
        ),
        (
            one({"column": "a", "row_condition": {"type": "comparison"}}),
            "expectations[0].kwargs.row_condition",
            "its row_condition is of no form that GX writes",
        ),
        (
            one({"column": "a", "value_set": {"$PARAMETER": "mine"}}, kind="expect_column_values_to_be_in_set"),
            "expectations[0].kwargs.value_set.$PARAMETER",
            '"mine"',
        ),
        (
            one({"column": "a"}, kind="expect_column_values_to_be_between"),
            "expectations[0].kwargs",
            "arguments that expect_column_values_to_be_between does not take together",
        ),
        ({"name": "s", "expectations": [], "suite_parameters": {"x": 1}}, "suite_parameters", "values of parameters"),
        ({"name": "s", "expectations": [3]}, "expectations[0]", "no object"),
        ({"name": "s"}, "(file)", "no list of expectations"),
        ([], "(file)", "no list of expectations"),
        (one({"column": "a"}, meta={"loadgate": {"evil": 1}}), "expectations[0].meta.loadgate", "facts that no line"),
        (
            {"name": "s", "expectations": [], "meta": {"loadgate": {"format": 1, "suite": {"evil": 1}}}},
            "meta.loadgate.suite",
            "facts that no suite has",
        ),
        ({"name": "s", "expectations": [], "meta": {"loadgate": {"format": 9}}}, "meta.loadgate", "another form"),
        (
            one({"column": "a", "min_value": -(10**19)}, kind="expect_column_values_to_be_between"),
            "expectations[0].kwargs.min_value",
            "a number without end, or one of 20 digits",
        ),
        (
            one({"column": "a", "row_condition": f"b in [1, {10**19}]", "condition_parser": "pandas"}),
            "expectations[0].kwargs.row_condition.among[1]",
            "a number without end, or one of 20 digits",
        ),
    ],
)
def test_what_cannot_be_said_is_told_at_its_place(tmp_path: Path, plain: object, key: str, found: str) -> None:
    (fault,) = imported(plain, tmp_path).faults
    assert (fault.file, fault.key) == ("suite.json", key)
    assert fault.found.startswith(found)
    assert fault.line >= 1


def test_a_number_that_no_float_can_hold_is_told_at_its_place_and_the_rest_is_kept(tmp_path: Path) -> None:
    plain = one({"column": "a", "min_value": 12345}, kind="expect_column_values_to_be_between")
    plain["expectations"] += one({"column": "b"})["expectations"]
    (tmp_path / "suite.json").write_text(json.dumps(plain, indent=1).replace("12345", "1e400"), encoding="utf-8")
    read = read_gx_suite(tmp_path / "suite.json")
    (fault,) = read.faults
    assert (tmp_path / "suite.json").read_text().splitlines()[fault.line - 1].strip() == '"min_value": 1e400'
    assert [line.kwargs["column"] for line in dataset_of(read).expectations] == ["b"]


@pytest.mark.parametrize("value", [None, {"$PARAMETER": "x"}])
def test_nobody_is_told_to_write_as_text_what_is_no_value(value: object, tmp_path: Path) -> None:
    plain = one({"column": "a", "value_set": ["x", value]}, kind="expect_column_values_to_be_in_set")
    fault = imported(plain, tmp_path).faults[0]
    assert fault.key == "expectations[0].kwargs.value_set[1]"
    assert fault.fix == "write text, in quotes where it looks like a number"


def test_a_fault_stands_at_its_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    plain = one({"column": "a"})
    plain["expectations"] += one({"column": "b", "mostly": 7})["expectations"] + one({"column": "c"})["expectations"]
    read = imported(plain, tmp_path)
    (fault,) = read.faults
    assert (tmp_path / "suite.json").read_text().splitlines()[fault.line - 1].strip() == '"mostly": 7'
    assert [line.kwargs["column"] for line in dataset_of(read).expectations] == ["a", "c"]
    assert (read.expectations, read.kept) == (3, 2)


def test_lines_that_would_share_a_key_get_ids_that_stay(tmp_path: Path) -> None:
    plain = one({"column": "a"})
    plain["expectations"] *= 3
    for _ in range(2):
        lines = dataset_of(imported(plain, tmp_path)).expectations
        assert [line.key for line in lines] == ["not_be_null(a)", "not_be_null(a)_2", "not_be_null(a)_3"]


@pytest.mark.parametrize(
    ("kind", "kwargs", "expected"),
    [
        ("expect_column_values_to_be_in_set", {"value_set": [1, 2]}, Column(type=ColumnType.INTEGER)),
        ("expect_column_values_to_be_in_set", {"value_set": ["1", "no"]}, Column()),
        ("expect_column_values_to_be_between", {"min_value": "2020-01-01"}, Column(type=ColumnType.DATE)),
        ("expect_column_values_to_be_of_type", {"type_": "INTEGER"}, Column(type=ColumnType.INTEGER)),
        ("expect_column_values_to_be_of_type", {"type_": "datetime64"}, Column(type=ColumnType.TIMESTAMP)),
        ("expect_column_mean_to_be_between", {"min_value": 1}, Column(type=ColumnType.DECIMAL, scale=6)),
        ("expect_column_values_to_match_regex", {"regex": "^[0-9]$"}, Column()),
        ("expect_column_values_to_match_regex", {"regex": r"^(?!x)(.)\1"}, Column()),
    ],
)
def test_types_of_columns_are_guessed_from_what_is_expected(
    tmp_path: Path, kind: str, kwargs: dict[str, Any], expected: Column
) -> None:
    read = imported(one({"column": "c", **kwargs}, kind=kind), tmp_path)
    assert read.faults == ()
    assert dataset_of(read).columns == {"c": expected}


def test_every_core_expectation_that_can_run_here_is_imported_and_no_other(tmp_path: Path) -> None:
    from loadgate.content.catalogue import CATALOGUE

    given = {
        **dict.fromkeys(("column", "column_A", "column_B"), "c"),
        **{name: ["c", "d"] for name in ("column_list", "column_set")},
        **{"value_set": ["x"], "value_pairs_set": [["x", "y"]], "regex": "x", "regex_list": ["x"]},
        **{"like_pattern": "x", "like_pattern_list": ["x"], "type_": "str", "type_list": ["str"]},
        **{"strftime_format": "%Y", "json_schema": {"type": "object"}, "value": 3, "column_index": 0},
        **{"min_value": 1, "max_value": 9, "sum_total": 3, "threshold": 1, "other_table_name": "t"},
        **{"partition_object": {"values": ["x"], "weights": [1.0]}, "ties_okay": True, "double_sided": True},
        **{"quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 2]]}, "unexpected_rows_query": "SELECT 1"},
        **{"base_query": "SELECT 1", "comparison_data_source_name": "d", "comparison_query": "SELECT 1"},
    }
    core = json.loads(CATALOGUE.read_text())["expectations"]
    lines, bare = [], []
    for name, facts in core.items():
        arguments = facts["arguments"]
        wanted = [one for one in arguments if arguments[one]["required"] or one in ("min_value", "max_value")]
        bare += [name] if any(one not in given for one in wanted) else []
        kwargs = {one: given[one] for one in wanted if one in given}
        lines.append({"type": name, "kwargs": kwargs, "severity": "warning", "notes": "So."})
    assert (len(lines), bare) == (59, [])
    for line in lines:
        read = imported({"name": "s", "expectations": [line]}, tmp_path)
        if not core[line["type"]]["evaluated"]:
            assert [fault.key for fault in read.faults] == ["expectations[0].type"], line["type"]
            continue
        assert read.faults == (), line["type"]
        (kept,) = dataset_of(read).expectations
        assert (kept.type, kept.kwargs) == (line["type"], line["kwargs"])


def test_a_line_that_only_we_know_something_of_is_not_lost_by_gx() -> None:
    line = ExpectationLine(type="expect_column_to_exist", kwargs={"column": "n"}, shadow_until="2026-12", reason="x")
    alone = LEDGER.model_copy(update={"expectations": (line,)})
    resaved = gx_suite(**export_suite(alone, CODES, "2026-03")).to_json_dict()
    assert import_suite(json.loads(json.dumps(resaved))).lines[0][1] == line


def test_our_own_expectations_keep_their_conditions_code_lists_and_references(tmp_path: Path) -> None:
    special = {"column": "kind", "is": "equal", "value": "01"}
    lines = [
        {
            "type": "expect_groups_to_meet_condition",
            "kwargs": {"column_list": ["town"], "when": special, "then": {"column": "n", "missing": False}},
            "reason": "All of a town.",
        },
        {
            "type": "expect_codes_to_be_valid_on_date",
            "kwargs": {"column": "kind", "date_column": "day", "code_list": "kinds"},
            "reason": "Valid then.",
        },
        {
            "type": "expect_keys_to_be_in_dataset",
            "kwargs": {"column_list": ["town"], "reference": "towns", "reference_columns": ["id"]},
            "reason": "Known towns.",
        },
    ]
    own = LEDGER.model_copy(update={"expectations": tuple(map(ExpectationLine.model_validate, lines))})
    exported = export_suite(own, CODES, "2026-03")
    assert gx_suite(**json.loads(json.dumps(exported))).to_json_dict() == exported
    read = imported(exported, tmp_path)
    assert (read.faults, dataset_of(read)) == ((), own)


HINT = "expect_person_numbers_to_meet_modulus_eleven"


def test_a_check_that_only_hints_goes_out_and_comes_back_as_info(tmp_path: Path) -> None:
    line = ExpectationLine(type=HINT, kwargs={"column": "who"}, severity=Severity.INFO, reason="No more than a hint.")
    plain = export_suite(LEDGER.model_copy(update={"expectations": (line,)}), CODES, "2026-10")
    assert [one["severity"] for one in plain["expectations"]] == ["info"]
    assert dataset_of(imported(plain, tmp_path)).expectations[0].severity is Severity.INFO


def test_what_gx_takes_for_critical_though_it_only_hints_comes_as_info_and_says_so(tmp_path: Path) -> None:
    read = imported(one({"column": "who"}, HINT, severity="critical"), tmp_path)
    assert not read.faults
    assert dataset_of(read).expectations[0].severity is Severity.INFO
    assert "severity in GX: critical; info is all that it can say" in (read.text or "")
