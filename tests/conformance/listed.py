"""differences.toml enters; leaves entries that say of a difference whether they explain it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("differences.toml")


@dataclass(frozen=True)
class Listed:
    """One reasoned difference. `facts`: all must hold; `any_fact`: one must; `parts`: no other part may differ.

    `raised` says who alone could not answer: "GX" or "ours".
    """

    name: str
    expectations: tuple[str, ...]
    reason: str
    right: str
    gx: str
    facts: tuple[str, ...] = ()
    any_fact: tuple[str, ...] = ()
    parts: tuple[str, ...] = ("*",)
    adapter: str = "*"
    raised: str = ""

    def covers(self, asked: Any, adapter: str, differs: Mapping[str, Any]) -> bool:
        return (
            any(fnmatchcase(asked.expectation, pattern) for pattern in self.expectations)
            and fnmatchcase(adapter, self.adapter)
            and (not self.raised or differs.get("raised") == ((True, False) if self.raised == "GX" else (False, True)))
            and all(_holds(fact, asked.facts) for fact in self.facts)
            and (not self.any_fact or any(_holds(fact, asked.facts) for fact in self.any_fact))
            and all(any(fnmatchcase(part, allowed) for allowed in self.parts) for part in differs)
        )


def _holds(pattern: str, facts: frozenset[str]) -> bool:
    return any(fnmatchcase(fact, pattern) for fact in facts)


def explain(asked: Any, adapter: str, differs: Mapping[str, Any], entries: Sequence[Listed]) -> Listed | None:
    """Find the entry that explains a difference; or, if several do together, each of its parts, the first of them."""
    for entry in entries:
        if entry.covers(asked, adapter, differs):
            return entry
    found = [
        next((entry for entry in entries if entry.covers(asked, adapter, {part: values})), None)
        for part, values in differs.items()
    ]
    return None if None in found or not found else found[0]


def read_list() -> list[Listed]:
    entries = tomllib.loads(LIST.read_text(encoding="utf-8")).get("difference", [])
    keys = Listed.__dataclass_fields__
    return [
        Listed(
            **{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items() if key in keys}
        )
        for entry in entries
    ]


def read_cases() -> list[dict[str, Any]]:
    """Read the entries about GX's own cases: patterns of their names, and of the adapter."""
    found: list[dict[str, Any]] = tomllib.loads(LIST.read_text(encoding="utf-8")).get("table", [])
    return found


def is_listed(name: str, adapter: str, entries: list[dict[str, Any]]) -> bool:
    return any(
        fnmatchcase(adapter, entry.get("adapter", "*")) and any(fnmatchcase(name, case) for case in entry["cases"])
        for entry in entries
    )
