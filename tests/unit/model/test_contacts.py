"""Which of a site's contacts is named beside whose move it is."""

from __future__ import annotations

import pytest

from loadgate.model.contacts import contact_name
from loadgate.model.kinds import Owner
from loadgate.model.profiles import AlertRoute, Contact
from loadgate.model.scope import Scope

CONTACTS = [
    Contact(role="steward", name="all"),
    Contact(role="steward", name="also all"),
    Contact(role="steward", name="two areas", scope="area=school,economy"),
    Contact(role="steward", name="school", scope="area=school"),
    Contact(role="steward", name="tea's pupils", scope="area=school; system=tea"),
    Contact(role="supplier", name="kmd", scope="supplier=kmd"),
]


@pytest.mark.parametrize(
    ("role", "scope", "name"),
    [
        (Owner.STEWARD, "*", "all"),
        (Owner.STEWARD, "area=economy; provider=101", "two areas"),
        (Owner.STEWARD, "area=school", "school"),
        (Owner.STEWARD, "area=school; system=tea; dataset=pupils", "tea's pupils"),
        (Owner.STEWARD, "area=school,citizens", "all"),  # no contact of a part of it
        (Owner.SUPPLIER, "supplier=kmd; area=school", "kmd"),
        (Owner.SUPPLIER, "supplier=kmd,eg", None),
        (Owner.SUPPLIER, "*", None),
        (Owner.OPERATIONS, "*", None),
    ],
)
def test_the_contact_that_is_most_narrowly_for_all_of_it_is_named(role: Owner, scope: str, name: str | None) -> None:
    assert contact_name(CONTACTS, role, Scope.parse(scope)) == name


@pytest.mark.parametrize(
    ("scope", "readers", "is_desks"),
    [
        ("*", None, True),
        ("area=school", None, True),
        ("supplier=kmd", None, False),
        ("supplier=kmd", "desk", True),
        ("area=school", "senders", False),
    ],
)
def test_a_route_is_read_by_whom_it_says_or_else_by_those_whom_its_scope_names(
    scope: str, readers: str | None, is_desks: bool
) -> None:
    assert AlertRoute.model_validate({"name": "r", "scope": scope, "readers": readers}).is_desks is is_desks
