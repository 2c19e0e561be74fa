"""Finding kinds: one dict with each kind's default severity, owner and sentence key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """GX's own words."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Owner(StrEnum):
    """Who must act first; the roles of contacts, too."""

    OPERATIONS = "operations"
    SUPPLIER = "supplier"
    PROVIDER = "provider"
    VENDOR = "vendor"
    STEWARD = "steward"
    APPROVER = "approver"  # of waivers and releases: no kind of finding is theirs


class Kind(StrEnum):
    MISSING = "arrival.missing"
    LATE = "arrival.late"
    UNEXPECTED = "arrival.unexpected"
    DUPLICATE = "arrival.duplicate"
    EMPTY = "arrival.empty"
    IMPOSTOR = "arrival.impostor"
    PROVIDER_ABSENT = "arrival.provider_absent"
    UNASSIGNED = "arrival.unassigned"
    UNREADABLE_FILE = "reading.unreadable_file"
    ENCODING = "reading.encoding"
    COLUMNS = "reading.columns"
    COLUMNS_ADDED = "reading.columns_added"
    REJECTED_ROWS = "reading.rejected_rows"
    UNREADABLE_VALUES = "reading.unreadable_values"
    TRAILER = "reading.trailer"
    CHECK_FAILED = "checking.failed"
    COULD_NOT_RUN = "checking.could_not_run"
    UNLISTED_CELL = "measuring.unlisted_cell"
    REPEATED_VALUE = "measuring.repeated_value"
    CONTROL_MINIMAL = "control.minimal"
    CONTROL_SUBSTANTIAL = "control.substantial"
    RESTATED = "prior.restated"
    CELLS_GONE = "prior.cells_gone"
    SHARED_RESTATEMENT = "systematic.restated_alone"
    SHARED_HISTORY = "systematic.restated_history"
    TREND_GONE = "trend.gone"
    TREND_FROZEN = "trend.frozen"
    TREND_FACTOR = "trend.factor"
    TREND_DOUBLED = "trend.doubled"
    TREND_PARTIAL = "trend.partial"
    TREND_OFFSET = "trend.offset"
    TREND_SHIFT = "trend.shift"
    KNOWN_ERROR_WORSE = "known_error.worse"
    KNOWN_ERROR_GONE = "known_error.gone"
    SHADOW_FAILED = "shadow.failed"
    SHADOW_COULD_NOT_RUN = "shadow.could_not_run"
    SHADOW_KNOWN_ERROR = "shadow.known_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFacts:
    """`load_fault`: a fault of the load or transfer, not of what was registered."""

    severity: Severity
    owner: Owner
    sentence: str  # key of the sentence in reporting, in two languages
    load_fault: bool = False


KINDS: dict[Kind, KindFacts] = {
    Kind.MISSING: KindFacts(severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="missing", load_fault=True),
    Kind.LATE: KindFacts(severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="late", load_fault=True),
    Kind.UNEXPECTED: KindFacts(
        severity=Severity.WARNING, owner=Owner.OPERATIONS, sentence="unexpected", load_fault=True
    ),
    Kind.DUPLICATE: KindFacts(severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="duplicate", load_fault=True),
    Kind.EMPTY: KindFacts(severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="empty", load_fault=True),
    Kind.IMPOSTOR: KindFacts(severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="impostor", load_fault=True),
    Kind.PROVIDER_ABSENT: KindFacts(
        severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="provider_absent", load_fault=True
    ),
    Kind.UNASSIGNED: KindFacts(severity=Severity.WARNING, owner=Owner.OPERATIONS, sentence="unassigned"),
    Kind.UNREADABLE_FILE: KindFacts(
        severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="unreadable_file", load_fault=True
    ),
    Kind.ENCODING: KindFacts(severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="encoding", load_fault=True),
    Kind.COLUMNS: KindFacts(severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="columns", load_fault=True),
    Kind.COLUMNS_ADDED: KindFacts(
        severity=Severity.WARNING, owner=Owner.OPERATIONS, sentence="columns_added", load_fault=True
    ),
    Kind.REJECTED_ROWS: KindFacts(
        severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="rejected_rows", load_fault=True
    ),
    Kind.UNREADABLE_VALUES: KindFacts(severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="unreadable_values"),
    Kind.TRAILER: KindFacts(severity=Severity.CRITICAL, owner=Owner.SUPPLIER, sentence="trailer", load_fault=True),
    Kind.CHECK_FAILED: KindFacts(severity=Severity.WARNING, owner=Owner.PROVIDER, sentence="check_failed"),
    Kind.COULD_NOT_RUN: KindFacts(severity=Severity.CRITICAL, owner=Owner.OPERATIONS, sentence="could_not_run"),
    Kind.UNLISTED_CELL: KindFacts(severity=Severity.WARNING, owner=Owner.PROVIDER, sentence="unlisted_cell"),
    Kind.REPEATED_VALUE: KindFacts(severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="repeated_value"),
    Kind.CONTROL_MINIMAL: KindFacts(severity=Severity.INFO, owner=Owner.PROVIDER, sentence="control_minimal"),
    Kind.CONTROL_SUBSTANTIAL: KindFacts(
        severity=Severity.WARNING, owner=Owner.PROVIDER, sentence="control_substantial"
    ),
    Kind.RESTATED: KindFacts(severity=Severity.INFO, owner=Owner.PROVIDER, sentence="restated"),
    Kind.CELLS_GONE: KindFacts(severity=Severity.INFO, owner=Owner.PROVIDER, sentence="cells_gone", load_fault=True),
    Kind.SHARED_RESTATEMENT: KindFacts(
        severity=Severity.CRITICAL, owner=Owner.OPERATIONS, sentence="restated_alone", load_fault=True
    ),
    Kind.SHARED_HISTORY: KindFacts(
        severity=Severity.WARNING, owner=Owner.OPERATIONS, sentence="restated_history", load_fault=True
    ),
    Kind.TREND_GONE: KindFacts(severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="trend_gone"),
    Kind.TREND_FROZEN: KindFacts(
        severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="trend_frozen", load_fault=True
    ),
    Kind.TREND_FACTOR: KindFacts(
        severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="trend_factor", load_fault=True
    ),
    Kind.TREND_DOUBLED: KindFacts(
        severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="trend_doubled", load_fault=True
    ),
    Kind.TREND_PARTIAL: KindFacts(
        severity=Severity.WARNING, owner=Owner.SUPPLIER, sentence="trend_partial", load_fault=True
    ),
    Kind.TREND_OFFSET: KindFacts(severity=Severity.WARNING, owner=Owner.PROVIDER, sentence="trend_offset"),
    Kind.TREND_SHIFT: KindFacts(severity=Severity.WARNING, owner=Owner.VENDOR, sentence="trend_shift"),
    Kind.KNOWN_ERROR_WORSE: KindFacts(severity=Severity.WARNING, owner=Owner.VENDOR, sentence="known_error_worse"),
    Kind.KNOWN_ERROR_GONE: KindFacts(severity=Severity.INFO, owner=Owner.STEWARD, sentence="known_error_gone"),
    Kind.SHADOW_FAILED: KindFacts(severity=Severity.INFO, owner=Owner.STEWARD, sentence="shadow_failed"),
    Kind.SHADOW_COULD_NOT_RUN: KindFacts(severity=Severity.INFO, owner=Owner.STEWARD, sentence="shadow_could_not_run"),
    Kind.SHADOW_KNOWN_ERROR: KindFacts(severity=Severity.INFO, owner=Owner.STEWARD, sentence="shadow_known_error"),
}
# where one of these is, rows were not looked at: what is not found there is not over
ROWS_UNSEEN = frozenset(
    {Kind.MISSING, Kind.EMPTY, Kind.UNREADABLE_FILE, Kind.ENCODING, Kind.COLUMNS, Kind.COULD_NOT_RUN}
)
IN_SHADOW = frozenset({Kind.SHADOW_FAILED, Kind.SHADOW_COULD_NOT_RUN, Kind.SHADOW_KNOWN_ERROR})  # shown, and no more
