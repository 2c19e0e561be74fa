"""Nothing enters but Hypothesis' choices; leaves small frames of every kind of column, and what is special about them.

It shares no code and no constant with the engine: the two may agree only because both mean the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st

WORDS = ("", " ", "a", "A", "ab", "aab", "Æble", "ø", "naïve", "日本", "12", "x" * 30, "a\nb", "b%", "a_c", "Zz9", "10")
NUMBERS = ("1", "-2", "3.5", "007", "1e3", "nan", "inf", "x", "")
DAYS = ("2024-01-31", "31.12.2023", "2024-02-30", "Feb 3, 2021", "20240101", "10:30", "yesterday", "2024-1-5", "")
PAPERS = ('{"a": 1}', '{"a": "x"}', "[1, 2]", "3", "null", '"s"', "{", "true", '{"a": 2.5, "b": null}', "[]", "NaN")
ZONE = "Europe/Copenhagen"
MANY = 210
"""GX lists 200 failing values at most."""

_small = st.integers(-3, 6)
_finite = st.sampled_from([0.0, -0.0, 0.5, 1.0, 1.5, 2.25, -3.5, 1e9, 1e-9, 3.0, 2.0])
_wild = _finite | st.sampled_from([float("nan"), float("inf"), float("-inf")])
_days = st.dates(dt.date(2023, 12, 28), dt.date(2024, 3, 1))
_moments = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 4)).map(
    lambda moment: moment.replace(microsecond=0, minute=0, second=0)
)
_fine_moments = st.sampled_from(
    [
        dt.datetime(2024, 1, 1),
        dt.datetime(2024, 1, 1, 0, 0, 0, 1),
        dt.datetime(2024, 1, 1, 12, 30, 15, 123456),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    ]
)


@dataclass(frozen=True)
class Kind:
    """A kind of column: its Polars type, its values, and whether it is text, a number or a moment in time."""

    name: str
    dtype: Any
    values: st.SearchStrategy[Any]
    family: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("whole", pl.Int64, _small, "number"),
        Kind("narrow", pl.Int8, _small | st.sampled_from([-128, 127]), "number"),
        Kind("unsigned", pl.UInt16, st.integers(0, 6), "number"),
        Kind("big", pl.Int64, st.sampled_from([2**40, 2**40 + 1, -(2**52), 2**52, 7]), "number"),
        Kind("huge", pl.Int64, st.sampled_from([2**53 + 1, 2**53 + 3, -(2**53) - 1, 0, 1]), "number"),
        Kind("float", pl.Float64, _finite, "number"),
        Kind("one value", pl.Float64, st.just(0.1), "number"),
        Kind("short float", pl.Float32, st.sampled_from([0.0, 0.5, 1.5, -2.0, 3.0, 0.1, 0.3, 1e-3]), "number"),
        Kind("wild", pl.Float64, _wild, "number"),
        Kind("decimal", pl.Decimal(12, 2), _small.map(lambda n: Decimal(n * 25) / 100), "number"),
        Kind("boolean", pl.Boolean, st.booleans(), "boolean"),
        Kind("day", pl.Date, _days, "time"),
        Kind("moment", pl.Datetime("us"), _moments, "time"),
        Kind("fine moment", pl.Datetime("us"), _fine_moments, "time"),
        Kind("zoned", pl.Datetime("us", ZONE), _moments, "time"),
        Kind("word", pl.String, st.sampled_from(WORDS), "text"),
        Kind("few", pl.String, st.sampled_from(["a", "b", "c"]), "text"),
        Kind("any text", pl.String, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), "text"),
        Kind("number text", pl.String, st.sampled_from(NUMBERS), "text"),
        Kind("day text", pl.String, st.sampled_from(DAYS), "text"),
        Kind("json", pl.String, st.sampled_from(PAPERS), "text"),
        Kind("category", pl.Categorical, st.sampled_from(["a", "b", "c"]), "text"),
        Kind("nothing", pl.Null, st.none(), "nothing"),
    )
}
FAMILIES = {family: [k.name for k in KINDS.values() if k.family == family] for family in ("number", "text", "time")}


@dataclass(frozen=True)
class Sample:
    """A frame with columns a, b (of one kind), c (of another), g (a group), k (a key); what pandas is handed too."""

    frame: pl.DataFrame
    kinds: dict[str, Kind]

    def values(self, column: str) -> list[Any]:
        return [value for value in self.frame[column].to_list() if value is not None]

    def has_pairs(self, one: str, other: str) -> bool:
        """Whether any row has a value in both columns; to pandas NaN is none."""
        if not {one, other} <= set(self.frame.columns):
            return True
        return any(a == a and b == b for a, b in self.frame.select(one, other).drop_nulls().rows())

    def has_missing(self, column: str) -> bool:
        return self.frame[column].null_count() > 0


@st.composite
def columns(draw: Callable[..., Any], kind: Kind, rows: int) -> pl.Series:
    share = draw(st.sampled_from(["none", "some", "most", "all"])) if draw(st.integers(0, 2)) else "none"
    cell = {
        "none": kind.values,
        "some": kind.values | kind.values | st.none(),
        "most": st.none() | st.none() | kind.values,
        "all": st.none(),
    }[share]
    values = draw(st.lists(cell, min_size=rows, max_size=rows))
    if draw(st.integers(0, 5)) == 0:
        values = sorted(values, key=lambda value: (value is None, str(type(value)), value if value == value else 0))
    series = pl.Series(values, dtype=pl.Datetime("us") if kind.name == "zoned" else kind.dtype)
    return series.dt.replace_time_zone(ZONE) if kind.name == "zoned" else series


@st.composite
def samples(draw: Callable[..., Any], first: str | None = None) -> Sample:
    rows = draw(st.sampled_from([13, 1, 2, 3, 5, 8, 8, 13, 13, 13, 21, 21, 21, 21, 21, 34, 5, 3, 8, 0]))
    one = KINDS[first] if first else KINDS[draw(st.sampled_from(sorted(KINDS)))]
    other = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    kinds = {"a": one, "b": one, "c": other}
    found = {name: draw(columns(kind, rows)) for name, kind in kinds.items()}
    found["g"] = pl.Series(draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows)), dtype=pl.Int64)
    found["k"] = pl.Series(range(100, 100 + rows), dtype=pl.Int64)
    kinds |= {"g": KINDS["whole"], "k": KINDS["whole"]}
    if draw(st.integers(0, 7)) == 0:  # wide
        found |= {f"w{index}": found["g"] for index in range(40)}
    frame = pl.DataFrame(found)
    if rows and draw(st.integers(0, 39)) == 0:  # more failing rows than any result lists
        times = MANY // rows + 1
        frame = pl.concat([frame] * times).with_columns(k=pl.int_range(100, 100 + rows * times))
    return Sample(frame, kinds)
