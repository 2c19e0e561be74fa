"""A frame enters; leave its first rows and its columns' types, as metrics that GX's Validator asks this engine for."""
# ruff: noqa: E402

from __future__ import annotations

from typing import Any, Final

from loadgate.checking.engine.quiet import import_gx

import_gx()  # has to come before GX's own modules: it switches telemetry off

from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from loadgate.checking.engine.execution import PolarsExecutionEngine
from loadgate.checking.engine.metrics import column_types

TYPES: Final = "table.polars_types"


class TablePolarsTypes(TableMetricProvider):
    """`[{"name": column, "type": Polars' name of its type}]`, also for expectations of one's own."""

    metric_name = TYPES

    @metric_value(engine=PolarsExecutionEngine)
    def _polars(
        cls,  # noqa: N805  GX's metaclass makes a class method of it
        execution_engine: PolarsExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        **arguments: Any,
    ) -> list[dict[str, str]]:
        del arguments
        return column_types(execution_engine.get_domain_records(metric_domain_kwargs).collect_schema())


class PolarsTableHead(TableMetricProvider):
    """The first rows, for `Batch.head()`, which wants a pandas frame."""

    metric_name = "table.head"
    value_keys = ("n_rows", "fetch_all")
    default_kwarg_values: dict[str, Any] = {"n_rows": 5, "fetch_all": False}  # noqa: RUF012  GX's own form

    @metric_value(engine=PolarsExecutionEngine)
    def _polars(
        cls,  # noqa: N805
        execution_engine: PolarsExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **arguments: Any,
    ) -> Any:
        del arguments
        frame = execution_engine.get_domain_records(metric_domain_kwargs)
        if metric_value_kwargs.get("fetch_all"):
            return frame.collect().to_pandas()
        wanted = metric_value_kwargs.get("n_rows")
        rows = 5 if wanted is None else int(wanted)
        first = frame.head(rows).collect() if rows >= 0 else frame.collect().head(rows)  # all but the last, as pandas
        return first.to_pandas()
