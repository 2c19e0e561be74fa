"""A suite with checks of a column's type enters; leaves the same suite with checks that any GX Validator can answer.

GX judges a column's type for its own three engines only, by their class (`_validate` of the three stock expectations),
and a Checkpoint makes GX's own Validator. These three ask the same of a Polars schema, and take the same arguments.
"""
# ruff: noqa: E402

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.quiet import import_gx

import_gx()  # has to come before GX's own modules: it switches telemetry off

from great_expectations.core import ExpectationSuite
from great_expectations.expectations.core.expect_column_type_to_be import ExpectColumnTypeToBe
from great_expectations.expectations.core.expect_column_values_to_be_in_type_list import (
    ExpectColumnValuesToBeInTypeList,
)
from great_expectations.expectations.core.expect_column_values_to_be_of_type import ExpectColumnValuesToBeOfType
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.metric_configuration import MetricConfiguration

from loadgate.checking.engine.checks import judge_type
from loadgate.checking.engine.table_metrics import TYPES

if TYPE_CHECKING:
    from great_expectations.validator.validator import ValidationDependencies


class _OfSchema:
    """What the three have in common: they ask for the schema, and judge it without GX's branches on its engines."""

    def get_validation_dependencies(
        self: Any, execution_engine: Any = None, runtime_configuration: dict[str, Any] | None = None, **arguments: Any
    ) -> ValidationDependencies:
        """Ask for the schema and nothing else."""
        del arguments
        found = BatchExpectation.get_validation_dependencies(self, execution_engine, runtime_configuration)
        for name in found.get_metric_names():
            found.remove_metric_configuration(name)
        batch_id = self.configuration.kwargs.get("batch_id")
        domain = {} if batch_id is None else {"batch_id": batch_id}
        found.set_metric_configuration(TYPES, MetricConfiguration(TYPES, metric_domain_kwargs=domain))
        return found

    def _validate(
        self: Any,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        return judge_type(self.configuration, metrics[TYPES])


class ExpectPolarsColumnTypeToBe(_OfSchema, ExpectColumnTypeToBe):
    """Expect a column to have a type: Polars' name for it, or the word of Python, pandas, SQL or Spark."""


class ExpectPolarsColumnValuesToBeOfType(_OfSchema, ExpectColumnValuesToBeOfType):
    """Expect a column's values to be of a type: that of the column, since a Polars column has one."""


class ExpectPolarsColumnValuesToBeInTypeList(_OfSchema, ExpectColumnValuesToBeInTypeList):
    """Expect a column's values to be of one of several types."""


_INSTEAD: Final = {
    "expect_column_type_to_be": "expect_polars_column_type_to_be",
    "expect_column_values_to_be_of_type": "expect_polars_column_values_to_be_of_type",
    "expect_column_values_to_be_in_type_list": "expect_polars_column_values_to_be_in_type_list",
}


def for_polars(suite: ExpectationSuite) -> ExpectationSuite:
    """Copy a suite with its checks of a column's type exchanged for those that a Checkpoint can answer on Polars.

    Everything else stays as it is, the name too; the copy belongs to no context yet. The suite is not changed.
    """
    return ExpectationSuite(
        name=suite.name,
        expectations=[_exchanged(one.configuration) for one in suite.expectations],
        suite_parameters=suite.suite_parameters,
        meta=suite.meta,
        notes=suite.notes,
    )


def _exchanged(configuration: ExpectationConfiguration) -> ExpectationConfiguration:
    return ExpectationConfiguration(
        type=_INSTEAD.get(configuration.type, configuration.type),
        kwargs=copy.deepcopy(configuration.kwargs),
        meta=copy.deepcopy(configuration.meta),
        notes=configuration.notes,
        description=configuration.description,
        severity=configuration.severity,
    )
