"""File patterns of profiles in, names matched out: safe regular expressions and an index that avoids trying them all.

In a pattern `{date}` is a day (2026-10-07 or 20261007), `{part}` an optional suffix (`_2`, `-b`, `.3`, `_part2`) and
`*` anything but a slash. Names are compared case by case, over the whole path below the inbox.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_NAME = 1_024
_DATE = r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})"
_DATE_AGAIN = r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})"
_PART = r"(?P<part>[._-](?:[0-9]{1,4}|[A-Za-z]|part[0-9]{1,4}))?"
_PART_AGAIN = r"(?:[._-](?:[0-9]{1,4}|[A-Za-z]|part[0-9]{1,4}))?"
_OPEN = re.compile(r"(\{date\}|\{part\}|\*+)")


@dataclass(frozen=True, slots=True)
class Matched:
    """What a name says beyond its pattern; `date` as YYYYMMDD, so that both forms sort together."""

    date: str | None
    part: str | None


def fill(pattern: str, names: Mapping[str, str | None]) -> str:
    """Fill in what is known of an expected delivery; {date}, {part} and * stay. A name without value stays too."""
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1]) or found[0], pattern)


class Pattern:
    """A filled pattern, compiled."""

    def __init__(self, text: str) -> None:
        pieces = _OPEN.split(unicodedata.normalize("NFC", text))
        self.literal = sum(len(piece) for piece in pieces[::2])  # the more of it, the more specific
        self.prefix = pieces[0]
        self.exact = len(pieces) == 1
        self._form = re.compile(_compile(pieces))

    def match(self, name: str) -> Matched | None:
        found = self._form.fullmatch(name) if len(name) <= MAX_NAME else None
        if found is None:
            return None
        groups = found.groupdict()
        date = groups.get("date")
        return Matched(date=None if date is None else date.replace("-", ""), part=groups.get("part"))


def _compile(pieces: list[str]) -> str:
    """Each `*` but the last takes the shortest that lets its literal follow, atomically: matching stays linear."""
    named: set[str] = set()
    out, at = [re.escape(pieces[0])], 1
    last_star = max((i for i in range(1, len(pieces), 2) if pieces[i].startswith("*")), default=-1)
    while at < len(pieces):
        token, literal = pieces[at], re.escape(pieces[at + 1])
        if token.startswith("*"):
            follows_plain = literal and at != last_star
            out.append(f"(?>[^/]*?{literal})" if follows_plain else f"[^/]*{literal}")
        else:
            known = token in named
            form = {"{date}": (_DATE, _DATE_AGAIN), "{part}": (_PART, _PART_AGAIN)}[token][known]
            named.add(token)
            out.append(form + literal)
        at += 2
    return "".join(out)


class PatternIndex:
    """Which of many patterns a name fits best. Patterns are looked up by their literal beginning, not tried in turn."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        """In: (pattern, key) pairs. Where two fit a name, the one with more literal characters wins, then by key."""
        self._exact: dict[str, str] = {}
        self._open: defaultdict[str, list[tuple[Pattern, str]]] = defaultdict(list)
        for text, key in sorted(patterns, key=lambda pair: pair[1]):
            pattern = Pattern(text)
            if pattern.exact:
                self._exact.setdefault(pattern.prefix, key)
            else:
                self._open[pattern.prefix].append((pattern, key))
        for candidates in self._open.values():
            candidates.sort(key=lambda pair: -pair[0].literal)
        self._lengths = sorted({len(prefix) for prefix in self._open}, reverse=True)

    def find(self, name: str) -> tuple[str, Matched] | None:
        """The key of the best pattern, and what the name says beyond it."""
        name = unicodedata.normalize("NFC", name)
        if name in self._exact:
            return self._exact[name], Matched(None, None)
        best: tuple[int, str, Matched] | None = None
        for length in self._lengths:
            for pattern, key in self._open.get(name[:length], ()) if length <= len(name) else ():
                if best is not None and pattern.literal <= best[0]:
                    break
                if (matched := pattern.match(name)) is not None:
                    best = (pattern.literal, key, matched)
                    break
        return None if best is None else best[1:]
