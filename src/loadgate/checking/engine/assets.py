"""What a GX user adds to a Polars data source enters; leaves assets that cut it into batches, in GX's own words.

Files and directories are GX's own path assets (FileDataAsset, DirectoryDataAsset), read by Polars.
"""
# ruff: noqa: E402

from __future__ import annotations

from pprint import pformat
from typing import TYPE_CHECKING, Any, Literal

from loadgate.checking.engine.quiet import import_gx

import_gx()  # has to come before GX's own modules: it switches telemetry off

import polars as pl
from great_expectations.compatibility import pydantic
from great_expectations.core.batch import LegacyBatchDefinition
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.batch_spec import RuntimeDataBatchSpec
from great_expectations.core.id_dict import IDDict
from great_expectations.datasource.fluent.batch_identifier_util import make_batch_identifier
from great_expectations.datasource.fluent.batch_request import BatchRequest
from great_expectations.datasource.fluent.constants import _DATA_CONNECTOR_NAME
from great_expectations.datasource.fluent.data_asset.path.directory_asset import DirectoryDataAsset
from great_expectations.datasource.fluent.data_asset.path.file_asset import FileDataAsset
from great_expectations.datasource.fluent.data_asset.path.path_data_asset import PathDataAsset
from great_expectations.datasource.fluent.interfaces import Batch, DataAsset
from great_expectations.exceptions.exceptions import BuildBatchRequestError, InvalidBatchRequestError

from loadgate.checking.engine.scanning import CSV, PARQUET

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.batch_request import BatchParameters


class DataFrameAsset(DataAsset[Any, Any]):
    """A DataFrame or LazyFrame that is handed over at run time, as the batch parameter `dataframe`."""

    type: Literal["dataframe"] = "dataframe"

    class Config:
        extra = pydantic.Extra.forbid

    def test_connection(self) -> None:
        """There is nothing to connect to."""

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:
        """The one batch parameter."""
        del partitioner
        return ("dataframe",)

    def add_batch_definition_whole_dataframe(self, name: str) -> BatchDefinition[Any]:
        """Add a batch definition for the whole frame."""
        return self.add_batch_definition(name=name, partitioner=None)

    def build_batch_request(
        self, options: BatchParameters | None = None, batch_slice: Any = None, partitioner: Any = None
    ) -> BatchRequest[Any]:
        """Make a batch request of `{"dataframe": frame}`. Raises: BuildBatchRequestError for anything else."""
        if batch_slice is not None or partitioner is not None:
            raise BuildBatchRequestError(message="a frame is one batch: it takes neither batch_slice nor partitioner")
        if set(options or ()) != {"dataframe"}:
            raise BuildBatchRequestError(message="the batch parameters must be {'dataframe': a Polars frame}")
        if not _is_frame((options or {})["dataframe"]):
            raise BuildBatchRequestError(
                message="the batch parameter dataframe must be a DataFrame or LazyFrame of Polars"
            )
        return BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options=options)

    def get_batch_identifiers_list(self, batch_request: BatchRequest[Any]) -> list[dict[str, Any]]:
        """A frame is one batch."""
        return [IDDict(batch_request.options)]

    def get_batch(self, batch_request: BatchRequest[Any]) -> Batch:
        """Make the batch. Raises: InvalidBatchRequestError if the request is for another asset or holds no frame."""
        self._validate_batch_request(batch_request)
        spec = RuntimeDataBatchSpec(batch_data=batch_request.options["dataframe"])
        data, markers = self.datasource.get_execution_engine().get_batch_data_and_markers(batch_spec=spec)
        definition = LegacyBatchDefinition(
            datasource_name=self.datasource.name,
            data_connector_name=_DATA_CONNECTOR_NAME,
            data_asset_name=self.name,
            batch_identifiers=make_batch_identifier(batch_request.options),
            batch_spec_passthrough=None,
        )
        return Batch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=data,
            metadata=self._get_batch_metadata_from_batch_request(batch_request, ignore_options=("dataframe",)),
            batch_markers=markers,
            batch_spec=spec,
            batch_definition=definition,
        )

    def _validate_batch_request(self, batch_request: BatchRequest[Any]) -> None:
        asked = (batch_request.datasource_name, batch_request.data_asset_name)
        if asked != (self.datasource.name, self.name) or not _is_frame(batch_request.options.get("dataframe")):
            wanted = {"datasource_name": self.datasource.name, "data_asset_name": self.name}
            raise InvalidBatchRequestError(
                f"BatchRequest should have form:\n{pformat(wanted)}\nand a Polars frame as its option dataframe"
            )


class CSVReading(PathDataAsset[Any, Any]):
    """How CSV files are read: the options of `polars.scan_csv`. Types are Polars' own names, such as `String`.

    `refuse_surplus_fields`, which is ours: rows with more fields than there are columns let no check run.
    """

    separator: str = ","
    has_header: bool = True
    quote_char: str | None = '"'
    skip_rows: int = 0
    null_values: str | list[str] | None = None
    schema_overrides: dict[str, str] | None = None
    infer_schema: bool = True
    infer_schema_length: int | None = 100
    try_parse_dates: bool = False
    decimal_comma: bool = False
    encoding: Literal["utf8", "utf8-lossy"] = "utf8"
    refuse_surplus_fields: bool = True

    class Config:
        extra = pydantic.Extra.forbid

    def _get_reader_method(self) -> str:
        return CSV

    def _get_reader_options_include(self) -> set[str]:
        return {name for name in CSVReading.__fields__ if name not in PathDataAsset.__fields__}


class ParquetReading(PathDataAsset[Any, Any]):
    """How Parquet files are read: the options of `polars.scan_parquet`."""

    hive_partitioning: bool | None = None

    class Config:
        extra = pydantic.Extra.forbid

    def _get_reader_method(self) -> str:
        return PARQUET

    def _get_reader_options_include(self) -> set[str]:
        return {"hive_partitioning"}


class CSVAsset(FileDataAsset[Any], CSVReading):
    """CSV files, each a batch: by path, or by year, month or day in the path."""

    type: Literal["csv"] = "csv"


class ParquetAsset(FileDataAsset[Any], ParquetReading):
    """Parquet files, each a batch: by path, or by year, month or day in the path."""

    type: Literal["parquet"] = "parquet"


class DirectoryCSVAsset(DirectoryDataAsset[Any], CSVReading):
    """All CSV files of a directory as one table: a batch is the whole, or a year, month or day of a column."""

    type: Literal["directory_csv"] = "directory_csv"
    file_pattern: str = "**/*.csv"

    def _get_reader_options_include(self) -> set[str]:
        return {"data_directory", "file_pattern", *CSVReading._get_reader_options_include(self)}


class DirectoryParquetAsset(DirectoryDataAsset[Any], ParquetReading):
    """All Parquet files of a directory as one table: a batch is the whole, or a year, month or day of a column."""

    type: Literal["directory_parquet"] = "directory_parquet"
    file_pattern: str = "**/*.parquet"

    def _get_reader_options_include(self) -> set[str]:
        return {"data_directory", "file_pattern", *ParquetReading._get_reader_options_include(self)}


ASSETS: list[type[DataAsset[Any, Any]]] = [
    DataFrameAsset,
    CSVAsset,
    DirectoryCSVAsset,
    ParquetAsset,
    DirectoryParquetAsset,
]


def _is_frame(value: Any) -> bool:
    return isinstance(value, pl.DataFrame | pl.LazyFrame)
