"""What data stewards write of harmonisation: rules that mark rows or propose other values, and who applies them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeVar

from pydantic import Field, model_validator

from loadgate.model.conditions import Condition, columns
from loadgate.model.written import Written

Ruled = TypeVar("Ruled", bound=Written)
MOST_YEARS: Final = 150  # longer than a life; dates beyond the calendar cannot be reckoned with


class RuleKind(StrEnum):
    REMOVE = "remove"  # the row is marked as removed, and stays
    APPROVE = "approve"  # the row is marked where it is not approved
    CHANGE = "change"  # another value is proposed beside the original


class Mark(StrEnum):
    """The outcome of a rule on a row, in the marks; a row without a mark has none of them."""

    REMOVED = "removed"
    NOT_APPROVED = "not approved"
    CHANGED = "changed"
    UNDECIDED = "undecided"


class AppliedMarks(Written):
    """Which marks count: by the ids of the dataset's rules. An undecided row carries no mark."""

    leave_out: tuple[str, ...] = ()  # rows that carry any of these marks do not count
    only: tuple[str, ...] = ()  # rows that carry at least one of these count, and no others
    use_alternatives: tuple[str, ...] = ()  # alternative values instead of the original; the first named one counts

    @property
    def rules(self) -> frozenset[str]:
        return frozenset((*self.leave_out, *self.only, *self.use_alternatives))

    @model_validator(mode="after")
    def _says_something(self) -> AppliedMarks:
        if not self.rules:
            raise ValueError("name at least one rule under leave_out, only or use_alternatives")
        return self


def _of_different_columns(rule: Ruled, keys: str, *columns: str) -> Ruled:
    """A column beside itself says nothing of a row."""
    if len(set(columns)) < len(columns):
        raise ValueError(f"name different columns under {keys}")
    return rule


class Earlier(Written):
    """`{column: ended, than: started}`: rows whose `column` lies before `than` plus so many years."""

    column: str
    than: str
    years: int = Field(default=0, ge=0, le=MOST_YEARS)

    @model_validator(mode="after")
    def _apart(self) -> Earlier:
        return _of_different_columns(self, "column and than", self.column, self.than)


class Fill(Written):
    """`{column: ended, source: died}`: the alternative of `column` is the value of `source`, where it has one."""

    column: str
    source: str

    @model_validator(mode="after")
    def _apart(self) -> Fill:
        return _of_different_columns(self, "column and source", self.column, self.source)


class Follow(Written):
    """`{start: started, end: ended, group: [person]}`: rows of a group overlap, and each begins where another ends.

    In a group, rows stand in order of `end`; of equal ends the later `start` comes first, and a missing end last.
    A row that begins before the end of the row in front of it gets that end as its alternative start.
    """

    start: str
    end: str
    group: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _apart(self) -> Follow:
        return _of_different_columns(self, "start, end and each of group", self.start, self.end, *self.group)


class HarmonisationRule(Written):
    """One rule of a dataset. Rows are marked by it, or another value is kept beside them; they are never changed.

    remove: a `check` of the suite, whose failing rows it marks; or `earlier`, with `where` for the rows it looks at;
    or `where` alone. approve: `where` says which rows are approved. change: `fill` or `follow`, with `where` for the
    rows it looks at. `apply`: marks and alternatives of earlier rules that hold while this one looks.
    """

    id: str
    kind: RuleKind
    code: str = ""  # the reason's code, as whoever made the rule writes it
    where: Condition | None = None
    check: str | None = None
    earlier: Earlier | None = None
    fill: Fill | None = None
    follow: Follow | None = None
    apply: AppliedMarks | None = None
    reason: str

    @model_validator(mode="after")
    def _one_of(self) -> HarmonisationRule:
        given = {name for name in ("check", "earlier", "fill", "follow") if getattr(self, name) is not None}
        match self.kind:
            case RuleKind.REMOVE:
                if len(given) > 1 or given - {"check", "earlier"} or (not given and self.where is None):
                    raise ValueError("name one of check, earlier; or only a where, for the rows that are removed")
                if self.check is not None and (self.where is not None or self.apply is not None):
                    raise ValueError("name a check without where and apply: it has its own")
            case RuleKind.APPROVE:
                if given or self.where is None:
                    raise ValueError("name a where, for the rows that are approved, and nothing else")
            case RuleKind.CHANGE:
                if len(given) != 1 or given - {"fill", "follow"}:
                    raise ValueError("name exactly one of fill, follow")
        return self

    @property
    def changes(self) -> str | None:
        """The column of which it gives alternatives."""
        if self.fill is not None:
            return self.fill.column
        return self.follow.start if self.follow is not None else None

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it reads itself; a check's are its own."""
        named: set[str] = set() if self.where is None else set(columns(self.where))
        if self.earlier is not None:
            named |= {self.earlier.column, self.earlier.than}
        if self.fill is not None:
            named |= {self.fill.column, self.fill.source}
        if self.follow is not None:
            named |= {self.follow.start, self.follow.end, *self.follow.group}
        return frozenset(named)
