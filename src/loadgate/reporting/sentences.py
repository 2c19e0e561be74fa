"""Findings and cases in; sentences out, subject first: who, what, how much, since when, what did not move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loadgate.errors import NotFound
from loadgate.model.contacts import contact_name
from loadgate.model.findings import (
    ArrivalEvidence,
    Case,
    CauseKind,
    CellsEvidence,
    Evidence,
    Finding,
    GroupEvidence,
    RowsEvidence,
)
from loadgate.model.judgement import Judgement
from loadgate.model.kinds import KINDS, Kind, Owner
from loadgate.model.period import Period
from loadgate.model.scope import Scope
from loadgate.reporting.language import Words, mid_sentence, moment, sentence_case
from loadgate.reporting.names import Names

_LOOKS_LIKE = {Kind.SHARED_RESTATEMENT: "denominator"}  # value moved, numerator did not
_NAMED = 3  # so many members are named, more are counted
_OF_CHECKS = (Kind.CHECK_FAILED, Kind.SHADOW_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseText:
    """A case in words. `title` is two or three words, `cause` what its findings share, the rest whole sentences.

    `contact` may be a person's name: for the site's own desk alone, as `model.contacts` says.
    """

    label: str
    severity: str
    title: str
    cause: str
    state: str
    since: str
    owner: str
    contact: str | None
    sentence: str
    not_moved: str | None
    looks_like: str | None
    limit: str | None
    more: str | None

    @property
    def whole(self) -> str:
        """Everything that it says, as one paragraph."""
        return " ".join(part for part in (self.sentence, self.more, self.not_moved, self.looks_like) if part)


def finding_sentence(finding: Finding, names: Names) -> str:
    """One sentence. It never fails for a finding: what its evidence does not know is left out."""
    words, evidence = names.words, finding.evidence
    detail = finding.detail
    parts = {
        "delivery": _delivery(finding.scope, names),
        "who": who(finding.scope, names),
        "figure": figure_titles(finding.scope, names),
        "check": _check(finding, names),
        "error": _named_error(finding, names),
        "extent": extent(finding, names),
        "files": words.count("file", max(evidence.files, 1) if isinstance(evidence, ArrivalEvidence) else 1),
        "like": _like(finding, names),
        "alike": words("clause", "goes_on" if "goes_on" in detail else "same_content"),
        "named": _optional(names, "named", min(finding.scope.delivery or ("",)).partition("/")[0]),
        "timing": _timing(finding, names),
        "size": _size(evidence, names),
        "column": _optional(names, "column", evidence.column if isinstance(evidence, RowsEvidence) else None),
        "columns": _optional(names, "columns", _column_list(detail, names)),
        "places": _optional(names, "places", detail.get("places")),
        "added": words.count("column", int(detail.get("unexpected", "1"))),
        "profile": f"vendor_profiles/{','.join(sorted(finding.scope.supplier or ('*',)))}.yaml",
        "lines": _lines(evidence, names),
        "encodings": _encodings(detail, names),
        "reason": _optional(names, "reason", _reason(detail, names)),
        "source": _optional(names, "source", _source(finding)),
        "ceiling": _optional(names, "ceiling", detail.get("ceiling")),
        "when": when(evidence, names),
        "by": _optional(names, "by", effect_span(evidence, names)),
        "groups": groups(finding, names),
        "unmoved": _unmoved(evidence, names),
        "planned": _planned(detail, names),
        "factor": _factor(detail, names),
        "multiple": _optional(names, "multiple", _factor(detail, names) if "factor" in detail else None),
        "cells": _cell_names(finding.scope, names),
        "would": words.known("known_error_state", detail.get("would", "not checked")),
    }
    return sentence_case(words("sentence", KINDS[finding.kind].sentence, **parts))


def finding_title(finding: Finding, names: Names) -> str:
    """`spending restated`, `delivery missing`: the subject of an alert, without who."""
    key = KINDS[finding.kind].sentence
    if key in ("restated_alone", "restated_history") and finding.scope.figure is not None:
        return names.words("subject", "figure_restated", figure=figure_titles(finding.scope, names))
    return names.words("title", key)


def findings_of(case: Case, findings: Mapping[str, Finding]) -> list[Finding]:
    """The case's findings, the most serious first; of those alike, a fault of the file before what follows from it."""

    def order(each: Finding) -> tuple[int, bool, bool, float, str]:
        load_fault = KINDS[each.kind].load_fault
        return -each.severity.rank, not _of_the_file(each.kind), not load_fault, -_weight(each.evidence), each.id

    return sorted((findings[each] for each in case.findings if each in findings), key=order)


def _of_the_file(kind: Kind) -> bool:
    return kind.value.startswith(("arrival.", "reading."))


def case_text(case: Case, findings: Mapping[str, Finding], names: Names, *, run: str) -> CaseText:
    """A case in words; `findings` by id, `run` is the run that is told about."""
    words = names.words
    own = findings_of(case, findings)
    lead = own[0] if own else None
    sentence, more = _sentences(case, own, names)
    evidence = lead.evidence if lead is not None else None
    group = evidence if isinstance(evidence, GroupEvidence) else None
    number = case.number
    return CaseText(
        label=words("case", "unnumbered") if number is None else words("case", "label", number=number),
        severity=words("severity", case.severity.value),
        title=words("title", KINDS[lead.kind].sentence) if lead is not None else "",
        cause=cause_text(case, names),
        state=words("case_state", case.state.value),
        since=words("case", "since_this" if case.first_seen == run else "since", run=case.first_seen),
        owner=words("owner", owner_of(lead).value),
        contact=contact_name(names.contacts, owner_of(lead), case.scope),
        sentence=sentence,
        more=more,
        not_moved=None if group is None or not group.unmoved else _not_moved(group, names),
        looks_like=None if lead is None else _looks_like(lead, names),
        limit=None
        if lead is None or group is None or not 0 < group.detection_limit < 1
        else words("case", _limit(lead.kind), share=words.percent(group.detection_limit)),
    )


def _limit(kind: Kind) -> str:
    """What its detection limit is a share of: the values, or for a trend the size of each."""
    return "limit_effect" if kind.value.startswith("trend.") else "limit"


def owner_of(lead: Finding | None) -> Owner:
    return Owner.OPERATIONS if lead is None else KINDS[lead.kind].owner


def cause_text(case: Case, names: Names) -> str:
    """`whole run`, `system Prisme`, `Aarhus, Odense and 3 more`."""
    kind = case.cause.kind
    lookup: Mapping[str, str] = {}
    if kind is CauseKind.PROVIDER:
        lookup = names.providers
    elif kind is CauseKind.SYSTEM:
        lookup = names.systems
    elif kind is CauseKind.FIGURE:
        lookup = names.figures
    shown = [lookup.get(each, each) for each in case.cause.members]
    if kind is CauseKind.SYSTEM_VERSION:  # system/version
        apart = [each.partition("/") for each in shown]
        shown = [f"{names.systems.get(system, system)} {version}".strip() for system, _, version in apart]
    members = names.words.join(shown, most=_NAMED)
    if kind is not CauseKind.RUN and not members:
        return names.words("cause", "run")
    return names.words("cause", kind.value, members=members)


def case_heading(case: Case, names: Names) -> str:
    """`columns differ, system TEA`, by its kinds alone: what is of the file first, and what follows from it last."""
    cause = cause_text(case, names)
    if not case.kinds:
        return cause

    def order(kind: Kind) -> tuple[bool, bool, bool, bool, int]:
        follows = kind.value.startswith(("prior.", "control."))
        facts = KINDS[kind]
        return kind is Kind.COULD_NOT_RUN, not _of_the_file(kind), follows, not facts.load_fault, -facts.severity.rank

    first = min(map(Kind, case.kinds), key=order)
    return f"{names.words('title', KINDS[first].sentence)}, {cause}"


def who(scope: Scope, names: Names) -> str:
    """Whose data: names up to three, else a count of all."""
    total = names.all_providers
    if scope.provider is None:
        if not total:
            return names.words("clause", "every_provider", provider=names.provider())
        return names.words("clause", "all_providers", count=names.count_providers(total))
    return _providers(sorted(scope.provider), names)


def _providers(ids: list[str], names: Names) -> str:
    number, total = len(ids), names.all_providers
    if number == total and total > 1:
        return names.words("clause", "all_providers", count=names.count_providers(total))
    if number <= _NAMED:
        return names.words.join([names.providers.get(each, each) for each in ids])
    if number < total:
        part = names.words.number(number)
        return names.words("clause", "some_providers", part=part, count=names.count_providers(total))
    return names.count_providers(number)


def groups(finding: Finding, names: Names) -> str:
    """`all 16 providers and every age group`: from the members that moved, else from the scope."""
    words, evidence = names.words, finding.evidence
    if not isinstance(evidence, GroupEvidence) or not evidence.members:
        return who(finding.scope, names) + _cells(finding.scope.cell, finding.scope, names)
    moved = [member for member in evidence.members if member.cells > 0]
    cells = frozenset(member.cell for member in moved if member.cell is not None)
    text = _providers(sorted({member.provider for member in moved}), names) if moved else words("clause", "something")
    return text + _cells(cells or None, finding.scope, names)


def _cells(cells: frozenset[str] | None, scope: Scope, names: Names) -> str:
    words = names.words
    known = [names.breakdowns[each] for each in sorted(scope.figure or ()) if each in names.breakdowns]
    if not known:
        return ""
    label, whole = known[0].label, max(each.values for each in known)
    if cells is None or len(cells) >= whole:
        return words("clause", "every_cell", label=label)
    if len(cells) <= _NAMED:
        return words("clause", "cells_named", label=label, cells=words.join(sorted(cells)))
    return words("clause", "some_cells", part=words.number(len(cells)), whole=words.number(whole), label=label)


def figure_titles(scope: Scope, names: Names) -> str:
    """Titles up to three, else a count, as they read inside a sentence."""
    if scope.figure is None:
        return names.words("clause", "every_figure")
    ids = sorted(scope.figure)
    if len(ids) > _NAMED:
        return names.words.count("figure", len(ids))
    return names.words.join([figure_title(each, names) for each in ids])


def figure_title(figure: str, names: Names) -> str:
    return mid_sentence(names.figures.get(figure, figure))


def _delivery(scope: Scope, names: Names) -> str:
    words = names.words
    datasets = words.join([names.datasets.get(each, each) for each in sorted(scope.dataset or ())], most=_NAMED)
    suppliers = [names.suppliers.get(each, each) for each in sorted(scope.supplier or ())]
    subject = who(scope, names)
    supplier = suppliers[0] if len(suppliers) == 1 and suppliers[0] != subject else None
    key = {
        (True, True): "dataset_sent_by",
        (True, False): "dataset",
        (False, True): "sent_by",
    }.get((bool(datasets), supplier is not None))
    what = "" if key is None else words("clause", key, dataset=datasets, supplier=supplier)
    if scope.delivery is None:
        return words("clause", "data", who=subject) + what
    if len(scope.delivery) > 1:
        count = words.count("delivery", len(scope.delivery))
        return words("clause", "deliveries", count=count, who=subject, what=what)
    if scope.provider is None or len(scope.provider) > _NAMED:
        unit = next(iter(scope.delivery)).partition("/")[2]
        return words("clause", "delivery_unit", unit=unit, who=subject, what=what)
    return words("clause", "delivery", who=subject, what=what)


def extent(finding: Finding, names: Names) -> str:
    """How much of how much, and how many rows have no mark. A check of a whole table fails in none of its rows."""
    words, evidence = names.words, finding.evidence
    match evidence:
        case RowsEvidence(rows_failed=0) if evidence.rows_checked and finding.kind in _OF_CHECKS:
            return words("clause", "as_whole", rows=words.count("row", evidence.rows_checked))
        case RowsEvidence():
            told = words.share_of(evidence.rows_failed, evidence.rows_checked, "row")
            unmarked = words.number(evidence.rows_unmarked)
            return told + (words("clause", "unmarked", rows=unmarked) if evidence.rows_unmarked else "")
        case CellsEvidence() | GroupEvidence():
            return words.share_of(evidence.cells, evidence.eligible, "value")
        case ArrivalEvidence():
            return words.count("file", evidence.files)


def effect_span(evidence: Evidence, names: Names) -> str | None:
    """`−1.0 % to +2.3 %`; None where the evidence has no sizes."""
    match evidence:
        case CellsEvidence():
            return names.words.span(evidence.difference_min, evidence.difference_max)
        case GroupEvidence():
            return names.words.span(evidence.effect_min, evidence.effect_max)
        case _:
            return None


def when(evidence: Evidence, names: Names) -> str:
    """` in weeks 2020-W01 to 2025-W30`, or nothing."""
    if not isinstance(evidence, CellsEvidence | GroupEvidence) or not evidence.first:
        return ""
    first, last = evidence.first, evidence.last or evidence.first
    try:
        unit = Period.parse(first).cadence.value
    except NotFound:
        unit = "day"
    return names.words("clause", f"in_{unit}" if first == last else f"in_{unit}s", first=first, last=last)


def _sentences(case: Case, own: list[Finding], names: Names) -> tuple[str, str | None]:
    words = names.words
    if not own:
        return sentence_case(who(case.scope, names)) + ".", None
    lead = finding_sentence(own[0], names)
    rest = len(own) - 1
    if not rest:
        return lead, None
    if isinstance(own[0].evidence, GroupEvidence) or len({each.kind for each in own}) > 1:
        return lead, words("case", "more", findings=words.count("finding", rest))
    title = words("title", KINDS[own[0].kind].sentence)
    count = words.number(len(own))
    if all(each.scope.provider is None for each in own):
        return words("case", "several_plain", title=sentence_case(title), count=count, lead=lead), None
    subject = sentence_case(_shared_who(own, names))
    return words("case", "several", who=subject, title=title, count=count, lead=lead), None


def _shared_who(own: list[Finding], names: Names) -> str:
    if any(each.scope.provider is None for each in own):
        return who(Scope(), names)
    return _providers(sorted(set().union(*(each.scope.provider or () for each in own))), names)


def _not_moved(group: GroupEvidence, names: Names) -> str:
    words = names.words
    figures = words.join([figure_title(each, names) for each in group.unmoved], most=_NAMED)
    if not group.unmoved_cells:
        return words("case", "not_moved_plain", figures=figures)
    restated, cells = words.number(group.unmoved_restated), words.number(group.unmoved_cells)
    return words("case", "not_moved", figures=figures, restated=restated, cells=cells)


def _looks_like(lead: Finding, names: Names) -> str | None:
    key = lead.detail.get("looks_like") or _LOOKS_LIKE.get(lead.kind)
    return None if key is None else names.words("case", "looks_like", what=names.words.known("looks_like", key))


def _unmoved(evidence: Evidence, names: Names) -> str:
    if not isinstance(evidence, GroupEvidence) or not evidence.unmoved:
        return ""
    figures = names.words.join([figure_title(each, names) for each in evidence.unmoved], most=_NAMED)
    return names.words("clause", "unmoved", figures=figures)


def _optional(names: Names, key: str, value: str | None) -> str:
    field = {"by": "range"}.get(key, key)
    return "" if not value else names.words("clause", key, **{field: value})


def _check(finding: Finding, names: Names) -> str:
    check = finding.check or finding.detail.get("check")
    words = names.words
    return words("clause", "the_check", check=check) if check else words.count("check", 1)


def _named_error(finding: Finding, names: Names) -> str:
    error = finding.detail.get("known_error") or finding.detail.get("error") or finding.check or ""
    title = names.errors.get(error)
    return f"{error} ({mid_sentence(title)})" if title else error or names.words("clause", "something")


def _like(finding: Finding, names: Names) -> str:
    evidence = finding.evidence
    like = evidence.like if isinstance(evidence, ArrivalEvidence) else None
    like = like or finding.detail.get("like")
    return like or names.words("clause", "something")


def _reason(detail: Mapping[str, str], names: Names) -> str | None:
    """The closed words of whoever found it, in this language; for a file that nobody announced its pseudonym."""
    told = [detail[key] for key in ("reason", "problem", "end") if detail.get(key)]
    known = [names.words.known("reason", each) for text in told for each in text.split(", ")]
    return ", ".join(known) or detail.get("file")


def _encodings(detail: Mapping[str, str], names: Names) -> str:
    expected, found = detail.get("expected"), detail.get("found")
    return names.words("clause", "encodings", expected=expected, found=found) if expected and found else ""


def _planned(detail: Mapping[str, str], names: Names) -> str:
    key = next((key for key in ("planned", "beyond_plan") if detail.get(key)), None)
    return "" if key is None else names.words("clause", key, change=detail[key])


def _factor(detail: Mapping[str, str], names: Names) -> str:
    """`1,000 times`, `one part in 100 of`: how far a value is off, before what it should be."""
    factor = detail.get("factor", "")
    if factor == "-1":
        return names.words("clause", "negated")
    key, digits = ("parted", factor[2:]) if factor.startswith("1/") else ("times", factor)
    if not digits.isdecimal():
        return names.words("clause", "a_factor")
    return names.words("clause", key, factor=names.words.number(int(digits)))


def _cell_names(scope: Scope, names: Names) -> str:
    if scope.cell is None:
        return ""
    return names.words("clause", "in_cells", cells=names.words.join(sorted(scope.cell), most=_NAMED))


def _source(finding: Finding) -> str | None:
    evidence = finding.evidence
    return (evidence.source if isinstance(evidence, CellsEvidence) else None) or finding.detail.get("source")


def _column_list(detail: Mapping[str, str], names: Names) -> str | None:
    keys = ("missing", "duplicate", "unexpected")
    told = [names.words("clause", f"columns_{key}", columns=detail[key]) for key in keys if detail.get(key)]
    return "; ".join(told) or None


def _timing(finding: Finding, names: Names) -> str:
    evidence = finding.evidence
    if not isinstance(evidence, ArrivalEvidence):
        return ""
    text, words = "", names.words
    if evidence.due is not None:
        text += words("clause", "due", due=moment(evidence.due, names.timezone))
    if evidence.received is not None:
        return text + words("clause", "received", received=moment(evidence.received, names.timezone))
    if evidence.closes is not None:
        key = "awaited" if finding.kind is Kind.LATE else "closes"
        text += words("clause", key, closes=moment(evidence.closes, names.timezone))
    return text


def _size(evidence: Evidence, names: Names) -> str:
    if not isinstance(evidence, ArrivalEvidence) or evidence.size_bytes is None:
        return ""
    return names.words("clause", "size", size=names.words.number(evidence.size_bytes))


def _lines(evidence: Evidence, names: Names) -> str:
    if not isinstance(evidence, RowsEvidence) or not evidence.lines:
        return ""
    words = names.words
    listed = [str(line) for line in evidence.lines]
    if evidence.rows_failed > len(evidence.lines):
        listed.append(words("number", "more", count=words.number(evidence.rows_failed - len(evidence.lines))))
    return words("clause", "lines", noun=words.noun("line", len(evidence.lines)), lines=words.join(listed))


def _weight(evidence: Evidence) -> int:
    match evidence:
        case RowsEvidence():
            return evidence.rows_failed
        case CellsEvidence() | GroupEvidence():
            return evidence.cells
        case ArrivalEvidence():
            return 0


def resolved_text(judgement: Judgement, words: Words) -> str:
    """`case 4, case 11 (now part of case 2)`."""
    into = dict(judgement.merged)
    told = []
    for number in judgement.resolved:
        label = words("case", "label", number=number)
        merged = words("case", "label", number=into[number]) if number in into else None
        told.append(label if merged is None else words("case", "merged", label=label, into=merged))
    return ", ".join(told)
