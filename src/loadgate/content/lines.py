"""Where in a file each key stands: paths of keys in, line numbers and the text as it was written out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

from loadgate.errors import Fault

M = TypeVar("M")
KeyPath = tuple[str | int, ...]
WHOLE_FILE = "(file)"

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Lines:
    """Line (from 1) of each key and list entry; `written` holds plain scalars as they stand in the file."""

    keys: Mapping[KeyPath, int] = field(default_factory=dict)
    written: Mapping[KeyPath, str] = field(default_factory=dict)
    first: int = 1

    def at(self, path: KeyPath) -> int:
        """The line of this key, or of the nearest one that holds it."""
        while path and path not in self.keys:
            path = path[:-1]
        return self.keys.get(path, self.first)


@dataclass(frozen=True, slots=True)
class Document(Generic[M]):
    """A file, or a line of a CSV file, as a typed value that remembers where its keys stand."""

    file: str
    value: M
    lines: Lines = Lines()

    def fault(self, path: KeyPath, *, found: str, expected: str, fix: str) -> Fault:
        return Fault(
            file=self.file, line=self.lines.at(path), key=key_text(path), found=found, expected=expected, fix=fix
        )

    def unknown(
        self,
        path: KeyPath,
        *,
        what: str,
        name: str,
        known: Iterable[str],
        expected: str | None = None,
        fix: str | None = None,
    ) -> Fault:
        """A name that nothing has; the nearest known one is proposed."""
        names = sorted(set(known))
        near = nearest(name, names)
        return self.fault(
            path,
            found=quoted(name),
            expected=expected or f"a known {what}: {listed(names)}",
            fix=f"write {quoted(near)}" if near else fix or "name one that exists, or add it",
        )


def key_text(path: KeyPath) -> str:
    """`rules[2].due.day`; the whole file has a name of its own."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or WHOLE_FILE


def quoted(text: str) -> str:
    return f'"{text}"'


def listed(names: Iterable[str]) -> str:
    """`a, b, c`, at most a dozen of them; says how many more there are."""
    every = list(names)
    if not every:
        return "(there is none)"
    more = f" and {len(every) - _LISTED} more" if len(every) > _LISTED else ""
    return ", ".join(every[:_LISTED]) + more


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that a slip of the pen makes into this word, if there is one."""
    return _nearest(word, tuple(options))


@lru_cache(maxsize=256)  # one slip is often made in every line of a file, and each search takes milliseconds
def _nearest(word: str, options: tuple[str, ...]) -> str | None:
    found = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return found[0] if found else None
