"""Cases that are over in; out, one message for each route that heard of one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from loadgate.alerting.routes import Message
from loadgate.alerting.wording import WORDS, body_of_closed, subject
from loadgate.model.findings import Case
from loadgate.model.identity import key_of
from loadgate.model.profiles import AlertRoute
from loadgate.model.scope import Scope


def close(
    cases: Sequence[Case],
    *,
    run: str,
    site_name: str,
    period: str,
    routes: Sequence[AlertRoute],
    heard: Mapping[str, Collection[int]],
    heading: Callable[[Case], str],
    already: frozenset[str],
) -> list[Message]:
    """In the order of the cases, then of the routes. `heard`: by route, the numbers of the cases that it was told of.

    Of a case that is more than a route's scope only the number is told: `heading` names whom it was about.
    """
    messages = []
    for case in cases:
        for line in routes:
            fact = f"{period}/{line.name}/closed/{case.known_number}"
            if fact in already or case.known_number not in heard[line.name]:
                continue
            is_its_own = Scope.parse(line.scope).covers(case.scope)
            title = heading(case) if is_its_own else WORDS[line.language].case.format(number=case.known_number)
            messages.append(
                Message(
                    key=f"m-{key_of(line.name, period, [fact])}",
                    route=line.name,
                    subject=subject(
                        site=site_name,
                        period=period,
                        standing="closed",
                        title=title,
                        case=case if is_its_own else None,
                        language=line.language,
                    ),
                    body=body_of_closed(title=title, case=case, run=run, language=line.language),
                    tells=(fact,),
                )
            )
    return messages
