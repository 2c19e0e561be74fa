"""Scope: boxes that cover and overlap as sets do, and a text that is read as it was written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.model.period import Cadence, Period
from loadgate.model.scope import DIMENSIONS, Scope, Span

periods = st.builds(Period.of, st.dates(date(2020, 1, 1), date(2030, 12, 28)), st.sampled_from(Cadence))


def _ordered(pair: tuple[Period, Period]) -> Span:
    first, last = pair
    if (first.start, first.end) > (last.start, last.end):
        first, last = last, first
    return Span(first, last if last.end >= first.end else first)


spans = st.tuples(periods, periods).map(_ordered)
any_text = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates too: file names hold them


def boxes(values: st.SearchStrategy[str]) -> st.SearchStrategy[Scope]:
    dimension = st.none() | st.frozensets(values, min_size=1, max_size=3)
    return st.builds(Scope, reference=st.none() | spans, **dict.fromkeys(DIMENSIONS, dimension))


few = boxes(st.sampled_from("abc"))  # so that boxes do meet


@given(boxes(any_text))
def test_a_scope_is_read_as_it_was_written(scope: Scope) -> None:
    assert Scope.parse(str(scope)) == scope


@given(boxes(any_text))
def test_a_scopes_text_stays_in_letters_that_no_mail_or_log_breaks(scope: Scope) -> None:
    text = str(scope)
    assert text.isprintable()
    assert text.encode().decode() == text


@given(few, st.randoms())
def test_the_order_in_which_values_are_named_does_not_matter(scope: Scope, random: object) -> None:
    named = {name: list(values) for name, values in scope.values.items()}
    for values in named.values():
        random.shuffle(values)  # type: ignore[attr-defined]
    again = Scope.of(reference=scope.reference, **dict(reversed(named.items())))
    assert str(again) == str(scope)
    assert hash(again) == hash(scope)


@given(few)
def test_a_scope_covers_and_overlaps_itself(scope: Scope) -> None:
    assert scope.covers(scope)
    assert scope.overlaps(scope)


@given(few)
def test_everything_covers_every_scope(scope: Scope) -> None:
    assert Scope().covers(scope)
    assert Scope().overlaps(scope)


@given(few, few)
def test_what_is_covered_overlaps(wide: Scope, narrow: Scope) -> None:
    assert not wide.covers(narrow) or (wide.overlaps(narrow) and narrow.overlaps(wide))


@given(few, few)
def test_overlap_has_no_direction(one: Scope, other: Scope) -> None:
    assert one.overlaps(other) == other.overlaps(one)


@given(few, few, few)
def test_cover_is_passed_on(wide: Scope, middle: Scope, narrow: Scope) -> None:
    assert not (wide.covers(middle) and middle.covers(narrow)) or wide.covers(narrow)


@given(few, st.sampled_from(DIMENSIONS), st.sampled_from("abc"))
def test_restricting_one_dimension_gives_a_covered_scope(scope: Scope, name: str, value: str) -> None:
    wide = Scope.of(reference=scope.reference, **{**scope.values, name: None})
    narrow = Scope.of(reference=scope.reference, **{**scope.values, name: value})
    assert wide.covers(narrow)
    assert not narrow.covers(wide)


@given(few)
def test_without_its_reference_a_scope_covers_more(scope: Scope) -> None:
    assert scope.without_reference().covers(scope)
    assert scope.without_reference().reference is None


@given(spans, spans)
def test_spans_are_compared_by_their_days(one: Span, other: Span) -> None:
    assert one.covers(other) == (one.first.start <= other.first.start and one.last.end >= other.last.end)
    assert one.overlaps(other) == (max(one.first.start, other.first.start) < min(one.last.end, other.last.end))


def test_spans_of_different_cadences_meet_by_date() -> None:
    year = Scope(reference=Span.parse("2026"))
    assert year.covers(Scope(reference=Span.parse("2026-W02..2026-W52")))
    assert not year.covers(Scope(reference=Span.parse("2026-W01")))  # begins in 2025
    assert year.overlaps(Scope(reference=Span.parse("2026-W01")))


def test_spans_that_only_touch_do_not_overlap() -> None:
    assert not Span.parse("2026-09").overlaps(Span.parse("2026-10"))


@pytest.mark.parametrize("text", ["2026-10..2026-09", "2026..2026-10", "2026-W02..2026-W01"])
def test_a_span_that_ends_before_its_first_period_does_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="runs backwards"):
        Span.parse(text)


def test_a_scope_that_names_a_figure_is_not_covered_by_one_of_a_cell() -> None:
    assert not Scope.of(figure="a", cell="x").covers(Scope.of(figure="a"))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("provider=102, 101", "provider=101,102"),
        ("figure = a ;  provider= 101 ", "provider=101; figure=a"),
        ("reference = 2026-10", "reference=2026-10"),
        ("reference=2026-10..2026-10", "reference=2026-10"),
        (" * ", "*"),
        ("provider=101,101", "provider=101"),
    ],
)
def test_what_a_person_writes_becomes_canonical(written: str, canonical: str) -> None:
    assert str(Scope.parse(written)) == canonical


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not dimension=values"),
        ("provider", "'provider' is not dimension=values"),
        ("provider=101; provider=102", "'provider=102' is not dimension=values"),
        ("reference=2026; reference=2027", "'reference=2027' is not dimension=values"),
        ("colour=red", "colour is no dimension of a scope"),
        ("reference=soon", "'soon' is not a period"),
        ("reference=2026-10..", "'' is not a period"),
        ("*; provider=101", "'*' is not dimension=values"),
        ("provider=%ff", "invalid start byte"),
    ],
)
def test_a_text_that_is_no_scope_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as problem:
        Scope.parse(text)
    assert why in str(problem.value)


@pytest.mark.parametrize("values", [frozenset(), ["101"], "101"])
def test_a_dimension_without_values_or_of_another_type_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match="scope dimension provider needs a frozenset with at least one value, or None"):
        Scope(provider=values)  # type: ignore[arg-type]


def test_in_json_a_scope_is_its_text() -> None:
    from loadgate.model.encoding import dump, load
    from loadgate.model.judgement import Caveat

    caveat = Caveat(scope=Scope.of(provider=["102", "101"]), reason="r", source="s")
    data = dump(Caveat, caveat)
    assert data == b'{"reason":"r","scope":"provider=101,102","source":"s"}'
    assert load(Caveat, data) == caveat
