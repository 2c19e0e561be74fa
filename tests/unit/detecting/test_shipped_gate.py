"""What the shipped gate makes of a pattern: several providers' loss or jump is held, one provider's is a caveat."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Any

import polars as pl
import pytest
import yaml

from loadgate.judging.policy import effect_of
from loadgate.model.expected import Effect, Gate
from loadgate.model.findings import ArrivalEvidence, Finding
from loadgate.model.kinds import KINDS, Kind, Severity
from loadgate.model.scope import Scope

ALL = tuple(str(101 + number) for number in range(12))


def effects(one: Any, now: pl.DataFrame, kind: Kind) -> set[Effect]:
    gate = Gate.model_validate(yaml.safe_load((files("loadgate.content") / "gate.yaml").read_text("utf-8")))
    parts = [f"health/{provider}" for provider in one.providers]
    found = [finding for finding in one.detect(now).findings if finding.kind is kind]
    return {effect_of(finding, gate, parts=parts)[0] for finding in found}


@pytest.mark.parametrize(
    ("providers", "effect"), [(("104",), Effect.CAVEAT), (ALL[:4], Effect.CAVEAT), (ALL[:5], Effect.BLOCK_RUN)]
)
def test_values_gone_at_five_providers_hold_the_run_and_at_fewer_are_a_caveat(
    panel: Any, providers: tuple[str, ...], effect: Effect
) -> None:
    one = panel()
    gone = pl.col("provider").is_in(providers) & (pl.col("reference_start") < one.starts[20])

    assert effects(one, one.vintage().filter(~gone), Kind.CELLS_GONE) == {effect, Effect.SHOW}


@pytest.mark.parametrize("providers", [("104",), ALL])
def test_columns_that_came_besides_hold_nothing_however_many_share_them(providers: tuple[str, ...]) -> None:
    gate = Gate.model_validate(yaml.safe_load((files("loadgate.content") / "gate.yaml").read_text("utf-8")))
    scope = Scope.of(area="school", dataset="pupils", system="tea", provider=providers)
    added = Finding(
        kind=Kind.COLUMNS_ADDED, severity=KINDS[Kind.COLUMNS_ADDED].severity, scope=scope, evidence=ArrivalEvidence()
    )
    renamed = replace(added, kind=Kind.COLUMNS, severity=Severity.CRITICAL)
    parts = [f"school/{provider}" for provider in ALL]

    assert effect_of(added, gate, parts=parts)[0] is Effect.SHOW
    assert effect_of(renamed, gate, parts=parts)[0] is (Effect.BLOCK_RUN if providers == ALL else Effect.BLOCK_PART)


@pytest.mark.parametrize(
    ("providers", "effect"), [(("104",), Effect.CAVEAT), (("104", "109"), Effect.BLOCK_RUN), (ALL, Effect.BLOCK_RUN)]
)
def test_counts_tenfold_at_two_providers_hold_the_run_and_at_one_are_a_caveat(
    panel: Any, providers: tuple[str, ...], effect: Effect
) -> None:
    one = panel()
    counts = {key: 10 * count if key[0] in providers else count for key, count in one.counts().items()}

    assert effects(one, one.vintage(counts=counts), Kind.SHARED_HISTORY) == {effect}
