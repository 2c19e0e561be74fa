"""The report as one HTML page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType

import pytest

from loadgate.model.findings import Verdict
from loadgate.reporting.language import LANGUAGES, Language
from loadgate.reporting.page import MOST_CASES, page

VOID = {"meta", "br", "hr", "img", "input", "link", "use", "path", "circle", "line", "rect"}
REPORTS = ("release", "held", "with_caveats", "large")


class Outline(HTMLParser):
    """What the tests look at; fails on a tag that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags[tag] += 1
        self.attributes.append((tag, found))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if found.get("id"):
            self.ids.append(found["id"] or "")
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    found.close()
    assert found.open == []
    return found


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", "".join(outline(html).text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", REPORTS)
def test_the_page_is_whole_and_loads_nothing(report: str, language: Language, views: ModuleType) -> None:
    html = page(getattr(views, report)(language))
    found = outline(html)

    assert html.startswith("<!DOCTYPE html>")
    assert f'<html lang="{language}">' in html
    assert "script" not in found.tags
    assert not re.search(r"https?:|url\(|@import|javascript:|data:[a-z]+/", html)
    assert not any(name.startswith("on") for _, attributes in found.attributes for name in attributes)
    assert not {"img", "link", "iframe", "object", "embed", "form"} & set(found.tags)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", REPORTS)
def test_headings_are_ordered_and_every_anchor_is_there_once(
    report: str, language: Language, views: ModuleType
) -> None:
    found = outline(page(getattr(views, report)(language)))

    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in zip(found.headings, found.headings[1:], strict=False))
    assert [each for each, times in Counter(found.ids).items() if times > 1] == []
    inside = {link.removeprefix("#") for link in found.links}
    used = {str(a["href"]).removeprefix("#") for tag, a in found.attributes if tag == "use"}
    labels = {each for _, a in found.attributes for each in str(a.get("aria-labelledby") or "").split()}
    assert inside | used | labels <= set(found.ids)
    assert all(link.startswith("#") for link in found.links)
    assert found.tags["main"] == found.tags["header"] == 1


@pytest.mark.parametrize("report", REPORTS)
def test_every_table_head_has_a_scope_and_every_table_a_caption(report: str, views: ModuleType) -> None:
    found = outline(page(getattr(views, report)()))

    assert all(a.get("scope") in ("col", "row", "rowgroup") for tag, a in found.attributes if tag == "th")
    assert found.tags["caption"] == found.tags["table"]


def test_a_chart_has_a_title_a_description_and_ids_of_its_own(views: ModuleType) -> None:
    found = outline(page(views.held()))

    charts = [a for tag, a in found.attributes if tag == "svg" and a.get("role") == "img"]

    assert len(charts) == 2
    assert found.tags["desc"] == 2
    assert len({a["aria-labelledby"] for a in charts}) == 2


@pytest.mark.parametrize(
    ("report", "word"),
    [("release", "RELEASE"), ("with_caveats", "RELEASE WITH CAVEATS"), ("held", "HOLD"), ("large", "HOLD")],
)
def test_verdict_counts_reasons_and_steps_come_before_everything_else(
    report: str, word: str, views: ModuleType
) -> None:
    text = text_of(page(getattr(views, report)()))

    places = [text.index(each) for each in (word, " caveats", "What to do", "loadgate release 2025-08", "Cases ")]

    assert places == sorted(places)


def test_the_hold_says_why_and_links_to_its_case(views: ModuleType) -> None:
    html = page(views.held())

    assert 'Rate per 100,000 inhabitants restated, whole run <span class="nb">(<a href="#case-1">case 1</a>)' in html
    assert "decided by rule 3 of gate.yaml: a fault of the load, shared by many" in html
    assert "loadgate case show 1" in text_of(html)


def test_reasons_for_caveats_do_not_stand_among_the_reasons_for_a_hold(views: ModuleType) -> None:
    text = text_of(page(views.large()))

    assert "Besides, 38 reasons for a caveat" in text
    assert text.index("rule 1 of gate.yaml") < text.index("Besides")


def test_a_list_that_folds_says_how_many_it_holds(views: ModuleType) -> None:
    text = text_of(page(views.large()))

    assert f"{40 - MOST_CASES} cases less urgent" in text
    assert "76 municipalities with everything on time" in text
    assert "60 values that do not agree" in text
    assert "Versions of 870 deliveries" in text


def test_hostile_names_are_text_and_nothing_else(views: ModuleType) -> None:
    hostile = '<img src=x onerror="alert(1)">{{ 7*7 }}'
    view = views.large()
    names = replace(
        view.names,
        providers=dict.fromkeys(view.names.providers, hostile),
        figures=dict.fromkeys(view.names.figures, hostile),
        datasets=dict.fromkeys(view.names.datasets, hostile),
        systems=dict.fromkeys(view.names.systems, hostile),
        suppliers={"sender": hostile},
        provider_one=hostile,
    )

    html = page(replace(view, names=names, title=hostile, baseline=hostile, inputs={hostile: hostile}))

    found = outline(html)
    assert "img" not in found.tags
    assert not any(name == "onerror" for _, attributes in found.attributes for name in attributes)
    assert "{{ 7*7 }}" in "".join(found.text)


def test_the_name_of_an_unexpected_file_never_reaches_the_page(views: ModuleType) -> None:
    html = page(views.large())

    assert "010190-1234" not in html
    assert "The inbox holds 1 file that no profile knows: file-" in text_of(html)


def test_the_largest_month_stays_small(views: ModuleType) -> None:
    large = views.large(providers=98, datasets=9, problems=900)

    assert len(large.arrivals.arrivals) == 882
    assert len(page(large).encode()) < 2_000_000


def test_an_empty_month_is_still_a_page(views: ModuleType) -> None:
    view = views.release()
    empty = replace(
        view,
        arrivals=replace(view.arrivals, arrivals=()),
        restatements=None,
        controls=None,
        control_rows=None,
        baseline=None,
        inputs={},
        judgement=views.judgement(outcomes=(), provisional=True, verdict=Verdict.HOLD),
    )

    text = text_of(page(empty))

    assert "no earlier run has been approved" in text
    assert "No control figures for this period." in text
    assert "Provisional" in text


def test_the_same_view_gives_the_same_bytes(views: ModuleType) -> None:
    assert page(views.large()) == page(views.large())
