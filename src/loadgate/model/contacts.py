"""A site's contacts and whose move it is in; out, the name of the contact that fits best, or none."""

from __future__ import annotations

from collections.abc import Iterable

from loadgate.model.kinds import Owner
from loadgate.model.profiles import Contact
from loadgate.model.scope import Scope


def contact_name(contacts: Iterable[Contact], role: Owner, scope: Scope) -> str | None:
    """Of the contacts in this role whose scope covers all of `scope`, the one that is most narrowly for it.

    That is the one whose scope names most dimensions, of these with the fewest values, of these the first. None: no
    contact fits, and the role alone is said. It may be a person's name: only who works at the site's own desk reads it.
    """

    def breadth(contact: Contact) -> tuple[int, int]:
        values = Scope.parse(contact.scope).values
        return -len(values), sum(map(len, values.values()))

    fit = (one for one in contacts if one.role == role and Scope.parse(one.scope).covers(scope))
    return next((one.name for one in sorted(fit, key=breadth)), None)
