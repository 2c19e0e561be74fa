"""The gate of a site that has none: mark rather than withhold."""

from __future__ import annotations

from loadgate.content.loader import default_gate
from loadgate.model.expected import Effect
from loadgate.model.kinds import KINDS, Kind, Severity


def effects(kind: Kind, severity: Severity, *, providers: int) -> Effect:
    return next(
        rule.then
        for rule in default_gate().rules
        if (not rule.kinds or kind in rule.kinds)
        and (not rule.severity or severity in rule.severity)
        and (rule.shared is None or providers >= rule.shared)
    )


def test_a_value_that_several_providers_restate_alone_holds_the_run() -> None:
    assert effects(Kind.SHARED_RESTATEMENT, Severity.CRITICAL, providers=2) is Effect.BLOCK_RUN
    assert effects(Kind.SHARED_RESTATEMENT, Severity.CRITICAL, providers=1) is Effect.CAVEAT


def test_one_missing_delivery_holds_nobody_and_five_hold_the_run() -> None:
    assert effects(Kind.MISSING, Severity.CRITICAL, providers=4) is Effect.CAVEAT
    assert effects(Kind.MISSING, Severity.CRITICAL, providers=5) is Effect.BLOCK_RUN


def test_no_kind_but_a_fault_of_load_or_a_shared_one_can_hold_a_run() -> None:
    holding = {kind for kind in Kind for severity in Severity if effects(kind, severity, providers=98) == "block_run"}
    assert holding
    assert all(KINDS[kind].load_fault for kind in holding)


def test_a_providers_own_registration_withholds_nothing() -> None:
    own = (Kind.CHECK_FAILED, Kind.CONTROL_SUBSTANTIAL, Kind.KNOWN_ERROR_WORSE, Kind.UNREADABLE_VALUES)
    found = {effects(kind, severity, providers=98) for kind in own for severity in Severity}
    assert found <= {Effect.CAVEAT, Effect.SHOW}


def test_a_file_that_does_not_agree_with_its_trailer_withholds_its_part_and_five_hold_the_run() -> None:
    assert effects(Kind.TRAILER, Severity.CRITICAL, providers=4) is Effect.BLOCK_PART
    assert effects(Kind.TRAILER, Severity.CRITICAL, providers=5) is Effect.BLOCK_RUN


def test_every_rule_says_why() -> None:
    assert all(len(rule.reason) > 40 for rule in default_gate().rules)
