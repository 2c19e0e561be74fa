"""differences.toml enters; leaves entries that say of a difference whether they explain it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
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

    def covers(self, asked: Any, adapter: str, differs: Mapping[str, Any], result_format: Any) -> bool:
        del result_format
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


def read_list() -> list[Listed]:
    entries = tomllib.loads(LIST.read_text(encoding="utf-8")).get("difference", [])
    keys = Listed.__dataclass_fields__
    return [
        Listed(
            **{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items() if key in keys}
        )
        for entry in entries
    ]
