"""A line of a suite in; out, what GX itself has against it, by argument: nothing, if GX builds the expectation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loadgate.model.expected import Code, CodeList, Dataset, ExpectationLine

_PERIOD = "2000-01"  # only the codes' validity depends on it, and not whether the expectation can be built
_LONGEST = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """`argument`: its path below kwargs, empty for all of them. The texts hold content only, no rows."""

    argument: tuple[str | int, ...]
    found: str
    expected: str


def objections(dataset: Dataset, line: ExpectationLine) -> list[Objection]:
    """Build the expectation as a run would; a code list is stood in for."""
    from loadgate.checking.suites import to_gx_suite

    lists = [CodeList(name=str(line.kwargs["code_list"]), codes={"1": Code()})] if "code_list" in line.kwargs else ()
    try:
        to_gx_suite(dataset.model_copy(update={"expectations": (line,)}), lists, _PERIOD)
    except Exception as error:  # GX raises many kinds
        return _told(error, line)
    return []


def _told(error: Exception, line: ExpectationLine) -> list[Objection]:
    """One objection per argument: GX tries each type that an argument may have, and tells of each."""
    tell = getattr(error, "errors", None)
    by_place: dict[tuple[str | int, ...], list[str]] = {}
    for one in tell() if callable(tell) else ():
        place = tuple(part for part in one["loc"] if part != "__root__")
        by_place.setdefault(place[:1], []).append(str(one["msg"]))
    if not by_place:
        first = (str(error).splitlines() or [""])[0][:_LONGEST]
        return [Objection(argument=(), found=f"{type(error).__name__}: {first}", expected="what GX takes")]
    if len(by_place) > 1:
        by_place.pop((), None)  # what is wrong with the whole follows from the parts
    return [
        Objection(argument=place, found=_shown(place, line), expected=f"as GX says: {' or '.join(dict.fromkeys(said))}")
        for place, said in by_place.items()
    ]


def _shown(place: tuple[str | int, ...], line: ExpectationLine) -> str:
    if not place:
        return f"arguments that {line.type} does not take together"
    value: Any = line.kwargs.get(str(place[0]))
    return str(value)[:_LONGEST] if str(place[0]) in line.kwargs else "nothing"
