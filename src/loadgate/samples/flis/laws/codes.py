"""A site's code lists and key figures in; out, the codes that a law draws of a column, with their shares.

Content leads: where a suite names the codes of a column, no other is ever drawn, so the sample follows the lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loadgate.errors import Fault, SiteError
from loadgate.model.conditions import All, Among, Any, Compare, Condition, Missing, Not
from loadgate.model.kinds import Severity
from loadgate.samples.flis.laws.drawn import periods_of

if TYPE_CHECKING:
    from loadgate.model.expected import Code
    from loadgate.samples.flis.world import World

_IN_SET = "expect_column_values_to_be_in_set"


def fixed(world: World, dataset: str, column: str, shares: Mapping[str, float]) -> dict[str, float]:
    """These codes and no others. Raises SiteError if the site's list lacks one of them."""
    allowed = listed(world, dataset, column)
    missing = sorted(set(shares) - allowed) if allowed is not None else []
    if missing:
        raise SiteError([_fault(world, dataset, column, f"no {', '.join(missing)}")])
    return _normal(shares)


def followed(world: World, dataset: str, column: str, shares: Mapping[str, float]) -> dict[str, float]:
    """The list of the site, and what its key figures name; `shares` where they are silent, and as weights.

    Raises SiteError if nothing is left to draw.
    """
    allowed = listed(world, dataset, column)
    wanted = (set(shares) | named(world, dataset, column)) if allowed is None else allowed
    if not wanted:
        raise SiteError([_fault(world, dataset, column, "no code that is valid in all months of the sample")])
    rng = world.rng("shares", dataset, column)
    usual = sorted(shares.values())[len(shares) // 2]
    others = dict(zip(sorted(wanted), rng.lognormal(0, 0.5, len(wanted)) * usual * 0.5, strict=True))
    return _normal({code: shares.get(code, others[code]) for code in sorted(wanted)})


def listed(world: World, dataset: str, column: str) -> set[str] | None:
    """Codes that the suite allows in every period of its dataset; None: the suite names no list."""
    lists = {one.name: one.codes for one in world.site.code_lists}
    found: set[str] | None = None
    for line in world.site.dataset(dataset).expectations:
        if line.type != _IN_SET or line.kwargs.get("column") != column:
            continue
        if line.where is not None or line.severity is Severity.INFO:  # a mark, or for some rows only
            continue
        given = line.kwargs.get("value_set")
        name = line.kwargs.get("code_list")
        if isinstance(given, list | tuple):
            codes = {str(code) for code in given}
        else:
            codes = {code for code, facts in lists.get(str(name), {}).items() if _always(world, dataset, facts)}
        found = codes if found is None else found & codes
    return found


def named(world: World, dataset: str, column: str) -> set[str]:
    """Text codes of a column that the dataset's key figures name."""
    found: set[str] = set()
    for figure in world.site.figures:
        if figure.dataset != dataset:
            continue
        if figure.cells is not None and figure.cells.column == column:
            found |= set(figure.cells.values)
        conditions = [figure.where, *(one.where for one in (figure.numerator, figure.denominator) if one is not None)]
        for condition in conditions:
            found |= set() if condition is None else _values(condition, column)
    return found


def _values(condition: Condition, column: str) -> set[str]:
    match condition:
        case Compare():
            values = [condition.value] if condition.op in ("equal", "not_equal") else []
        case Among():
            values = [*(condition.among or ()), *(condition.not_among or ())]
        case Missing():
            values = []
        case All():
            return set[str]().union(*(_values(one, column) for one in condition.all))
        case Any():
            return set[str]().union(*(_values(one, column) for one in condition.any))
        case Not():
            return _values(condition.negated, column)
    return {value for value in values if isinstance(value, str)} if condition.column == column else set()


def _always(world: World, dataset: str, code: Code) -> bool:
    first, last = periods_of(world, dataset)[0].start, world.period.end
    return (code.valid_from is None or code.valid_from <= first) and (code.valid_to is None or code.valid_to >= last)


def _normal(shares: Mapping[str, float]) -> dict[str, float]:
    total = sum(shares.values())
    return {code: share / total for code, share in sorted(shares.items())}


def _fault(world: World, dataset: str, column: str, found: str) -> Fault:
    area = world.site.dataset(dataset).area
    return Fault(
        file=f"expectations/suites/{area}/{dataset}.yaml",
        line=1,
        key=f"expectations.{column}",
        found=found,
        expected="a code list that holds every code which the sample draws",
        fix=f"add the codes to the list of {column}, or mend the sample's law of {dataset}",
    )
