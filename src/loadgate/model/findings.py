"""Checks, outcomes, evidence, findings and cases: what was planned, what came out, what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from loadgate.model.identity import finding_id
from loadgate.model.kinds import Kind, Severity
from loadgate.model.scope import Scope


class OutcomeState(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    COULD_NOT_RUN = "could not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One planned check. `run_wide`: if it could not run, the whole run is held, else its part."""

    id: str
    scope: Scope
    severity: Severity
    run_wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one check gave. Rows are None where the check does not look at rows."""

    check: str
    scope: Scope
    state: OutcomeState
    severity: Severity
    rows_checked: int | None = None
    rows_failed: int | None = None
    rows_undecided: int | None = None
    rows_unmarked: int | None = None  # beyond the marks that the profile lets keep
    observed: float | None = None
    reason: str | None = None
    shadow: bool = False  # set by judging: it was only tried, and counts for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsEvidence:
    """Rows of one delivery; `lines` are up to ten line numbers, `column` where one is meant.

    `rows_unmarked` have no row mark, since the profile keeps no more of them.
    """

    rows_checked: int
    rows_failed: int
    rows_undecided: int = 0
    rows_unmarked: int = 0
    column: str | None = None
    lines: tuple[int, ...] = ()
    form: Literal["rows"] = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsEvidence:
    """Cells of figures against another value. Differences relative are fractions."""

    cells: int
    eligible: int
    first: str | None = None  # reference periods
    last: str | None = None
    periods: int = 0
    difference_min: float | None = None
    difference_median: float | None = None
    difference_max: float | None = None
    source: str | None = None
    form: Literal["cells"] = "cells"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEffect:
    """One member of a group (a provider, or provider and cell): how many cells moved, and by how much."""

    provider: str
    cell: str | None
    cells: int
    eligible: int
    effect_min: float | None
    effect_median: float | None
    effect_max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEvidence:
    """A pattern that many cells share. `cells` of `eligible` moved; what did not move stands in `unmoved`.

    Effects are fractions (0.02 is 2 %). `detection_limit`: share of eligible cells that would have been seen.
    """

    cells: int
    eligible: int
    first: str
    last: str
    periods: int
    direction: str  # up, down, mixed
    effect_min: float | None
    effect_median: float | None
    effect_max: float | None
    evidence: float  # log-likelihood ratio after the penalty for the groups tried
    detection_limit: float
    unmoved: tuple[str, ...]
    unmoved_cells: int
    unmoved_restated: int
    members: tuple[MemberEffect, ...] = ()
    form: Literal["group"] = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalEvidence:
    """How a delivery came, or did not; times as ISO text, sizes in bytes."""

    due: str | None = None
    closes: str | None = None
    received: str | None = None
    size_bytes: int | None = None
    files: int = 0
    like: str | None = None  # id of the delivery that it repeats
    form: Literal["arrival"] = "arrival"


Evidence = Annotated[RowsEvidence | CellsEvidence | GroupEvidence | ArrivalEvidence, Field(discriminator="form")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found. Its sentence is made in reporting; no prose is stored."""

    kind: Kind
    severity: Severity
    scope: Scope
    evidence: Evidence
    check: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)  # closed words and ids only, never values

    @property
    def id(self) -> str:
        return finding_id(self.kind, self.check, str(self.scope))

    @property
    def rows_failed(self) -> int | None:
        return self.evidence.rows_failed if isinstance(self.evidence, RowsEvidence) else None


class CauseKind(StrEnum):
    RUN = "run"
    VENDOR = "vendor"
    SYSTEM = "system"
    SYSTEM_VERSION = "system_version"
    DELIVERY = "delivery"
    AREA = "area"
    PROVIDER = "provider"
    FIGURE = "figure"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What the findings of a case share, and its members in name order."""

    kind: CauseKind
    members: tuple[str, ...]


class CaseState(StrEnum):
    NEW = "new"
    PERSISTING = "persisting"
    WORSE = "worse"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Findings with one cause. `number` is given when the judgement is stored; None before."""

    number: int | None
    cause: Cause
    scope: Scope
    severity: Severity
    findings: tuple[str, ...]
    state: CaseState
    first_seen: str  # run id
    size: float  # what a waiver's ceiling is held against: largest |effect|, or share of rows
    kinds: tuple[str, ...] = ()  # finding kinds in it: what a waiver names, and what matching across runs goes by
    checks: tuple[str, ...] = ()  # check ids in it, where its findings come from checks
    joined: tuple[str, ...] = ()  # findings where the case, open before, was not seen: it goes on, and holds more

    @property
    def known_number(self) -> int:
        """Its number. Raises ValueError while the judgement is not stored yet."""
        if self.number is None:
            raise ValueError("this case has no number yet")
        return self.number


class Verdict(StrEnum):
    RELEASE = "release"
    RELEASE_WITH_CAVEATS = "release_with_caveats"
    HOLD = "hold"
