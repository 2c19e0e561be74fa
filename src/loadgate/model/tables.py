"""Schemas of the big tables, column name to Polars type; they travel as Parquet, never as objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    Schema = dict[str, pl.DataType | type[pl.DataType]]

UNDECIDED = "_undecided."  # before a column's name: typed rows' flag of a value that could not be read

# Text names of types, so that importing the model does not import Polars (decision 0001: heavy imports stay inside).
EXACT = "decimal(38,6)"  # counts and amounts stay exact until the last division
SHARE = "float64"

FIGURES: dict[str, str] = {
    "figure": "text",
    "cell": "text",  # null: no breakdown
    "provider": "text",
    "reference_start": "date",
    "value": SHARE,
    "numerator": EXACT,  # null: none
    "denominator": EXACT,  # null: none, or none published
    "suppressed": "boolean",
    "part": "text",  # area/provider
}
FIGURE_KEY: tuple[str, ...] = ("figure", "cell", "provider", "reference_start")

CONTROLS: dict[str, str] = {
    "source": "text",
    "period": "text",  # run period it belongs to; null: any
    "figure": "text",
    "cell": "text",
    "provider": "text",  # null: the sum over all providers
    "reference_start": "date",
    "value": EXACT,
    "reported": EXACT,  # the figure as reported beside it, where no vintage holds it; mostly null
}

COMPARISONS: dict[str, str] = {
    "kind": "text",  # control or prior
    "source": "text",  # control source, or vintage (run id)
    "figure": "text",
    "cell": "text",
    "provider": "text",  # null: the sum over all providers
    "reference_start": "date",
    "status": "text",  # see Status
    "value": SHARE,  # of this run
    "other": SHARE,  # of the control or the prior vintage
    "numerator": EXACT,
    "other_numerator": EXACT,
    "denominator": EXACT,
    "other_denominator": EXACT,
    "difference": SHARE,  # prior: value - other; control: other - value, as the programme prints it
    "difference_relative": SHARE,  # prior: over |other|; control: over |other|; null where other is 0 or missing
    "outcome": "text",  # control: agree, minimal, substantial, not_applicable; prior: null
}

LINEAGE: dict[str, str] = {"figure": "text", "provider": "text", "delivery": "text", "rows": "int64"}

OUTCOMES: dict[str, str] = {
    "check": "text",
    "scope": "text",
    "state": "text",
    "severity": "text",
    "rows_checked": "int64",
    "rows_failed": "int64",
    "rows_undecided": "int64",
    "observed": SHARE,
    "reason": "text",
}

MARKS: dict[str, str] = {"_row": "uint32", "check": "text", "outcome": "text"}
ALTERNATIVES: dict[str, str] = {  # row values: never outside the data area
    "_row": "uint32",
    "rule": "text",  # named like a check
    "column": "text",
    "value": "text",  # as Polars writes the column's type
}
REJECTS: dict[str, str] = {
    "_row": "uint32",  # null for a row that could not be split
    "_line": "uint32",
    "column": "text",  # null for a whole row
    "reason": "text",
}


def schema(table: dict[str, str]) -> Schema:
    """The Polars schema of one of the tables above."""
    import polars as pl

    types: Schema = {
        "text": pl.String,
        "date": pl.Date,
        "boolean": pl.Boolean,
        "int64": pl.Int64,
        "uint32": pl.UInt32,
        SHARE: pl.Float64,
        EXACT: pl.Decimal(38, 6),
    }
    return {name: types[kind] for name, kind in table.items()}


def empty(table: dict[str, str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=schema(table))


def conform(frame: pl.DataFrame, table: dict[str, str]) -> pl.DataFrame:
    """Columns of the table in its order and types; a missing one is null. Raises KeyError for an unknown one."""
    import polars as pl

    wanted = schema(table)
    extra = set(frame.columns) - set(wanted)
    if extra:
        raise KeyError(f"columns not in the table: {sorted(extra)}")
    return frame.select(
        (pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, dtype=kind).alias(name))
        for name, kind in wanted.items()
    )


def logical_sha256(frame: pl.DataFrame, table: dict[str, str]) -> str:
    """Hash of what a table says: sorted rows in a canonical encoding, so it outlives Parquet's own versions.

    Floats count to 9 significant digits, and minus zero is zero; decimals have their six places.
    """
    import hashlib

    import polars as pl

    known = schema(table)
    columns = [
        (pl.col(name).round_sig_figs(9) + 0.0).cast(pl.String) if kind == pl.Float64 else pl.col(name).cast(pl.String)
        for name, kind in known.items()
    ]
    rows = conform(frame, table).select(columns).fill_null("\x00").sort(list(known))
    digest = hashlib.sha256("\x1f".join(known).encode())
    lines = rows.select(pl.concat_str(pl.all(), separator="\x1f")).to_series()
    digest.update("\x1e".join(lines.to_list()).encode())
    return digest.hexdigest()
