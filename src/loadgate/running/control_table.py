"""A site in; out, the control comparisons that its programme prints, ready as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loadgate.model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One table: title by language, header and rows as printed, its notes, and the same as plain values."""

    source: str
    title: dict[str, str]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    plain: dict[str, Any]
