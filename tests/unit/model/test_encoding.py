"""Frozen values come back from JSON as they went in, each kind of evidence as itself."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loadgate.model import findings as nouns
from loadgate.model.encoding import dump, load
from loadgate.model.findings import Evidence, Finding
from loadgate.model.identity import canonical_json
from loadgate.model.kinds import Kind, Severity
from loadgate.model.scope import Scope

KINDS_OF_EVIDENCE = get_args(get_args(Evidence)[0])  # Annotated[A | B | …, how to tell them apart]
words = st.text("abcø 2026-W01", max_size=6)
whole = st.integers(0, 10**9)
shares = st.none() | st.floats(-10, 10)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a kind of evidence, every field drawn by its type."""
    by_type = {"str": words, "int": whole, "float": shares.filter(lambda share: share is not None)}
    drawn = {}
    for name, hint in get_type_hints(kind, vars(nouns)).items():
        text = str(hint)
        if hint in (int, str, float):
            drawn[name] = by_type[hint.__name__]
        elif get_origin(hint) is Literal:
            drawn[name] = st.sampled_from(get_args(hint))
        elif "MemberEffect" in text:
            drawn[name] = st.lists(values(nouns.MemberEffect), max_size=2).map(tuple)
        elif text.startswith("tuple[int"):
            drawn[name] = st.lists(whole, max_size=3).map(tuple)
        elif text.startswith("tuple[str"):
            drawn[name] = st.lists(words, max_size=3).map(tuple)
        else:  # an optional one
            drawn[name] = st.none() | by_type[get_args(hint)[0].__name__]
    assert set(drawn) == {field.name for field in fields(kind)}
    return st.builds(kind, **drawn)


evidence = st.one_of(*map(values, KINDS_OF_EVIDENCE))
found = st.builds(
    Finding,
    kind=st.sampled_from(Kind),
    severity=st.sampled_from(Severity),
    scope=st.builds(Scope.of, provider=st.none() | words, figure=st.none() | words),
    evidence=evidence,
    check=st.none() | words,
    detail=st.dictionaries(words, words, max_size=2),
)


@given(found)
def test_a_finding_comes_back_as_it_was(finding: Finding) -> None:
    again = load(Finding, dump(Finding, finding))
    assert again == finding
    assert type(again.evidence) is type(finding.evidence)
    assert again.id == finding.id


@given(found)
def test_what_came_back_is_written_in_the_same_bytes(finding: Finding) -> None:
    data = dump(Finding, finding)
    assert dump(Finding, load(Finding, data)) == data


def test_every_kind_of_evidence_says_which_it_is() -> None:
    forms = [kind.__dataclass_fields__["form"].default for kind in KINDS_OF_EVIDENCE]
    assert len(set(forms)) == len(KINDS_OF_EVIDENCE)


def test_evidence_that_does_not_say_which_it_is_is_refused() -> None:
    with pytest.raises(ValidationError):
        load(Evidence, b'{"rows_checked":1,"rows_failed":1}')


def test_a_file_name_that_is_no_unicode_has_a_form_in_json() -> None:
    assert json.loads(canonical_json(["caf\udce9.csv"])) == ["caf\udce9.csv"]
