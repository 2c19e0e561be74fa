"""A language in; its words, and its way of writing numbers, shares, lists and moments, out."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from loadgate.model.moments import written_in

Language = Literal["en", "da"]
LANGUAGES: tuple[Language, ...] = ("en", "da")
MINUS = "−"
_FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of one language by table and key."""

    language: Language
    tables: dict[str, dict[str, str]]

    def __call__(self, table: str, key: str, /, **values: object) -> str:
        """The words, with their placeholders filled. Raises KeyError for a key that the language lacks."""
        text = self.tables[table][key]
        return text.format(**values) if values else text

    def known(self, table: str, key: str) -> str:
        """The words for a key that content or another room chose; the key itself where there are none."""
        return self.tables[table].get(key, key)

    def count(self, noun: str, number: int) -> str:
        """`1 case`, `40 cases`."""
        return f"{self.number(number)} {self.noun(noun, number)}"

    def noun(self, noun: str, number: int) -> str:
        return self.tables["one" if number == 1 else "many"][noun]

    def spelled(self, noun: str, number: int) -> str:
        """`one case`, `no case`; figures from four on."""
        small = ("none", "one", "two", "three")
        if number >= len(small):
            return self.count(noun, number)
        return f"{self.tables['small'][small[number]]} {self.noun(noun, max(number, 1))}"

    def number(self, value: float | Decimal, decimals: int = 0, *, signed: bool = False) -> str:
        """`1,096` or `1.096`; a true minus sign; never `-0`."""
        if not math.isfinite(value):
            return "–"
        text = f"{abs(value):,.{decimals}f}"
        whole, _, fraction = text.partition(".")
        whole = whole.replace(",", self.tables["number"]["thousands"])
        text = f"{whole}{self.tables['number']['decimal']}{fraction}" if fraction else whole
        if not any(digit in "123456789" for digit in text):
            return text
        return f"{MINUS}{text}" if value < 0 else f"+{text}" if signed else text

    def percent(self, fraction: float, *, signed: bool = False, decimals: int | None = None) -> str:
        """A fraction as `+2.3 %`; one decimal, more where one would show nothing."""
        places = share_decimals(fraction) if decimals is None else decimals
        return f"{self.number(fraction * 100, places, signed=signed)} %"

    def span(self, low: float | None, high: float | None) -> str | None:
        """`−1.0 % to +2.3 %`, one value if both read the same, None where nothing is known."""
        if low is None or high is None:
            known = low if low is not None else high
            return None if known is None else self.percent(known, signed=True)
        first, last = self.percent(low, signed=True), self.percent(high, signed=True)
        return first if first == last else f"{first} {self('number', 'to')} {last}"

    def share_of(self, part: int, whole: int, noun: str) -> str:
        """`12 of 13,850 rows (0.1 %)`; without the share where the whole is unknown or the same."""
        if whole <= 0 or part >= whole:
            return self.count(noun, part)
        counted = self("number", "of", part=self.number(part), whole=self.count(noun, whole))
        return f"{counted} ({self.percent(part / whole)})" if part else counted

    def join(self, items: Sequence[str], *, most: int | None = None) -> str:
        """`a, b and c`; beyond `most`, `a, b and 10 more`."""
        shown = list(items)
        if most is not None and len(shown) > most:
            left = len(shown) - most + 1
            shown = [*shown[: most - 1], self("number", "more", count=self.number(left))]
        if len(shown) < 2:
            return "".join(shown)
        return f"{', '.join(shown[:-1])} {self('number', 'and')} {shown[-1]}"


def share_decimals(fraction: float) -> int:
    size = abs(fraction)
    return 1 if size == 0 or size >= 0.001 else 2 if size >= 0.0001 else 3


def moment(text: str, timezone: str) -> str:
    """ISO text as `2025-08-28 09:12` in the site's zone; text that is no moment stays as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) <= len("2025-08-28"):
        return text
    return written_in(timezone, found)


def sentence_case(text: str) -> str:
    """First letter large."""
    return text[:1].upper() + text[1:]


def mid_sentence(title: str) -> str:
    """A title inside a sentence: `Cases` becomes `cases`, `BNP` stays."""
    first = title.split(" ", 1)[0]
    return title[:1].lower() + title[1:] if first[1:].islower() or len(first) == 1 else title


@cache
def words(language: Language) -> Words:
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        return Words(language, tomllib.load(file))
