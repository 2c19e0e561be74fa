"""What data stewards write in expectations/: datasets with suites, key figures, known errors, gate; and tolerances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from loadgate.model.conditions import Condition
from loadgate.model.kinds import Kind, Severity
from loadgate.model.period import Cadence
from loadgate.model.rules import AppliedMarks, HarmonisationRule
from loadgate.model.written import Written

LATE_PARAMETERS = ("trailer_rows", "rejected_rows")  # known only when a delivery has been read to its end


class ColumnType(StrEnum):
    """Typed as Polars: String, Int64, Decimal(38, scale), Date, Datetime, Boolean; week…year become their first day."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    WEEK = "week"  # 2026-W41
    MONTH = "month"  # 2026-10
    QUARTER = "quarter"  # 2026-Q3
    YEAR = "year"  # 2026


class Column(Written):
    """A dataset's column. `personal` values leave the data area only as pseudonyms."""

    type: ColumnType = ColumnType.TEXT
    scale: int = Field(default=2, ge=0, le=6)  # of decimals
    optional: bool = False  # a file may lack the column: then checks that read it are not applicable
    personal: bool = False
    description: str = ""


def _parameters(arguments: object) -> Iterator[str]:
    if isinstance(arguments, Mapping):
        if "$PARAMETER" in arguments:
            yield str(arguments["$PARAMETER"])
            return
        arguments = list(arguments.values())
    if isinstance(arguments, list | tuple):
        for part in arguments:
            yield from _parameters(part)


class ExpectationLine(Written):
    """One expectation in GX vocabulary. `id` is needed only where two lines would share theirs."""

    type: str
    kwargs: dict[str, object] = Field(default_factory=dict)
    id: str | None = None
    severity: Severity = Severity.WARNING
    where: Condition | None = None  # rows that it looks at
    shadow_until: str | None = None  # tried up to and with this period: what it finds counts for nothing yet
    reason: str

    @property
    def key(self) -> str:
        """`not_be_null(week)`: what the expectation is, for check ids."""
        if self.id is not None:
            return self.id
        columns = [self.kwargs.get(name) for name in ("column", "column_A", "column_B", "column_list", "column_set")]
        named = [",".join(map(str, c)) if isinstance(c, list | tuple) else str(c) for c in columns if c is not None]
        short = self.type.removeprefix("expect_").removeprefix("column_values_to_").removeprefix("column_")
        return f"{short}({';'.join(named)})"

    @property
    def reference(self) -> str | None:
        """The other table that it looks at: `prior`, the last approved delivery, or a dataset of the same provider."""
        named = self.kwargs.get("reference")
        return named if isinstance(named, str) else None

    @property
    def late(self) -> tuple[str, ...]:
        """The parameters that it asks for by {$PARAMETER: name}, however deep, and that reading tells at the end."""
        asked = set(_parameters(self.kwargs))
        return tuple(name for name in LATE_PARAMETERS if name in asked)

    @property
    def waits(self) -> bool:
        """Whether it can be asked only when all deliveries are read."""
        return self.reference is not None or bool(self.late)


class Dataset(Written):
    """`expectations/suites/<area>/<dataset>.yaml`: columns and what must hold of the rows."""

    dataset: str
    area: str
    title: str
    provider_column: str | None = None  # whose row it is, where one delivery holds several providers
    shadow_until: str | None = None  # the same for all of its expectations
    key: tuple[str, ...] = ()
    columns: dict[str, Column]
    expectations: tuple[ExpectationLine, ...] = ()
    rules: tuple[HarmonisationRule, ...] = ()  # marks and alternative values, in this order

    def check_id(self, line: ExpectationLine) -> str:
        return f"{self.dataset}:{line.key}"

    @property
    def alone(self) -> Dataset:
        """Without the expectations that wait: what the delivery's own rows can be asked while they pass by."""
        return _parted(self)[0]

    @property
    def crossing(self) -> Dataset:
        """With only those expectations that `alone` lacks."""
        return _parted(self)[1]

    def rule_id(self, rule: HarmonisationRule) -> str:
        """As the marks name it: like a check."""
        return f"{self.dataset}:{rule.id}"


_MOST_PARTED = 512
_kept: dict[int, tuple[Dataset, Dataset, Dataset]] = {}


def _parted(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Expectations asked at once, and those that wait; the same two objects each time, since keys go by identity."""
    found = _kept.get(id(dataset))
    if found is None:
        if len(_kept) >= _MOST_PARTED:
            _kept.clear()
        lines = dataset.expectations
        waiting = tuple(line for line in lines if line.waits)
        own = tuple(line for line in lines if not line.waits)
        alone = dataset.model_copy(update={"expectations": own}) if waiting else dataset
        found = _kept[id(dataset)] = (dataset, alone, dataset.model_copy(update={"expectations": waiting}))
    return found[1], found[2]


class ExampleRows(Written):
    """Rows that differ from the sound one as told. A check that is named nowhere must pass them.

    `fail`: each of the rows fails it; `undecided`: some of the rows cannot be decided by it, and the others pass.
    A check that looks at another table is asked where the example gives that table. `without`: optional columns that
    the file lacks; a check that reads one decides nothing, and stands under `undecided`.
    """

    title: str
    rows: tuple[dict[str, object], ...] = Field(min_length=1)
    without: tuple[str, ...] = ()
    prior: tuple[dict[str, object], ...] | None = None  # the last approved delivery, written as `rows` are
    tables: dict[str, tuple[dict[str, object], ...]] = Field(default_factory=dict)  # by dataset; what is left out: null
    passes: tuple[str, ...] = Field(default=(), alias="pass")
    fail: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


class Examples(Written):
    """`expectations/examples/<area>/<dataset>.yaml`: a suite's own tests. Values are written as a file would."""

    dataset: str
    period: str
    providers: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()  # checks that need a whole delivery, such as a number of rows: no example asks
    sound: dict[str, object]  # one row that passes every check
    examples: tuple[ExampleRows, ...]


class FigureKind(StrEnum):
    COUNT = "count"
    PERSONS = "persons"
    AMOUNT = "amount"
    RATE = "rate"
    RATIO = "ratio"
    PUBLISHED = "published"  # the provider gives the value itself


class Measure(Written):
    """One of: `sum` of a column, `count: rows`, `distinct` values of a column, `figure` (another's numerator)."""

    sum: str | None = None
    count: Literal["rows"] | None = None
    distinct: str | None = None
    figure: str | None = None
    where: Condition | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Measure:
        given = [name for name in ("sum", "count", "distinct", "figure") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("name exactly one of sum, count, distinct, figure")
        return self


class Band(Written):
    """Whole days, both limits inside."""

    at_least: int | None = None
    at_most: int | None = None


class Cells(Written):
    """The breakdown: a column and its closed list of values. `total` is the cell that holds all others, if any.

    With `bands`, a date's days since another date instead: the values are the bands' names, and what lies in no band
    is in no cell.
    """

    column: str
    values: tuple[str, ...] = Field(min_length=1)
    total: str | None = None
    since: str | None = None
    bands: dict[str, Band] | None = None

    @model_validator(mode="after")
    def _bands_are_apart(self) -> Cells:
        if (self.bands is None) != (self.since is None):
            raise ValueError("name since and bands together")
        if self.bands is None:
            return self
        if tuple(self.bands) != self.values:
            raise ValueError("name the same bands under values and bands, in the same order")
        limits = sorted((_low(band.at_least), _high(band.at_most)) for band in self.bands.values())
        if any(low > high for low, high in limits) or any(a[1] >= b[0] for a, b in pairwise(limits)):
            raise ValueError("name bands that do not overlap, at_least no more than at_most")
        return self


def _low(limit: int | None) -> float:
    return float("-inf") if limit is None else limit


def _high(limit: int | None) -> float:
    return float("inf") if limit is None else limit


class KeyFigure(Written):
    """A key figure. `published` names the column that holds the value as the provider gives it, else it is computed."""

    id: str
    title: dict[Literal["en", "da"], str]
    kind: FigureKind
    family: str
    dataset: str
    cadence: Cadence
    reference: str  # the column that says which period a row is about
    cells: Cells | None = None
    numerator: Measure | None = None
    denominator: Measure | None = None
    published: str | None = None
    scale: int = 1  # value = scale * numerator / denominator
    decimals: int | None = None  # to how many decimals the published value is rounded
    where: Condition | None = None
    apply: AppliedMarks | None = None  # None: all rows count as they came, marked or not
    unit: str
    description: str = ""

    @model_validator(mode="after")
    def _has_a_value(self) -> KeyFigure:
        if self.published is None and self.numerator is None:
            raise ValueError("give a numerator, or the column that holds the published value")
        if (self.kind is FigureKind.PUBLISHED) != (self.published is not None):
            raise ValueError("kind published and the key published go together")
        return self


class KeyFigures(Written):
    """`expectations/key_figures/<area>.yaml`."""

    area: str
    figures: tuple[KeyFigure, ...]


class Ceiling(Written):
    """How much of a known error is still the known error: rows, share of rows, or relative effect (fractions)."""

    rows: int | None = Field(default=None, ge=0)
    share: float | None = Field(default=None, ge=0, le=1)
    effect: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_of(self) -> Ceiling:
        if sum(value is not None for value in (self.rows, self.share, self.effect)) != 1:
            raise ValueError("name exactly one of rows, share, effect")
        return self


class KnownError(Written):
    """An error registered for a vendor, system, supplier or provider: whom findings are put down to."""

    id: str
    title: str
    check: str | None = None  # a check id
    kind: Kind | None = None  # or a finding kind
    scope: str
    ceiling: Ceiling
    treatment: Literal["caveat", "ignore"] = "caveat"
    shadow_until: str | None = None  # tried up to and with this period: nothing is put down to it yet
    reason: str
    owner: str
    reported: date
    review: date
    source: str | None = None  # where it was reported

    @model_validator(mode="after")
    def _check_or_kind(self) -> KnownError:
        if (self.check is None) == (self.kind is None):
            raise ValueError("name either a check or a finding kind")
        return self


class KnownErrors(Written):
    """`expectations/known_errors/<vendor, system, supplier or provider>.yaml`."""

    errors: tuple[KnownError, ...]


class Effect(StrEnum):
    BLOCK_RUN = "block_run"  # the run is held
    BLOCK_PART = "block_part"  # its parts are withheld, the others go out
    CAVEAT = "caveat"
    SHOW = "show"


class GateRule(Written):
    """The first rule that fits a finding decides. `shared`: only where the scope spans at least that many providers."""

    kinds: tuple[Kind, ...] = ()  # empty: every kind
    severity: tuple[Severity, ...] = ()  # empty: every severity
    scope: str = "*"
    shared: int | None = None
    then: Effect
    reason: str


class Gate(Written):
    """`expectations/gate.yaml`."""

    rules: tuple[GateRule, ...]


class CodeList(Written):
    """`expectations/code_lists/<name>.yaml`: codes with validity; referred to as `code_list: name` in kwargs."""

    name: str
    codes: dict[str, Code]


class Code(Written):
    title: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


CodeList.model_rebuild()


class Limit(Written):
    """Agreement needs either difference to be within: absolute and relative tolerance together."""

    absolute: float = Field(ge=0)
    relative: float = Field(ge=0)  # a fraction of the control value


class Tolerance(Written):
    """Up to `minimal` a figure is fit for benchmarking; above `substantial` the provider is brought in."""

    source: str | None = None
    figure: str | None = None
    scope: str = "*"
    minimal: Limit
    substantial: Limit
    reason: str


class Tolerances(Written):
    """`baselines/tolerances.yaml`; the first that fits counts."""

    tolerances: tuple[Tolerance, ...]


class PlannedChange(Written):
    """A change known beforehand, with the shape that it must have (tested, not excused wholesale)."""

    id: str
    title: str
    kind: Kind
    scope: str
    valid_from: str  # run period
    valid_to: str
    effect_min: float | None = None
    effect_max: float | None = None
    reason: str


class PlannedChanges(Written):
    """`baselines/planned_changes.yaml`."""

    changes: tuple[PlannedChange, ...] = ()


class Bridge(Written):
    """`baselines/bridges/<name>.yaml`: how a control source's codes and periods map to figures and cells."""

    name: str
    source: str
    figure: str
    cells: dict[str, str]  # control code -> cell


class ControlTable(Written):
    """A comparison that the programme prints: `baselines/control_tables.yaml` entry."""

    source: str
    title: dict[Literal["en", "da"], str]
    control_label: str = "control"  # what the programme calls the outside value
    value_label: str = "value"  # and its own
    decimals: int = 1


class ControlTables(Written):
    tables: tuple[ControlTable, ...] = ()
