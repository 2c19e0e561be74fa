"""What operations write in vendor_profiles/: calendar, providers, assignments, supplier profiles, routes."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum
from typing import Literal

from pydantic import Field

from loadgate.model.scope import Scope
from loadgate.model.written import Written

_OF_SENDERS = ("supplier", "vendor", "system", "provider")


class Compression(StrEnum):
    NONE = "none"
    GZIP = "gzip"
    ZIP = "zip"


class FormatKind(StrEnum):
    CSV = "csv"
    FIXED = "fixed"
    PARQUET = "parquet"
    XLSX = "xlsx"


class Place(Written):
    """Where a trailer's number stands: the `field` of a csv, counted from 1, or the characters of a fixed record."""

    field: int | None = Field(default=None, ge=1)
    start: int | None = Field(default=None, ge=1)  # counted from 1
    length: int | None = Field(default=None, ge=1)


class Trailer(Written):
    """The last record of every file, with the file's own count of rows and control sums.

    `prefix` is how it begins; in a csv it is the whole first field. `sums` are by the dataset's column.
    """

    prefix: str = Field(min_length=1)
    rows: Place | None = None
    sums: dict[str, Place] = Field(default_factory=dict)


class FileFormat(Written):
    """How a supplier writes a dataset's files. `encoding` takes Python's names; a BOM is taken off.

    `compression` is what the profile expects; `zip` holds one member per part unless `member` names one.
    A fixed record's positions stand in `columns`, in characters, not bytes; its blanks at either end are no value.
    Number and date cells of a workbook count by their value; its text cells are read by the forms below.
    """

    kind: FormatKind = FormatKind.CSV
    compression: Compression = Compression.NONE
    member: str | None = None  # pattern of the member in a zip: `*` allowed; None: every member
    encoding: Literal["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16"] = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str | None = Field(default='"', min_length=1, max_length=1)
    header: bool = True
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None
    trailing_minus: bool = False
    null_values: tuple[str, ...] = ("",)
    date_form: str = "%Y-%m-%d"
    timestamp_form: str = "%Y-%m-%d %H:%M:%S"
    true_values: tuple[str, ...] = ("1", "true")
    false_values: tuple[str, ...] = ("0", "false")
    head_prefix: str | None = Field(default=None, min_length=1)  # csv, fixed: a record before all others that begins so
    row_prefix: str | None = Field(default=None, min_length=1)  # fixed: how a row begins
    trailer: Trailer | None = None  # csv, fixed
    final_line_end: bool = False  # csv, fixed: the last record ends its line too; one that does not was cut off
    width: int | None = Field(default=None, ge=1)  # fixed: characters of a row; None: up to its last column's end
    trimmed: bool = False  # fixed: blanks at the end of a row may have been taken off
    sheet: str | None = Field(default=None, min_length=1)  # xlsx: None: the first
    header_row: int = Field(default=1, ge=1)  # xlsx: the row with the names; without header, the first row that counts


class SourceColumn(Written):
    """A column of the file (`source`) and the dataset's column that it fills (`column`).

    `start` (counted from 1) and `length` are its characters in a fixed record. In a workbook, a number in a text
    column gets its leading zeros back, up to `length` characters.
    """

    source: str
    column: str
    start: int | None = Field(default=None, ge=1)
    length: int | None = Field(default=None, ge=1)


class DeliverySpec(Written):
    """One stream of deliveries that a supplier sends: from which system, for which dataset, in what files.

    `files` is a pattern below the inbox with {period}, {provider}, {batch}, {date}, {part}, {system}, {dataset}
    and `*`. {part} is an optional suffix such as `_2` or `-b`: a delivery may come in several files.
    """

    system: str
    dataset: str
    per: Literal["provider", "batch", "all"] = "provider"
    batches: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    files: str
    format: FileFormat = FileFormat()
    columns: tuple[SourceColumn, ...] = ()  # empty: the file's columns are named as the dataset's
    ignore_columns: tuple[str, ...] = ()  # in the file, wanted by nobody
    marks_per_check: int | None = Field(default=None, ge=1)  # of a delivery's rows; None: each row that fails
    reason: str | None = None


class SystemFacts(Written):
    """A source system: the area that it serves and who makes it."""

    id: str
    name: str
    area: str
    vendor: str


class SupplierProfile(Written):
    """`vendor_profiles/<supplier>.yaml`."""

    supplier: str
    name: str
    deliveries: tuple[DeliverySpec, ...]


class Moment(Written):
    """A moment of a period's calendar: `month` months after its first day's month, that day at that time (local)."""

    month: int = 0
    day: int = Field(ge=1, le=31)  # the month's last day if it is shorter
    at: time = time(12, 0)


class CalendarRule(Written):
    """When deliveries are due and when waiting ends. The first rule that fits counts."""

    area: str | None = None
    system: str | None = None
    dataset: str | None = None
    due: Moment
    closes: Moment
    reason: str


class Calendar(Written):
    """`vendor_profiles/calendar.yaml`, with the systems that the programme loads from."""

    rules: tuple[CalendarRule, ...] = Field(min_length=1)


class Provider(Written):
    """A line of providers.csv."""

    id: str
    name: str
    region: str = ""


class Peer(Written):
    """A line of peers.csv: a provider's place in a comparison group."""

    group: str
    provider: str


class Assignment(Written):
    """A line of assignments.csv: which system serves a provider's area, who sends it, from when to when.

    `valid_to` is the last day, empty while it holds. A delivery is expected for a period whose first day lies within.
    """

    area: str
    provider: str
    system: str
    system_version: str = ""
    supplier: str
    valid_from: date
    valid_to: date | None = None


class Contact(Written):
    """Who acts in a role (`model.kinds.Owner`) for what lies in `scope`. `name` is a function, or a person's."""

    role: str
    name: str
    scope: str = "*"


class AlertRoute(Written):
    """Who is told what. `url_env` names the environment variable that holds the Apprise URL.

    `readers`: the site's own `desk`, or `senders` of data, who have no loadgate at hand and are told no contact; left
    out, they are senders where the scope names some.
    """

    name: str
    scope: str = "*"
    kinds: tuple[str, ...] = ()  # empty: every kind
    severity: Literal["info", "warning", "critical"] = "warning"
    url_env: str = "LOADGATE_ALERT_URL"
    language: Literal["en", "da"] = "en"
    readers: Literal["desk", "senders"] | None = None

    @property
    def is_desks(self) -> bool:
        if self.readers is not None:
            return self.readers == "desk"
        return Scope.parse(self.scope).values.keys().isdisjoint(_OF_SENDERS)
