"""`add_polars` on a bucket: files are listed for batches, and read by Polars' own object store."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from conftest import S3Server

pytestmark = [pytest.mark.services, pytest.mark.filterwarnings("ignore")]  # GX's own

PREFIX = "orders/2024 å [a]"
MONTHLY = r"sub/(?P<year>\d{4})-(?P<month>\d{2})\.parquet"


@pytest.fixture(scope="module")
def storage_options(s3_server: S3Server) -> dict[str, str]:
    """Three months below a prefix, as Parquet in a folder and as one CSV file; and one file that is no order."""
    from loadgate.checking.engine.object_stores import s3_client

    options = {
        "aws_endpoint_url": s3_server.endpoint,
        "aws_access_key_id": s3_server.access_key,
        "aws_secret_access_key": s3_server.secret_key,
        "aws_region": "us-east-1",
    }
    client = s3_client(options)
    for month in (1, 2, 3):
        frame = pl.DataFrame({"id": [1, month], "day": [dt.date(2024, month, 1)] * 2})
        frame.write_parquet(packed := io.BytesIO())
        client.put_object(Bucket=s3_server.bucket, Key=f"{PREFIX}/sub/2024-{month:02}.parquet", Body=packed.getvalue())
    client.put_object(Bucket=s3_server.bucket, Key=f"{PREFIX}/all.csv", Body=frame.write_csv(separator=";").encode())
    client.put_object(Bucket=s3_server.bucket, Key="elsewhere/2024-01.parquet", Body=b"no order")
    client.close()
    return options


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Any:
    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    import great_expectations as gx

    import loadgate.checking.engine.datasource  # noqa: F401

    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    made: Any = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = {"globally": False}
    return made


def ids(batch: Any) -> list[int]:
    return list(batch.head(fetch_all=True).data["id"])


def test_files_of_a_bucket_are_batches_by_month_by_path_and_together(
    context: Any, s3_server: S3Server, storage_options: dict[str, str]
) -> None:
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    source = context.data_sources.add_polars(
        "p", base_directory=f"s3://{s3_server.bucket}/{PREFIX}", storage_options=storage_options
    )

    monthly = source.add_parquet_asset("orders").add_batch_definition_monthly("m", regex=MONTHLY)
    csv = source.add_csv_asset("lines", separator=";").add_batch_definition_path("all", "all.csv")
    folder = source.add_directory_parquet_asset("folder", data_directory="sub")
    whole = folder.add_batch_definition_whole_directory("w")
    flat = source.add_directory_csv_asset("flat", data_directory=".", separator=";", file_pattern="*.csv")
    none = source.add_directory_csv_asset("none", data_directory="sub").add_batch_definition_whole_directory("w")
    by_column = folder.add_batch_definition_monthly("m", column="day")

    assert [found["month"] for found in monthly.get_batch_identifiers_list()] == ["01", "02", "03"]
    assert ids(monthly.get_batch({"year": 2024, "month": 2})) == [1, 2]
    assert ids(csv.get_batch()) == [1, 3]
    assert sorted(ids(whole.get_batch())) == [1, 1, 1, 1, 2, 3]
    assert ids(by_column.get_batch({"year": 2024, "month": 3})) == [1, 3]
    assert ids(flat.add_batch_definition_whole_directory("w").get_batch()) == [1, 3]
    with pytest.raises(GreatExpectationsError, match=r"no file in the directory matches \*\*/\*\.csv"):
        none.get_batch()


@pytest.mark.parametrize(
    ("base", "directory"),
    [("", "/pre"), ("/other", "/pre"), ("", "pre"), ("/pre", "."), ("/pre", "/pre/"), ("", "."), ("/pre", "/")],
)
def test_a_directory_with_a_slash_before_it_is_the_buckets(
    context: Any, s3_server: S3Server, storage_options: dict[str, str], base: str, directory: str
) -> None:
    from loadgate.checking.engine.object_stores import s3_client

    pl.DataFrame({"id": [7]}).write_parquet(packed := io.BytesIO())
    client = s3_client(storage_options)
    for key in ("pre/7.parquet", "other/x.txt"):
        client.put_object(Bucket=s3_server.bucket, Key=key, Body=packed.getvalue())
    client.close()
    source = context.data_sources.add_polars(
        "p", base_directory=f"s3://{s3_server.bucket}{base}", storage_options=storage_options
    )

    asset = source.add_directory_parquet_asset("d", data_directory=directory, file_pattern="**/7.parquet")

    assert ids(asset.add_batch_definition_whole_directory("w").get_batch()) == [7]


def test_files_of_a_bucket_that_are_not_one_table_let_no_check_run(
    context: Any, s3_server: S3Server, storage_options: dict[str, str]
) -> None:
    import great_expectations.expectations as gxe

    from loadgate.checking.engine.object_stores import s3_client

    pl.DataFrame({"id": [1], "more": [1]}).write_parquet(more := io.BytesIO())
    pl.DataFrame({"id": [1]}).write_parquet(one := io.BytesIO())
    client = s3_client(storage_options)
    files = {
        "table å/1.parquet": one.getvalue(),
        "table å/2.parquet": more.getvalue(),
        "lines å/1.csv": b"id\n",
        "lines å/2.csv": b"id\n7\n",
        "lines å/long.csv": b"id,name\n1,x\n2,y,3\n",
        "lines å/mac.csv": b"id,name\r1,x\r",
        "lines å/mac.csv.gz": gzip.compress(b"id,name\r1,x\r"),
    }
    for key, body in files.items():
        client.put_object(Bucket=s3_server.bucket, Key=key, Body=body)
    client.close()
    source = context.data_sources.add_polars(
        "p", base_directory=f"s3://{s3_server.bucket}", storage_options=storage_options
    )
    table = source.add_directory_parquet_asset("table", data_directory="table å")
    numbered = source.add_directory_csv_asset("numbered", data_directory="lines å", file_pattern="[12].csv")
    lines = source.add_csv_asset("lines")
    other = "some files have other columns than the first one: 1 of 2; sorted by name, the first such is number 2"

    def said(batches: Any) -> str:
        found = batches.get_batch().validate(gxe.ExpectTableColumnsToMatchSet(column_set=["id"]))
        assert not found.success
        return str(found.exception_info)

    assert other in said(table.add_batch_definition_whole_directory("w"))
    for name in ("mac.csv", "mac.csv.gz"):
        assert "its lines end with a carriage return alone" in said(
            lines.add_batch_definition_path(name, f"lines å/{name}")
        )
    long = lines.add_batch_definition_path("long", "lines å/long.csv").get_batch()
    filled = long.validate(gxe.ExpectColumnValuesToNotBeNull(column="id"))
    assert "some rows have more fields than the table has columns" in str(filled.exception_info)
    summed = numbered.add_batch_definition_whole_directory("w").get_batch()
    assert summed.validate(gxe.ExpectColumnSumToBeBetween(column="id", min_value=7, max_value=7)).success


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_empty_file_of_a_bucket_lets_no_check_of_its_directory_run_and_a_folder_is_no_file(
    context: Any, s3_server: S3Server, storage_options: dict[str, str], ending: str
) -> None:
    import great_expectations.expectations as gxe

    from loadgate.checking.engine.object_stores import s3_client

    one = pl.DataFrame({"id": [1]})
    one.write_parquet(packed := io.BytesIO())
    whole = {"csv": one.write_csv().encode(), "parquet": packed.getvalue()}[ending]
    client = s3_client(storage_options)
    client.put_object(Bucket=s3_server.bucket, Key=f"halves/{ending}/1.{ending}", Body=whole)
    client.put_object(Bucket=s3_server.bucket, Key=f"halves/{ending}/0.{ending}/", Body=b"")
    source = context.data_sources.add_polars(
        "p", base_directory=f"s3://{s3_server.bucket}/halves", storage_options=storage_options
    )
    add = {"csv": source.add_directory_csv_asset, "parquet": source.add_directory_parquet_asset}[ending]
    batches = add("halves", data_directory=ending).add_batch_definition_whole_directory("w")

    before = batches.get_batch().validate(gxe.ExpectTableRowCountToEqual(value=1))
    client.put_object(Bucket=s3_server.bucket, Key=f"halves/{ending}/2.{ending}", Body=b"")
    client.close()
    after = batches.get_batch().validate(gxe.ExpectTableRowCountToEqual(value=1))

    assert before.success
    assert not after.success
    assert "some files cannot be opened" in str(after.exception_info)
    assert "1 of 2; sorted by name, the first such is number 2" in str(after.exception_info)


def test_a_checkpoint_runs_on_a_bucket_with_the_standard_variables(
    context: Any, s3_server: S3Server, storage_options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    for name, value in {**storage_options, "aws_allow_http": "true"}.items():
        monkeypatch.setenv(name.upper(), value)
    source = context.data_sources.add_polars("p", base_directory=f"s3://{s3_server.bucket}/{PREFIX}/sub")
    batches = source.add_parquet_asset("orders").add_batch_definition_path("january", "2024-01.parquet")
    suite = context.suites.add(
        gx.ExpectationSuite(name="s", expectations=[gxe.ExpectColumnValuesToBeUnique(column="id")])
    )
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batches, suite=suite))

    result = context.checkpoints.add(gx.Checkpoint(name="c", validation_definitions=[validation])).run()

    (found,) = result.run_results.values()
    assert found.results[0].result["unexpected_count"] == 2
    assert found.meta["batch_spec"]["path"] == f"s3://{s3_server.bucket}/{PREFIX}/sub/2024-01.parquet"
    assert s3_server.secret_key not in str(found.to_json_dict())


def test_a_bucket_that_cannot_be_listed_is_said_at_once(
    context: Any, s3_server: S3Server, storage_options: dict[str, str]
) -> None:
    from great_expectations.datasource.fluent.interfaces import TestConnectionError as ConnectionFault

    source = context.data_sources.add_polars(
        "p",
        base_directory=f"s3://{s3_server.bucket}/orders",
        storage_options={**storage_options, "aws_secret_access_key": "wrong"},
    )

    with pytest.raises(ConnectionFault, match="S3DataConnector"):
        source.add_parquet_asset("orders")
