"""A metric's name enters; leaves how it is computed. METRICS is the one list of what this engine can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine import aggregates, distributions, documents, predicates, spreads
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.needs import Reduction

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFact:
    """Answered from the frame's schema; no row is read."""

    answer: Callable[[Mapping[str, pl.DataType]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One value for the whole frame. `shown`: what an expectation makes of it is never a row's value."""

    build: Callable[[Asked], Reduction]
    shown: bool = False


class Sees(StrEnum):
    """What of a text decides alone whether it meets a rule, whatever stands in other rows and columns, on any day."""

    TEXT = "text"
    LENGTH = "length"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A yes/no question about every row. `skips_missing`: rows without a value in the column are not asked.

    `unique` rules are counted by hash first, and exactly only if two hashes meet. `carries`: the rule looks at the last
    value before the row, which is carried from batch to batch (`Asked.before`). `whole` rules look at any other rows,
    so they need a pass of their own over the columns concerned.
    `refuses` says which rows make the question unanswerable for the whole column.
    `sees` says that the rule sees nothing but each text, so it can be tried on some, see implied; None says nothing.
    `opens`: whether, as asked, the rule may say null of a row; such a row is undecided. None: its null is a no.
    """

    predicate: Callable[[Asked], pl.Expr]
    skips_missing: bool = True
    unique: bool = False
    whole: bool = False
    carries: bool = False
    refuses: Callable[[Asked], pl.Expr] | None = None
    sees: Sees | None = None
    opens: Callable[[Asked], bool] | None = None


Metric = SchemaFact | Aggregate | RowRule


def column_types(schema: Mapping[str, pl.DataType]) -> list[dict[str, str]]:
    """`[{"name": column, "type": Polars' name of its type}]`, GX's form."""
    return [{"name": name, "type": str(dtype)} for name, dtype in schema.items()]


METRICS: Final[dict[str, Metric]] = {
    "table.columns": SchemaFact(answer=list),
    "table.column_count": SchemaFact(answer=len),
    "table.column_types": SchemaFact(answer=column_types),
    "table.row_count": Aggregate(build=aggregates.row_count),
    "rows.element_count": Aggregate(build=aggregates.element_count),  # ours: for any domain, see domain.Rows
    "rows.undecided_count": Aggregate(build=aggregates.undecided_count),
    "rows.undecided_value_count": Aggregate(build=aggregates.undecided_value_count),
    "column.sum": Aggregate(build=aggregates.column_sum),
    "column.mean": Aggregate(build=aggregates.mean),
    "column.min": Aggregate(build=aggregates.minimum),
    "column.max": Aggregate(build=aggregates.maximum),
    "column.non_null_count": Aggregate(build=aggregates.non_null_count),
    "column.non_null_proportion": Aggregate(build=aggregates.non_null_proportion),
    "column.unique_proportion": Aggregate(build=aggregates.unique_proportion),
    "column.distinct_values": Aggregate(build=aggregates.distinct_values),
    "column.distinct_values.count": Aggregate(build=aggregates.distinct_count),
    "column.distinct_values.not_in_set": Aggregate(build=aggregates.not_in_set_values),
    "column.distinct_values.not_in_set.count": Aggregate(build=aggregates.not_in_set_count),
    "column.distinct_values.missing_from_column": Aggregate(build=aggregates.missing_from_column_values),
    "column.distinct_values.missing_from_column.count": Aggregate(build=aggregates.missing_from_column_count),
    "column.standard_deviation": Aggregate(build=spreads.standard_deviation),
    "column.median": Aggregate(build=spreads.median),
    "column.quantile_values": Aggregate(build=spreads.quantiles),
    "column.outlier_statistics": Aggregate(build=spreads.outlier_statistics),
    "column.most_common_value": Aggregate(build=distributions.most_common),
    "column.value_counts": Aggregate(build=distributions.value_counts),
    "column.histogram": Aggregate(build=distributions.histogram),
    "column.partition": Aggregate(build=distributions.partition),
    "column.descriptive_stats": Aggregate(build=spreads.descriptive_stats),
    "column_values.null.count": Aggregate(build=distributions.null_count),
    "column_values.match_regex.count": Aggregate(build=distributions.matching_count),
    "column_values.not_match_regex.count": Aggregate(build=distributions.not_matching_count),
    "column_values.between.count": Aggregate(build=distributions.between_count),
    "column_values.nonnull.count": Aggregate(build=aggregates.non_null_count),
    "column_values.null": RowRule(predicate=predicates.is_null, skips_missing=False),
    "column_values.nonnull": RowRule(predicate=predicates.is_not_null, skips_missing=False),
    "column_values.in_set": RowRule(predicate=predicates.in_set, sees=Sees.TEXT),
    "column_values.not_in_set": RowRule(predicate=predicates.not_in_set, sees=Sees.TEXT),
    "column_values.between": RowRule(predicate=predicates.between, sees=Sees.TEXT),
    "column_values.value_length.between": RowRule(predicate=predicates.length_between, sees=Sees.LENGTH),
    "column_values.value_length.equals": RowRule(predicate=predicates.length_equals, sees=Sees.LENGTH),
    "column_values.match_regex": RowRule(predicate=predicates.matches_regex, sees=Sees.TEXT),
    "column_values.not_match_regex": RowRule(predicate=predicates.matches_no_regex, sees=Sees.TEXT),
    "column_values.match_regex_list": RowRule(predicate=predicates.matches_regex_list, sees=Sees.TEXT),
    "column_values.not_match_regex_list": RowRule(predicate=predicates.matches_no_regex_list, sees=Sees.TEXT),
    "column_values.match_like_pattern": RowRule(predicate=predicates.matches_like, sees=Sees.TEXT),
    "column_values.not_match_like_pattern": RowRule(predicate=predicates.matches_no_like, sees=Sees.TEXT),
    "column_values.match_like_pattern_list": RowRule(predicate=predicates.matches_like_list, sees=Sees.TEXT),
    "column_values.not_match_like_pattern_list": RowRule(predicate=predicates.matches_no_like_list, sees=Sees.TEXT),
    "column_values.unique": RowRule(predicate=predicates.is_unique, unique=True),
    "column_values.increasing": RowRule(predicate=predicates.increasing, carries=True),
    "column_values.decreasing": RowRule(predicate=predicates.decreasing, carries=True),
    "column_values.z_score.under_threshold": RowRule(predicate=spreads.z_score_under, whole=True),
    "column_values.not_outliers": RowRule(predicate=spreads.is_no_outlier, whole=True),
    "column_values.dateutil_parseable": RowRule(predicate=documents.reads_as_date),
    "column_values.match_strftime_format": RowRule(predicate=documents.matches_strftime, sees=Sees.TEXT),
    "column_values.json_parseable": RowRule(predicate=documents.is_json),
    "column_values.match_json_schema": RowRule(predicate=documents.matches_json_schema, refuses=documents.no_json),
    "column_pair_values.in_set": RowRule(predicate=predicates.pair_in_set, skips_missing=False),
    "column_pair_values.a_greater_than_b": RowRule(predicate=predicates.a_greater_than_b, skips_missing=False),
    "column_pair_values.equal": RowRule(predicate=predicates.a_equals_b, skips_missing=False),
    "compound_columns.unique": RowRule(predicate=predicates.is_unique, skips_missing=False, unique=True),
    "multicolumn_sum.equal": RowRule(predicate=predicates.sum_equals, skips_missing=False),
    "multicolumn_values.equal": RowRule(predicate=predicates.all_equal, skips_missing=False),
    "select_column_values.unique.within_record": RowRule(predicate=predicates.all_different, skips_missing=False),
}
"""GX metric name, for row rules without its suffix → how it is computed."""
OWN_RULES: Final[dict[str, Aggregate | RowRule]] = {}
"""What users of the engine have added, by the same names: see own_rules.row_rule and own_rules.aggregate."""
