"""A name and a place enter `context.data_sources.add_polars`; leaves a GX data source whose batches Polars reads.

Importing this module is all that a GX user does: GX adds `add_polars` when it sees the class.

    import loadgate.checking.engine.datasource

    source = context.data_sources.add_polars("orders", base_directory="data")  # or "s3://bucket/orders", or nothing
    batches = source.add_parquet_asset("monthly").add_batch_definition_monthly(
        "by_month", regex=r"orders_(?P<year>\\d{4})-(?P<month>\\d{2})\\.parquet"
    )
"""
# ruff: noqa: E402

from __future__ import annotations

import builtins
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from loadgate.checking.engine.quiet import import_gx

import_gx()  # has to come before GX's own modules: it switches telemetry off

from great_expectations.compatibility.pydantic import StrictBool, StrictFloat, StrictInt
from great_expectations.datasource.fluent.config_str import ConfigStr
from great_expectations.datasource.fluent.data_connector.filesystem_data_connector import (
    FilesystemDataConnector,
    normalize_directory_path,
)
from great_expectations.datasource.fluent.data_connector.s3_data_connector import S3DataConnector
from great_expectations.datasource.fluent.interfaces import DataAsset, Datasource, TestConnectionError

import loadgate.checking.engine.type_expectations  # so that stored suites with them can be read  # noqa: F401
from loadgate.checking.engine.assets import (
    ASSETS,
    CSVAsset,
    DataFrameAsset,
    DirectoryCSVAsset,
    DirectoryParquetAsset,
    ParquetAsset,
)
from loadgate.checking.engine.execution import PolarsExecutionEngine
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.object_stores import StorageOptions, for_polars, s3_client
from loadgate.checking.engine.scanning import REMOTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

_EVERY_FILE = "**/*"


class PolarsDatasource(Datasource[Any, PolarsExecutionEngine]):
    """Polars frames, and Parquet and CSV files, local or on S3, as a GX data source.

    Args:
        name: name of the data source.
        base_directory: where the files lie: a folder, or `s3://bucket/prefix`. Frames need none.
        data_context_root_directory: what a relative folder is relative to; otherwise the working directory.
        storage_options: for S3, as `polars.scan_parquet` takes them; what is not given comes from AWS_* variables.
            Values may be `${VARIABLE}`, so that no secret is stored, and numbers.
    """

    asset_types: ClassVar[Sequence[builtins.type[DataAsset[Any, Any]]]] = ASSETS
    data_connector_type: ClassVar[builtins.type[FilesystemDataConnector]] = FilesystemDataConnector

    type: Literal["polars"] = "polars"
    base_directory: str | None = None
    data_context_root_directory: str | None = None
    storage_options: dict[str, StrictBool | StrictInt | StrictFloat | ConfigStr | str] = {}  # noqa: RUF012  pydantic copies it
    assets: list[DataFrameAsset | CSVAsset | DirectoryCSVAsset | ParquetAsset | DirectoryParquetAsset] = []  # noqa: RUF012

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{key: str(value) if isinstance(value, Path) else value for key, value in arguments.items()})

    @property
    def execution_engine_type(self) -> builtins.type[PolarsExecutionEngine]:
        """The engine on Polars."""
        return PolarsExecutionEngine

    def get_execution_engine(self) -> PolarsExecutionEngine:
        """Give the engine of this data source. It holds the options of S3; GX writes a batch's spec into results."""
        options = self._options()
        if self._execution_engine is None or self._cached_execution_engine_kwargs != options:
            given = {} if self._execution_engine is None else self._execution_engine.references
            self._execution_engine = PolarsExecutionEngine(
                storage_options=options, gx_judges_types=True, references=given
            )
            self._cached_execution_engine_kwargs = options
        return self._execution_engine

    def set_references(self, frames: Mapping[str, pl.LazyFrame | pl.DataFrame]) -> None:
        """Give the tables that rules of one's own ask for by name, in place of those that were given before.

        As frames of assets they are there while the program runs, and are not stored.
        Raises: TypeError if one is no Polars frame.
        """
        self.get_execution_engine().set_references(frames)

    def test_connection(self, test_assets: bool = True) -> None:
        """Look whether a folder is there, or whether options fit, and list the files of assets.

        Raises: TestConnectionError.
        """
        if self._is_remote():
            try:
                s3_client(for_polars(self._options()))
            except CannotEvaluateError as fault:
                raise TestConnectionError(fault.reason) from None
        elif self.base_directory is not None:
            folder = normalize_directory_path(self.base_directory, self.data_context_root_directory)
            if not folder.is_dir():
                raise TestConnectionError(f"Path: {folder.resolve()} does not exist.")
        for asset in self.assets if test_assets else ():
            asset.test_connection()

    def _is_remote(self) -> bool:
        return self.base_directory is not None and self.base_directory.startswith(REMOTE)

    def _options(self) -> dict[str, str | bool | int | float]:
        resolved = self.dict(include={"storage_options"}, config_provider=self._config_provider)
        plain = (bool, int, float)  # a variable that nobody could look up is a ConfigStr still
        options = resolved.get("storage_options", {}).items()
        return {name: value if isinstance(value, plain) else str(value) for name, value in options}

    def _build_data_connector(self, data_asset: Any, glob_directive: str = _EVERY_FILE, **options: Any) -> None:
        """Give a file asset what lists its files: GX's own connectors."""
        if options:
            raise TypeError(f"not known: {', '.join(sorted(options))}")
        if isinstance(data_asset, DataFrameAsset):
            return
        if self.base_directory is None:
            raise TestConnectionError(
                f"the data source {self.name} has no base_directory, so it has no files: "
                f'add_polars("{self.name}", base_directory="…")'
            )
        whole = data_asset.get_whole_directory_path_override()
        common: dict[str, Any] = {"datasource_name": self.name, "data_asset_name": data_asset.name}
        if not self._is_remote():
            root = self.data_context_root_directory
            data_asset._data_connector = FilesystemDataConnector.build_data_connector(
                base_directory=Path(self.base_directory),
                glob_directive=glob_directive,
                data_context_root_directory=None if root is None else Path(root),
                whole_directory_path_override=whole,
                **common,
            )
            return
        if glob_directive != _EVERY_FILE:
            raise TypeError("glob_directive is for folders; on S3 the regex of a batch definition picks the files")
        bucket, _, prefix = self.base_directory.removeprefix(REMOTE).partition("/")
        prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        data_asset._data_connector = S3DataConnector.build_data_connector(
            s3_client=_Listing(self._options()),
            bucket=bucket,
            prefix=prefix,
            recursive_file_discovery=True,
            file_path_template_map_fn=(REMOTE + "{bucket}/{path}").format,
            whole_directory_path_override=None if whole is None else f"{REMOTE}{bucket}/{_inside(prefix, whole)}",
            **common,
        )


def _inside(prefix: str, directory: Path) -> str:
    """Where a directory is in a bucket; as in a folder, one with a slash before it is not below the prefix."""
    return str(PurePosixPath("/", prefix, directory.as_posix())).lstrip("/")


class _Listing:
    """What GX's connector needs of a client for S3, made when it is needed: GX makes connectors all the time."""

    def __init__(self, options: StorageOptions) -> None:
        self._options = options
        self._client: Any = None

    def list_objects_v2(self, **query: Any) -> Any:
        self._client = self._client or s3_client(self._options)
        return self._client.list_objects_v2(**query)
