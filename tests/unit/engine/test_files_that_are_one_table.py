"""A directory is one table only if its files have the same columns; a CSV file only if its lines end in line feeds."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

SECRET = "row-value-4711"
TWO = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
MORE = TWO.with_columns(c=pl.lit(1))
DIFFERENT = "some files have other columns than the first one: 1 of 3; sorted by name, the first such is number 2"
RETURNS = "end with a carriage return alone, which this reader does not know: end them with a line feed"
NAMES = ("expect_table_columns_to_match_set", {"column_set": ["a", "b"]})
ORDER = ("expect_table_columns_to_match_ordered_list", {"column_list": ["a", "b"]})
COUNT = ("expect_table_column_count_to_equal", {"value": 2})
EXISTS = ("expect_column_to_exist", {"column": "b"})
ROWS = ("expect_table_row_count_to_be_between", {"min_value": 0})
SUM = ("expect_column_sum_to_be_between", {"column": "a", "min_value": 0})
FILLED = ("expect_column_values_to_not_be_null", {"column": "b"})
TYPE = ("expect_polars_column_type_to_be", {"column": "a", "type_": "Int64"})
ALL = (NAMES, ORDER, COUNT, EXISTS, ROWS, SUM, FILLED, TYPE)


def source(folder: Path) -> Any:
    import_gx()
    import great_expectations as gx

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context.data_sources.add_polars("p", base_directory=folder)  # type: ignore[attr-defined]  # added there


def directory(folder: Path, kind: str, **options: Any) -> Any:
    asset = getattr(source(folder), f"add_directory_{kind}_asset")("d", data_directory=".", **options)
    return asset.add_batch_definition_whole_directory("all").get_batch()


def one_file(path: Path, **options: Any) -> Any:
    return source(path.parent).add_csv_asset("f", **options).add_batch_definition_path("f", path.name).get_batch()


def validate(batch: Any, *expectations: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Validate a batch; True or False per check, or why it could not run."""
    import great_expectations as gx

    listed = [{"type": type_, "kwargs": kwargs} for type_, kwargs in expectations]
    found = batch.validate(gx.ExpectationSuite(name="s", expectations=listed))
    assert SECRET not in str(found.to_json_dict())
    return {one.expectation_config.type: _answer(one) for one in found.results}


def _answer(result: Any) -> Any:
    parts = [part for part in result.exception_info.values() if isinstance(part, dict)]
    said = {part["exception_message"] for part in parts}
    assert not (said and result.success)
    return said.pop() if said else result.success


def answers(found: dict[str, Any]) -> set[Any]:
    return set(found.values())


def write(folder: Path, kind: str, frames: Sequence[pl.DataFrame]) -> Path:
    for number, frame in enumerate(frames, start=1):
        getattr(frame, f"write_{kind}")(folder / f"{number:02}.{kind}")
    return folder


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("other", [MORE, TWO.select("a"), TWO.rename({"b": SECRET})], ids=["more", "fewer", "renamed"])
def test_files_with_other_columns_than_the_first_are_no_table_and_no_check_runs(
    tmp_path: Path, kind: str, other: pl.DataFrame
) -> None:
    found = validate(directory(write(tmp_path, kind, [TWO, other, TWO]), kind), *ALL)

    assert answers(found) == {DIFFERENT}
    assert len(found) == len(ALL)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_columns_are_found_in_the_last_of_many_files_too(tmp_path: Path, kind: str) -> None:
    found = validate(directory(write(tmp_path, kind, [TWO] * 14 + [MORE]), kind), *ALL)

    assert answers(found) == {
        "some files have other columns than the first one: 1 of 15; sorted by name, the first such is number 15"
    }


def test_files_without_a_header_differ_by_their_number_of_columns(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(f"1,{SECRET}\n")
    (tmp_path / "2.csv").write_text(f"1,{SECRET},2\n")

    found = validate(directory(tmp_path, "csv", has_header=False), ("expect_table_column_count_to_equal", {"value": 2}))

    assert found == {
        "expect_table_column_count_to_equal": (
            "some files have other columns than the first one: 1 of 2; sorted by name, the first such is number 2"
        )
    }


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_with_the_same_columns_in_another_order_are_one_table(tmp_path: Path, kind: str) -> None:
    batch = directory(write(tmp_path, kind, [TWO, TWO.select("b", "a")]), kind)

    assert answers(validate(batch, *ALL)) == {True}
    assert list(batch.head(fetch_all=True).data["a"]) == [1, 2, 1, 2]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_file_without_rows_changes_no_type(tmp_path: Path, kind: str, place: int) -> None:
    frames = [TWO, TWO]
    frames.insert(place, TWO.clear())

    batch = directory(write(tmp_path, kind, frames), kind)

    assert answers(validate(batch, *ALL)) == {True}
    assert validate(batch, ("expect_column_sum_to_be_between", {"column": "a", "min_value": 7})) == {SUM[0]: False}


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_directory_of_headers_only_has_no_rows(tmp_path: Path, order: str) -> None:
    found = validate(
        directory(write(tmp_path, "csv", [TWO.clear(), TWO.clear().select(list(order))]), "csv"),
        NAMES,
        ("expect_table_row_count_to_equal", {"value": 0}),
    )

    assert answers(found) == {True}


def test_types_hold_the_values_of_all_files_where_one_has_no_rows(tmp_path: Path) -> None:
    frames = [TWO.clear(), TWO, TWO.with_columns(a=pl.Series([0.5, 1.5]))]

    found = validate(
        directory(write(tmp_path, "csv", frames), "csv"),
        ("expect_column_sum_to_be_between", {"column": "a", "min_value": 5, "max_value": 5}),
    )

    assert answers(found) == {True}


def test_types_that_are_given_stay_given_where_a_file_has_no_rows(tmp_path: Path) -> None:
    batch = directory(write(tmp_path, "csv", [TWO.clear(), TWO]), "csv", schema_overrides={"a": "String"})

    assert list(batch.head(fetch_all=True).data["a"]) == ["1", "2"]


def test_where_one_type_is_given_and_a_file_has_no_rows_the_others_are_those_of_the_files_with_rows(
    tmp_path: Path,
) -> None:
    numbers = TWO.with_columns(b=pl.Series([3, 4]))
    batch = directory(write(tmp_path, "csv", [TWO.clear(), numbers]), "csv", schema_overrides={"a": "Int64"})

    found = validate(batch, ("expect_column_sum_to_be_between", {"column": "b", "min_value": 7, "max_value": 7}))

    assert answers(found) == {True}


@pytest.mark.parametrize("place", [0, 1])
def test_types_hold_the_values_of_all_files_where_all_have_rows(tmp_path: Path, place: int) -> None:
    frames = [TWO, TWO]
    frames[place] = TWO.with_columns(a=pl.Series([0.5, 1.5]))

    found = validate(
        directory(write(tmp_path, "csv", frames), "csv"),
        ("expect_column_sum_to_be_between", {"column": "a", "min_value": 5, "max_value": 5}),
    )

    assert answers(found) == {True}


def test_values_that_no_one_type_holds_are_never_passed(tmp_path: Path) -> None:
    frames = [TWO.clear(), TWO, TWO.with_columns(a=pl.Series(["2024-01-01", "2024-01-02"]))]

    found = validate(directory(write(tmp_path, "csv", frames), "csv", try_parse_dates=True), SUM)

    assert answers(found) == {"the data could not be evaluated (ComputeError)"}


def test_of_parquet_files_with_other_types_no_type_is_said_and_other_columns_are_checked(tmp_path: Path) -> None:
    from great_expectations.metrics.batch.batch_column_types import BatchColumnTypes

    batch = directory(write(tmp_path, "parquet", [TWO, TWO.with_columns(b=pl.lit(1))]), "parquet")

    found = validate(batch, TYPE, NAMES, FILLED, SUM)

    reason = (
        "some files have columns of other types than the first one: 1 of 2; sorted by name, the first such is number 2"
    )
    assert found == {
        TYPE[0]: reason,
        NAMES[0]: True,
        SUM[0]: True,
        FILLED[0]: "the data could not be evaluated (SchemaError)",
    }
    assert reason in str(batch.compute_metrics(BatchColumnTypes()))


def test_a_parquet_file_with_a_column_of_nothing_but_missing_values_has_the_types_of_the_first(tmp_path: Path) -> None:
    batch = directory(write(tmp_path, "parquet", [TWO, TWO.with_columns(a=None)]), "parquet")

    assert answers(validate(batch, *ALL)) == {True}


def test_a_file_that_cannot_be_opened_lets_no_check_of_the_directory_run(tmp_path: Path) -> None:
    write(tmp_path, "parquet", [TWO, TWO])
    (tmp_path / "02.parquet").write_bytes(b"PAR1" + SECRET.encode())

    found = validate(directory(tmp_path, "parquet"), *ALL)

    assert answers(found) == {
        "some files cannot be opened (ComputeError): 1 of 2; sorted by name, the first such is number 2"
    }


def test_rows_of_files_that_are_no_table_are_given_to_no_metric_of_ones_own(tmp_path: Path) -> None:
    from loadgate.checking.engine.faults import CannotEvaluateError

    data = directory(write(tmp_path, "parquet", [TWO, MORE, TWO]), "parquet").data
    data.execution_engine.load_batch_data("b", data)

    with pytest.raises(CannotEvaluateError, match=DIFFERENT):
        data.execution_engine.get_domain_records({"batch_id": "b"})


def test_a_month_of_a_directory_is_no_table_either(tmp_path: Path) -> None:
    dated = TWO.with_columns(day=pl.date(2024, 1, 1))
    asset = source(write(tmp_path, "parquet", [dated, dated.with_columns(c=1), dated])).add_directory_parquet_asset(
        "d", data_directory="."
    )

    batch = asset.add_batch_definition_monthly("m", column="day").get_batch({"year": 2024, "month": 1})

    assert answers(validate(batch, NAMES, FILLED)) == {DIFFERENT}


WITH_RETURNS = {
    "plain": (b"a,b\r1,x\r2,y\r", {}),
    "one column": (b"b\r1\r2\r", {}),
    "quoted": (b'"a","b"\r"1","x"\r', {}),
    "no header": (b"1,x\r2,y\r", {"has_header": False}),
    "no quotes": (b'a,"b\r1,x\r', {"quote_char": None}),
    "ends with a line feed": (b"a,b\r1,x\r2,y\n", {}),
    "types given": (b"a,b\r1,x\r", {"schema_overrides": {"a": "String"}}),
    "not UTF-8": (b"a,b\r1,\xe6\r", {"encoding": "utf8-lossy"}),
    "after skipped lines": (b"#\n" * 20 + b"a,b\r1,x\r2,y\r", {"skip_rows": 20}),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("name", WITH_RETURNS)
def test_a_csv_file_whose_lines_end_with_a_carriage_return_alone_is_refused(
    tmp_path: Path, name: str, packed: bool
) -> None:
    text, options = WITH_RETURNS[name]
    path = tmp_path / ("f.csv.gz" if packed else "f.csv")
    path.write_bytes(gzip.compress(text) if packed else text)

    found = validate(one_file(path, **options), ROWS, FILLED, EXISTS)

    assert answers(found) == {f"its lines {RETURNS}"}


def test_one_such_file_in_a_directory_is_named_by_its_number(tmp_path: Path) -> None:
    write(tmp_path, "csv", [TWO, TWO])
    (tmp_path / "02.csv").write_bytes(b"a,b\r1,x\r")

    found = validate(directory(tmp_path, "csv"), *ALL)

    assert answers(found) == {
        f"some files have lines that {RETURNS}: 1 of 2; sorted by name, the first such is number 2"
    }


@pytest.mark.parametrize(
    "text",
    [b"a,b\r\n1,x\r\n2,y\r\n", b'"a","b"\r\n"1","x\ry"\r\n', b'a,b,"c\rd"\n1,x,2\n', b'a,b,"c\r\nd"\r\n1,x,2\r\n'],
    ids=["CRLF", "return in a value", "return in a name", "line end in a name"],
)
def test_other_carriage_returns_are_read(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "f.csv").write_bytes(text)

    assert answers(validate(one_file(tmp_path / "f.csv"), ROWS, FILLED, EXISTS)) == {True}


def test_a_return_in_a_name_is_read_below_lines_that_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(b"#\n" * 20 + b'a,b,"c\rd"\n1,x,2\n')

    assert answers(validate(one_file(tmp_path / "f.csv", skip_rows=20), ROWS, FILLED, EXISTS)) == {True}


@pytest.mark.parametrize("reason", [DIFFERENT, f"its lines {RETURNS}"])
def test_self_contained_data_docs_do_not_withhold_why(reason: str) -> None:
    from loadgate.checking.engine import data_docs

    assert data_docs._OWN_REASONS.fullmatch(reason)
    assert not data_docs._OWN_REASONS.fullmatch(f"{reason} {SECRET}" if reason == DIFFERENT else SECRET)


SURPLUS = "some rows have more fields than the table has columns"
WITH_SURPLUS = {
    "one more": ("a,b,c\n1,x,2\n3,y,4,{0}\n", {}),
    "two more": ("a,b,c\n1,x,2\n3,y,4,{0},6\n", {}),
    "quoted": ('a,b,c\n1,"x,y",2\n3,y,4,"5,{0}"\n', {}),
    "of one column in use": ("a,b\n1,x\n3,y,{0}\n", {}),
    "no header": ("1,x,2\n" * 200 + "3,y,4,{0}\n", {"has_header": False}),
    "a column of our name": ("a,b,_surplus\n1,x,2\n3,y,4,{0}\n", {}),
    "types given": (
        "a;b;c\n1,5;x;2\n3;y;4;{0}\n",
        {"separator": ";", "decimal_comma": True, "schema_overrides": {"c": "String"}},
    ),
}


@pytest.mark.parametrize("check", ["expect_column_values_to_not_be_null", "expect_column_median_to_be_between", None])
@pytest.mark.parametrize("name", WITH_SURPLUS)
def test_rows_with_too_many_fields_let_no_check_run_whatever_columns_it_reads(
    tmp_path: Path, name: str, check: str | None
) -> None:
    text, options = WITH_SURPLUS[name]
    (tmp_path / "f.csv").write_text(text.format(SECRET))
    column = "column_0" if "has_header" in options else "a"

    asked = (check, {"column": column, **({"min_value": 0} if "median" in check else {})}) if check else ROWS
    found = validate(one_file(tmp_path / "f.csv", **options), asked)

    assert answers(found) == {SURPLUS}


def test_surplus_fields_can_be_left_out_if_asked(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a,b,c\n1,x,2\n3,y,4,5\n")

    batch = one_file(tmp_path / "f.csv", refuse_surplus_fields=False)

    assert answers(validate(batch, SUM, FILLED)) == {True}


@pytest.mark.parametrize("month", [1, 2])
def test_a_surplus_field_in_a_directory_counts_for_the_month_of_its_row(tmp_path: Path, month: int) -> None:
    (tmp_path / "1.csv").write_text("a,b,day\n1,x,2024-01-01\n")
    (tmp_path / "2.csv").write_text("day,b,a\n2024-02-01,y,2,5\n2024-01-02,z,3\n")
    asset = source(tmp_path).add_directory_csv_asset("d", data_directory=".", try_parse_dates=True)

    batch = asset.add_batch_definition_monthly("m", column="day").get_batch({"year": 2024, "month": month})

    assert answers(validate(batch, SUM)) == ({True} if month == 1 else {SURPLUS})


def test_rows_with_too_few_fields_and_empty_lines_are_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a,b,c\n1,x,2\n3\n\n4,y,5\n")

    found = validate(one_file(tmp_path / "f.csv"), SUM, ("expect_table_row_count_to_equal", {"value": 4}), FILLED)

    assert found == {SUM[0]: True, "expect_table_row_count_to_equal": True, FILLED[0]: False}
