"""The lattice and the scan over it: names, penalties, and which group explains the marks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from loadgate.detecting.lattice import Grid, grid
from loadgate.detecting.scan import THRESHOLD, Group, at_least, scan
from loadgate.model.findings import CauseKind

PROVIDERS = [f"{number}" for number in range(101, 109)]


def units(**vendors: tuple[str, ...]) -> pl.DataFrame:
    rows = [
        {"area": area, "provider": provider, "vendor": vendor, "system": f"{vendor}-{area}"}
        for area in ("a", "b")
        for vendor, members in vendors.items()
        for provider in members
    ]
    shape = dict.fromkeys(["area", "provider", "vendor", "system", "system_version", "delivery"], pl.String)
    return pl.DataFrame(rows, schema=shape)


def laid(hits: dict[tuple[str, str], int], *, eligible: int = 100, assigned: pl.DataFrame | None = None) -> Grid:
    """Figures f (items x, y) and g (item x) of area a, h of area b; `hits` per (figure/item, provider) or (item, *)."""
    rows = []
    for figure, item in (("f", "x"), ("f", "y"), ("g", "x"), ("h", "x")):
        for provider in PROVIDERS:
            name = f"{figure}/{item}"
            marked = hits.get(
                (name, provider), hits.get((name, "*"), hits.get(("*", provider), hits.get(("*", "*"), 0)))
            )
            rows += [(figure, item, provider, number < marked, 0.0) for number in range(eligible)]
    marks = pl.DataFrame(rows, schema=["figure", "item", "provider", "hit", "chance"], orient="row")
    return grid(
        marks,
        areas={"f": "a", "g": "a", "h": "b"},
        families={"f": "one", "g": "two", "h": "three"},
        units=units() if assigned is None else assigned,
    )


def explain(made: Grid, usual: float = 0.0005) -> list[Group]:
    return scan(made, np.full(len(made.items), usual))


def said(made: Grid, group: Group) -> tuple[set[str], set[str]]:
    return (
        {"/".join(made.items[place]) for place in group.items},
        {"/".join(made.parts[place]) for place in group.parts},
    )


def test_no_marks_no_groups() -> None:
    assert explain(laid({})) == []


def test_marks_everywhere_are_one_group_of_the_run() -> None:
    made = laid({("*", "*"): 10})

    (group,) = explain(made)

    assert (group.cause, group.every_item, group.cells) == (CauseKind.RUN, True, 320)


def test_marks_in_one_area_are_the_areas() -> None:
    made = laid({("f/x", "*"): 10, ("f/y", "*"): 10, ("g/x", "*"): 10})

    (group,) = explain(made)

    assert (group.cause, group.name) == (CauseKind.AREA, "a")
    assert said(made, group)[1] == {f"a/{provider}" for provider in PROVIDERS}


def test_a_vendor_over_two_areas_is_said_once() -> None:
    four = tuple(PROVIDERS[:4])
    made = laid({("*", provider): 10 for provider in four}, assigned=units(nordwind=four, sydvest=tuple(PROVIDERS[4:])))

    (group,) = explain(made)

    assert (group.cause, group.name, group.cells) == (CauseKind.VENDOR, "nordwind", 160)


def test_a_system_in_one_area_is_not_its_vendor() -> None:
    four = tuple(PROVIDERS[:4])
    made = laid({("h/x", provider): 10 for provider in four}, assigned=units(nordwind=four))

    (group,) = explain(made)

    assert (group.cause, group.name) == (CauseKind.SYSTEM, "nordwind-b")


def test_sets_that_are_equal_have_one_name_the_coarsest() -> None:
    made = laid({}, assigned=units(nordwind=tuple(PROVIDERS)))

    named = {(level.cause, name) for level in made.unit_levels for name in level.names}

    assert named == {
        (CauseKind.RUN, "run"),
        (CauseKind.AREA, "a"),
        (CauseKind.AREA, "b"),
        *((CauseKind.PROVIDER, provider) for provider in PROVIDERS),
    }


def test_two_causes_are_two_groups_and_the_stronger_comes_first() -> None:
    made = laid({("f/x", "*"): 30, ("h/x", "103"): 20})

    first, second = explain(made)

    assert said(made, first) == ({"f/x"}, {f"a/{provider}" for provider in PROVIDERS})
    assert said(made, second) == ({"h/x"}, {"b/103"})
    assert first.evidence > second.evidence > THRESHOLD


def test_members_without_marks_are_left_out_however_strong_the_rest() -> None:
    made = laid({("f/x", provider): 40 for provider in PROVIDERS[::2]})

    (group,) = explain(made)

    assert group.cause is CauseKind.OTHER
    assert said(made, group) == ({"f/x"}, {f"a/{provider}" for provider in PROVIDERS[::2]})


def wide(hits: dict[str, int], *, eligible: int) -> Grid:
    rows = [
        ("f", "x", provider, number < hits.get(provider, 0), 0.0)
        for provider in (f"{101 + number}" for number in range(40))
        for number in range(eligible)
    ]
    marks = pl.DataFrame(rows, schema=["figure", "item", "provider", "hit", "chance"], orient="row")
    return grid(marks, areas={"f": "a"}, families={"f": "one"}, units=units())


@pytest.mark.parametrize(("shown", "named"), [(8, 8), (34, 40)])
def test_members_that_can_only_together_be_seen_to_lack_marks_lack_them(shown: int, named: int) -> None:
    made = wide(dict.fromkeys((f"{101 + number}" for number in range(shown)), 2), eligible=20)

    (group,) = explain(made, usual=0.002)

    assert len(group.parts) == named


def test_the_more_groups_are_tried_the_more_evidence_is_asked() -> None:
    five = laid({("f/x", "103"): 5}, assigned=units(nordwind=tuple(PROVIDERS[:4]), sydvest=tuple(PROVIDERS[2:6])))
    alone = laid({("f/x", "103"): 5})

    assert explain(five)[0].evidence < explain(alone)[0].evidence


def test_marks_at_the_usual_rate_are_none() -> None:
    assert explain(laid({("*", "*"): 10}), usual=0.1) == []


def test_marks_that_coincidence_would_make_are_none() -> None:
    rows = [("f", "x", provider, number < 2, 0.02) for provider in PROVIDERS for number in range(100)]
    marks = pl.DataFrame(rows, schema=["figure", "item", "provider", "hit", "chance"], orient="row")
    made = grid(marks, areas={"f": "a"}, families={"f": "one"}, units=units())

    assert explain(made) == []


@pytest.mark.parametrize(("count", "mean", "probability"), [(1, 0.5, 0.393469), (4, 0.45, 0.001263), (0, 1.0, 1.0)])
def test_poisson_tails(count: int, mean: float, probability: float) -> None:
    expected = 1.0 if count == 0 else probability
    assert (at_least(count, mean) if count else 1.0) == pytest.approx(expected, abs=2e-4)
    assert at_least(10_000, 3.0) == 0.0
