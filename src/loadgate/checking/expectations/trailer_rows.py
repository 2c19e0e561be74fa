"""The number of rows and what a file's trailer says of it enter; leaves whether they are the same."""
# ruff: noqa: E402

from __future__ import annotations

from typing import Any

from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.expectations.expectation import BatchExpectation

from loadgate.checking.expectations.whole_numbers import whole

_COUNT = "table.row_count"


class ExpectRowCountToMatchTrailer(BatchExpectation):
    """Expect as many rows, with those that reading rejected, as the file's trailer says there are."""

    trailer_rows: int | SuiteParameterDict[str, Any]
    rejected_rows: int | SuiteParameterDict[str, Any] = 0

    metric_dependencies = (_COUNT,)
    success_keys = ("trailer_rows", "rejected_rows")
    args_keys = ("trailer_rows", "rejected_rows")

    _whole = pydantic.validator("trailer_rows", "rejected_rows", pre=True, allow_reuse=True)(whole)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        wanted = self._get_success_kwargs()
        same = metrics[_COUNT] + wanted["rejected_rows"] == wanted["trailer_rows"]
        return {"success": same, "result": {"observed_value": metrics[_COUNT]}}
