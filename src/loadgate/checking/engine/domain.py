"""A metric's domain (columns, row_condition, ignore_row_if) enters; leaves the rows that it counts or cannot decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.conditions import (
    as_checked,
    compile_condition,
    condition_columns,
    held,
    plain_condition,
    readable,
)
from loadgate.checking.engine.faults import CannotEvaluateError, missing_columns

if TYPE_CHECKING:
    import polars as pl

_MISSING_ALL = ("both_values_are_missing", "all_values_are_missing")
_MISSING_ANY = ("either_value_is_missing", "any_value_is_missing")
_MISSING_NEVER = (None, "neither", "never")
_ABOUT_ROWS = ("batch_id", "table", "row_condition", "condition_parser", "ignore_row_if")
TOGETHER: Final = "decided_together"
"""A domain key of rules of one's own: rows with the same key are decided all or none, as for a sum over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Three masks over the frame's rows, never null. None stands for every row, and for `undecided`: no row.

    `elements` meet the row_condition; `members` are those of them that ignore_row_if does not set aside.
    `undecided` are in neither: a value failed to cast, so whether they belong or pass is not known. If `whole`, the
    masks look at other rows than the one in question, and hold only over the whole frame at once.
    """

    elements: pl.Expr | None
    members: pl.Expr | None
    undecided: pl.Expr | None
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One metric as asked for: its columns (checked to exist), arguments and rows.

    `before` is, for rules that look at the value before a row's, the last one of earlier batches. `at_once`: the rows
    asked are a batch in memory, not a stream. `unread`: where the value of the first column failed to cast.
    """

    columns: tuple[str, ...]
    arguments: Mapping[str, Any]
    schema: Mapping[str, pl.DataType]
    rows: Rows
    references: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    domain: Mapping[str, Any] = field(default_factory=dict)
    before: pl.Expr | None = None
    at_once: bool = False
    unread: pl.Expr | None = None

    def given(self, name: str) -> Any:
        """An argument without which nothing can be asked. Raises: CannotEvaluateError if it is not given."""
        value = self.arguments.get(name)
        if value is None:
            raise CannotEvaluateError(f"{name} is not given")
        return value

    def reference(self, name: str) -> pl.LazyFrame:
        """Another table that was given by name. Raises: CannotEvaluateError if it was not."""
        try:
            return self.references[name]
        except KeyError:
            raise CannotEvaluateError(f"the table {name} is not there to compare with") from None

    def alike(self, name: str) -> pl.LazyFrame:
        """Of another table, the columns of this domain in the rows that meet the same row_condition.

        A value that could not be read there is a missing one. Raises: CannotEvaluateError if the table is not there,
        or lacks a column.
        """
        frame = self.reference(name)
        schema = frame.collect_schema()
        try:
            there = ask(self.domain, {}, schema=schema, flags={})
        except CannotEvaluateError as fault:
            raise CannotEvaluateError(f"in {name}, {fault.reason}", missing=fault.missing) from None
        kept = frame if there.rows.members is None else frame.filter(there.rows.members)
        return kept.select(readable(name, schema[name]).alias(name) for name in dict.fromkeys(there.columns))

    def main(self) -> list[pl.Expr]:
        """The columns that the domain is named after, without those of further arguments."""
        return [readable(name, self.schema[name]) for name in _main_columns(self.domain)]

    def named(self, key: str) -> pl.Expr | list[pl.Expr] | None:
        """What a further argument of the domain names: a column, columns, or rows that meet a condition."""
        value = self.domain.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            return readable(value, self.schema[value])
        if isinstance(value, list | tuple):
            return [readable(name, self.schema[name]) for name in value]
        condition = plain_condition(value)
        return None if condition is None else compile_condition(condition, schema=self.schema, flags={})

    def column(self, index: int = 0) -> pl.Expr:
        return readable(self.columns[index], self.schema[self.columns[index]])

    def dtype(self, index: int = 0) -> pl.DataType:
        return as_checked(self.schema[self.columns[index]])

    def text(self) -> pl.Expr:
        """The column as text; GX's pandas engine also matches patterns and lengths on other types as text.

        Raises: CannotEvaluateError if values of its type have no text.
        """
        import polars as pl

        dtype = self.dtype()
        if dtype.is_nested() or dtype in (pl.Duration, pl.Object):
            raise CannotEvaluateError(f"the values of a column of type {dtype} have no text")
        if dtype == pl.Boolean:  # Python's words, as a pandas user has seen them
            return pl.when(self.column()).then(pl.lit("True")).when(~self.column()).then(pl.lit("False"))
        if isinstance(dtype, pl.Datetime):  # no fraction of a second where there is none
            zone = "%:z" if dtype.time_zone else ""
            return self.column().dt.to_string(f"%Y-%m-%d %H:%M:%S%.f{zone}")
        return (
            self.column() if dtype == pl.String else held(self.columns[0], self.schema[self.columns[0]]).cast(pl.String)
        )

    def undecided_values(self) -> pl.Expr | None:
        """Undecided rows that may have a value in the column: one without is not asked, whatever else it holds."""
        if self.rows.undecided is None:
            return None
        present = self.column().is_not_null()
        return self.rows.undecided & (present if self.unread is None else present | self.unread)

    def picked(self) -> pl.Expr:
        """The column's values in the rows that count."""
        column = self.column()
        return column if self.rows.members is None else column.filter(self.rows.members)


def ask(
    domain: Mapping[str, Any],
    arguments: Mapping[str, Any],
    *,
    schema: Mapping[str, pl.DataType],
    flags: Mapping[str, pl.Expr],
    references: Mapping[str, pl.LazyFrame] | None = None,
) -> Asked:
    """Resolve a metric's domain against a schema.

    Raises: CannotEvaluateError if a column is missing or the row_condition cannot be compiled.
    """
    columns = domain_columns(domain)
    condition = plain_condition(domain.get("row_condition"), parser=domain.get("condition_parser"))
    read = [*columns, *(condition_columns(condition) if condition else ())]
    if missing := [name for name in dict.fromkeys(read) if name not in schema]:
        raise missing_columns(missing)
    met = compile_condition(condition, schema=schema, flags=flags) if condition else None
    kept = _kept(domain.get("ignore_row_if"), _main_columns(domain), schema, flags)
    rows = Rows(elements=met, members=both(met, kept), undecided=None)
    if any(name in flags for name in read):
        main = _main_columns(domain)
        up = [flags[name] for name in main if name in flags]
        key = [readable(name, schema[name]) for name in main] if domain.get(TOGETHER) else None
        rows = _doubted_rows(met, kept, up, _up_elsewhere(domain, schema, flags), together=key)
    return Asked(
        columns=tuple(columns),
        arguments=arguments,
        schema=schema,
        rows=rows,
        references={} if references is None else references,
        domain=domain,
        unread=flags.get(columns[0]) if columns else None,
    )


def domain_columns(domain: Mapping[str, Any]) -> list[str]:
    """List the columns that a domain names: one, a pair, a list, or none for the table, then those of other keys.

    Keys that GX does not know are those of rules of one's own: they name columns too, or hold a condition.
    """
    main = _main_columns(domain)
    others = [name for key, value in domain.items() if key not in _ABOUT_ROWS for name in _columns_in(value)]
    return [*main, *(name for name in dict.fromkeys(others) if name not in main)]


def _main_columns(domain: Mapping[str, Any]) -> list[str]:
    if domain.get("column_list") is not None:
        return list(domain["column_list"])
    if domain.get("column_A") is not None:
        return [domain["column_A"], domain["column_B"]]
    return [domain["column"]] if domain.get("column") is not None else []


def _columns_in(value: Any) -> list[str]:
    if value is None or isinstance(value, bool):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return list(value)
    condition = plain_condition(value)
    return [] if condition is None else condition_columns(condition)


def both(left: pl.Expr | None, right: pl.Expr | None) -> pl.Expr | None:
    """Intersect two masks, of which None is every row."""
    if left is None or right is None:
        return right if left is None else left
    return left & right


def _kept(
    ignore: str | None, columns: Sequence[str], schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]
) -> pl.Expr | None:
    """True for rows that ignore_row_if leaves in, null where a failed cast hides whether it does."""
    import polars as pl

    if ignore in _MISSING_NEVER:
        return None
    absent = [_absent(name, schema, flags) for name in columns]
    if ignore in _MISSING_ALL:
        return ~pl.all_horizontal(absent)
    if ignore in _MISSING_ANY:
        return ~pl.any_horizontal(absent)
    raise CannotEvaluateError(f"ignore_row_if: {ignore} is not known")


def _absent(name: str, schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]) -> pl.Expr:
    import polars as pl

    absent = readable(name, schema[name]).is_null()
    flag = flags.get(name)
    return absent if flag is None else pl.when(~flag).then(absent)


def _up_elsewhere(
    domain: Mapping[str, Any], schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]
) -> list[pl.Expr]:
    """True where a value that a further key names failed to cast, or hides whether the row meets its condition."""
    main, up = _main_columns(domain), []
    for key, value in domain.items():
        if key in _ABOUT_ROWS or not any(name in flags for name in _columns_in(value)):
            continue
        if isinstance(value, str | list | tuple):
            up += [flags[name] for name in _columns_in(value) if name in flags and name not in main]
        elif (condition := plain_condition(value)) is not None:
            up.append(compile_condition(condition, schema=schema, flags=flags).is_null())
    return up


def _doubted_rows(
    met: pl.Expr | None,
    kept: pl.Expr | None,
    up: Sequence[pl.Expr],
    elsewhere: Sequence[pl.Expr],
    *,
    together: Sequence[pl.Expr] | None,
) -> Rows:
    """Split rows where some value may have failed to cast; `kept` is null only where a flag is `up`.

    `together` are the columns of a key that leaves all its rows undecided if one is; of no column: all rows. A row of
    which a part of the key failed to cast shares it with none.
    """
    import polars as pl

    true = pl.lit(True)
    undecided = pl.lit(False) if met is None else met.is_null()
    meets = true if met is None else met.fill_null(False)
    if up or elsewhere:
        undecided |= meets & pl.any_horizontal(*up, *elsewhere)
    if kept is not None:
        undecided &= kept.fill_null(True)
    if together is not None:
        whole_key = ~pl.any_horizontal(up) if up else true
        doubt = (undecided & whole_key).any()
        undecided |= meets & whole_key & (doubt.over(together) if together else doubt)
    elements = meets & ~undecided
    members = elements if kept is None else elements & kept.fill_null(False)
    return Rows(elements=elements, members=members, undecided=undecided, whole=together is not None)
