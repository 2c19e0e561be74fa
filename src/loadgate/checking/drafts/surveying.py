"""Typed rows in; out, what a first suite can be drawn from: counts, limits, small sets, shapes, order, and keys.

One pass over the rows, batch by batch, in memory that does not grow with them; one more pass over its columns alone
for each key that looks possible.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.model.expected import Column, ColumnType

if TYPE_CHECKING:
    import polars as pl

BATCH_ROWS = 131_072
FEW_VALUES = 64  # different values of a column that are counted one by one
_LONGEST_VALUE = 60  # characters of a code
_LONGEST_SHAPE, _MOST_MASKS = 40, 400
_HASHES_AT_ONCE = 8_000_000
OUTERMOST = 10
KEY_FROM_ROWS = 50  # among fewer, anything is a key
_KEY_SAMPLE, _KEY_COLUMNS, _KEY_WIDTH, _KEYS_TRIED, _KEYS_KEPT = 20_000, 12, 4, 8, 3
_NO_KEYS = (ColumnType.DECIMAL, ColumnType.BOOLEAN)  # amounts differ by chance
_LENGTH_OF_KEY_TEXT = 64
_ALIKE_IN_NEXT, _ALIKE_IN_THIS = 0.01, 5.0  # pairs: fewer never meet in the next file, more would have met in this one
_SIGNS_OF = {"9": 10, "A": 26, "a": 26}  # that a sign of a mask stands for
_NUMBER = r"^[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
_FRACTION = r"[.,][0-9]|[eE]"
_LARGE = r"[eE]\+?0*(?:[89]|[1-9][0-9])$"  # as a spreadsheet writes a person number
_FINE = r"[.,][0-9]{7}|[eE]"  # no column holds it exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """A column of the draft: its value as an expression over the file's columns, and where one could not be read."""

    column: Column
    value: pl.Expr
    undecided: pl.Expr | None = None
    reads: tuple[str, ...]  # the columns of the file that the expressions read


@dataclass(slots=True, kw_only=True)
class Facts:
    """`values`: how often each occurs, None where there are more than a few. `masks`: shapes of texts, no values.

    A mask has 9 for a digit, A and a for a letter, and itself for anything else; None where they are too many.
    `low`, `high`: of numbers, dates and moments; of texts the length. `numbers`: texts that all are numbers, most of
    them fractions; `fine`: some with more decimals than a column holds, or with an exponent. `lowest`, `highest`: up
    to `OUTERMOST` numbers on either side, from the outermost inwards.
    """

    present: int = 0
    missing: int = 0
    undecided: int = 0
    low: Any = None
    high: Any = None
    values: dict[Any, int] | None = field(default_factory=dict)
    masks: set[str] | None = field(default_factory=set)
    rising: bool = True
    unique: bool = True
    numbers: bool = True
    fine: bool = False
    lowest: list[Any] = field(default_factory=list)
    highest: list[Any] = field(default_factory=list)
    _last: Any = None

    @property
    def constant(self) -> bool:
        return self.values is not None and len(self.values) == 1

    @property
    def measured(self) -> bool:
        """Whether texts are measurements that no column holds exactly."""
        return self.numbers and self.fine


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`keys`: places of columns that together never repeat, one alone first; `chances`, such as may by chance."""

    rows: int
    facts: tuple[Facts, ...]
    keys: tuple[tuple[int, ...], ...] = ()
    chances: tuple[tuple[int, ...], ...] = ()


def survey(path: Path, columns: Sequence[Surveyed]) -> Survey:
    """Look at every row of a Parquet file, once; keys are not looked for."""
    facts = tuple(Facts() for _ in columns)
    rows = 0
    for frame in _batches(path, columns):
        rows += frame.height
        for at, (fact, one) in enumerate(zip(facts, columns, strict=True)):
            flags = frame[f"u{at}"] if f"u{at}" in frame.columns else None
            _add(fact, frame[f"c{at}"], flags, one.column.type)
    return Survey(rows=rows, facts=facts)


def with_keys(counted: Survey, path: Path, columns: Sequence[Surveyed]) -> Survey:
    """The survey with what can be a key: single columns, else the smallest compound ones, held against all rows."""
    found = list(_keys(path, columns, counted.facts, counted.rows))
    keys, chances = (tuple(places for places, proven in found if proven is this) for this in (True, False))
    return replace(counted, keys=keys, chances=chances)


def _batches(path: Path, columns: Sequence[Surveyed], places: Sequence[int] | None = None) -> Iterator[pl.DataFrame]:
    """The columns at these places as `c0`…, and where a value could not be read as `u0`…"""
    import polars as pl
    import pyarrow.parquet as pq

    wanted = [(at, columns[at]) for at in (range(len(columns)) if places is None else places)]
    names = list(dict.fromkeys(name for _, one in wanted for name in one.reads))
    expressions = [one.value.alias(f"c{at}") for at, one in wanted]
    expressions += [one.undecided.alias(f"u{at}") for at, one in wanted if one.undecided is not None]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            if not names:
                yield pl.DataFrame({"_": [None] * batch.num_rows})
                continue
            yield pl.DataFrame(pl.from_arrow(batch)).lazy().select(expressions).collect()


def _add(fact: Facts, values: pl.Series, flags: pl.Series | None, kind: ColumnType) -> None:
    present = values.drop_nulls()
    lost = int(flags.sum() or 0) if flags is not None else 0
    fact.undecided += lost
    fact.missing += values.null_count() - lost
    fact.present += len(present)
    fact.unique = fact.unique and values.null_count() == 0 and present.n_unique() == len(present)
    if not len(present):
        return
    if kind is ColumnType.TEXT:
        measured = present.str.len_chars()
        _masks(fact, present, int(measured.max()))  # type: ignore[arg-type]
        _numbers(fact, present)
    else:
        measured = present
        if kind in (ColumnType.INTEGER, ColumnType.DECIMAL):
            fact.lowest = sorted([*fact.lowest, *present.bottom_k(OUTERMOST)])[:OUTERMOST]
            fact.highest = sorted([*fact.highest, *present.top_k(OUTERMOST)], reverse=True)[:OUTERMOST]
    fact.rising = fact.rising and _rises(fact, present)
    low, high = measured.min(), measured.max()
    fact.low = low if fact.low is None else min(fact.low, low)
    fact.high = high if fact.high is None else max(fact.high, high)
    if fact.values is not None:
        _count(fact, present, kind)


def _count(fact: Facts, present: pl.Series, kind: ColumnType) -> None:
    if kind is ColumnType.TEXT and fact.high > _LONGEST_VALUE:
        fact.values = None
        return
    counted = present.value_counts(name="n")
    if fact.values is None or counted.height > FEW_VALUES:
        fact.values = None
        return
    for value, count in counted.iter_rows():
        fact.values[value] = fact.values.get(value, 0) + count
    if len(fact.values) > FEW_VALUES:
        fact.values = None


def _masks(fact: Facts, present: pl.Series, longest: int) -> None:
    if fact.masks is None:
        return
    if longest > _LONGEST_SHAPE:
        fact.masks = None
        return
    masks = present.str.replace_all("[0-9]", "9").str.replace_all("[A-Z]", "A").str.replace_all("[a-z]", "a")
    distinct = masks.unique()
    if len(distinct) > _MOST_MASKS:
        fact.masks = None
        return
    fact.masks |= set(distinct.to_list())
    if len(fact.masks) > _MOST_MASKS or len({skeleton(mask) for mask in fact.masks}) > 1:
        fact.masks = None


def _numbers(fact: Facts, present: pl.Series) -> None:
    if not fact.numbers:
        return
    bare = present.str.strip_chars()
    fractions = int(bare.str.contains(_FRACTION).sum() or 0)
    shaped = bool((bare.str.contains(_NUMBER) & ~bare.str.contains(_LARGE)).all())
    fact.numbers = shaped and fractions * 2 > len(bare)
    fact.fine = fact.fine or bool(bare.str.contains(_FINE).any())


def skeleton(mask: str) -> str:
    """The mask with runs of one kind as one: `AA-9999` → `A-9`."""
    return re.sub(r"([9Aa])\1+", r"\1", mask)


def _rises(fact: Facts, present: pl.Series) -> bool:
    last, fact._last = fact._last, present[-1]
    return (last is None or last <= present[0]) and present.is_sorted()


def _keys(
    path: Path, columns: Sequence[Surveyed], facts: Sequence[Facts], rows: int
) -> Iterator[tuple[tuple[int, ...], bool]]:
    """Places, and whether so many rows would hardly differ in them by chance."""
    if rows < KEY_FROM_ROWS:
        return
    whole = [at for at, fact in enumerate(facts) if not fact.missing and not fact.undecided]
    fit = [at for at in whole if columns[at].column.type not in _NO_KEYS and not _is_prose(columns[at], facts[at])]
    single = [at for at in fit if facts[at].unique and _never_repeats(path, columns, (at,), rows)]
    proven = [_is_proof(_alike_of_one(columns[at].column.type, facts[at])) for at in single]
    yield from (((at,), sure) for at, sure in zip(single, proven, strict=True))
    if any(proven):
        return
    fit = [at for at in fit if not facts[at].constant and at not in single][:_KEY_COLUMNS]
    sample = next(_batches(path, columns, fit), None) if fit else None
    if sample is not None:
        yield from _compound_keys(path, columns, facts, sample.head(_KEY_SAMPLE), fit=fit, rows=rows)


def _compound_keys(
    path: Path, columns: Sequence[Surveyed], facts: Sequence[Facts], sample: pl.DataFrame, *, fit: list[int], rows: int
) -> Iterator[tuple[tuple[int, ...], bool]]:
    share = {at: _share_alike(sample[f"c{at}"]) for at in fit}
    chances: list[set[int]] = []
    tried = 0
    for width in range(2, _KEY_WIDTH + 1):
        found = 0
        for places in combinations(fit, width):
            if tried == _KEYS_TRIED or found == _KEYS_KEPT:
                break
            if any(fewer < set(places) for fewer in chances) or not _could_be(sample, places, facts, rows):
                continue
            tried += 1
            if not _never_repeats(path, columns, places, rows):
                continue
            proven = _is_proof(_pairs(rows) * math.prod(share[at] for at in places))
            yield places, proven
            if proven:
                found += 1
            else:
                chances.append(set(places))
        if found or tried == _KEYS_TRIED:
            return


def _is_proof(alike: float) -> bool:
    """Whether rows that never repeat say so: by the pairs that chance alone would have made alike."""
    return not _ALIKE_IN_NEXT < alike < _ALIKE_IN_THIS


def _pairs(rows: int) -> float:
    return rows * (rows - 1) / 2


def _share_alike(values: pl.Series) -> float:
    """Of all pairs of rows, those that are alike."""
    counts = values.value_counts(name="n")["n"].cast(float)
    return float((counts * (counts - 1)).sum()) / 2 / max(_pairs(len(values)), 1.0)


def _alike_of_one(kind: ColumnType, fact: Facts) -> float:
    """Pairs alike, were the values drawn from all that lie between them or have their forms; in order, none is."""
    if fact.rising:
        return 0.0
    if kind is ColumnType.TEXT:
        room = sum(math.prod(_SIGNS_OF.get(sign, 1) for sign in mask) for mask in fact.masks or ())
        return _pairs(fact.present) / room if room else 0.0
    span = fact.high - fact.low
    if isinstance(span, timedelta):
        span = span.total_seconds() if kind is ColumnType.TIMESTAMP else span.days
    return _pairs(fact.present) / (float(span) + 1)


def _is_prose(one: Surveyed, fact: Facts) -> bool:
    """Texts of many forms and lengths, or measurements: all may differ, and still be no key."""
    if one.column.type is not ColumnType.TEXT or not fact.present:
        return False
    if fact.measured:
        return True
    return bool(
        fact.high > _LENGTH_OF_KEY_TEXT or (fact.masks is None and fact.values is None and fact.low != fact.high)
    )


def _could_be(sample: pl.DataFrame, places: Sequence[int], facts: Sequence[Facts], rows: int) -> bool:
    import polars as pl

    most = 1
    for at in places:
        values = facts[at].values
        most *= rows if values is None else len(values)
    if most < rows:
        return False
    return bool(sample.select(pl.struct(f"c{at}" for at in places).is_unique().all()).item())


def _never_repeats(path: Path, columns: Sequence[Surveyed], places: Sequence[int], rows: int) -> bool:
    """By 64-bit hashes, a slice of them at a time. A clash, one in thousands for 50 million rows, hides a key."""
    import polars as pl

    slices = -(-rows // _HASHES_AT_ONCE)
    for number in range(slices):
        parts = []
        for frame in _batches(path, columns, places):
            hashes = frame.select(h=pl.struct(pl.col(f"c{at}") for at in places).hash())["h"]
            parts.append(hashes if slices == 1 else hashes.filter(hashes % slices == number))
        merged = pl.concat(parts).sort()
        if bool((merged[1:] == merged[:-1]).any()):
            return False
    return True
