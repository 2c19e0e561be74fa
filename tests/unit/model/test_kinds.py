"""Every kind of finding has its facts, and severities have an order."""

from __future__ import annotations

import pytest

from loadgate.model.kinds import KINDS, Kind, Severity


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_facts(kind: Kind) -> None:
    assert KINDS[kind].sentence


def test_no_two_kinds_share_a_sentence() -> None:
    sentences = [facts.sentence for facts in KINDS.values()]
    assert len(set(sentences)) == len(Kind)


def test_severities_rank_as_they_read() -> None:
    assert [severity.value for severity in sorted(Severity, key=lambda s: s.rank)] == ["info", "warning", "critical"]
