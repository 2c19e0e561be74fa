"""A report's view in; its tables below the cases out: control, restatements, known errors, caveats, inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from loadgate.model.expected import Ceiling, KnownError
from loadgate.model.findings import Finding
from loadgate.model.judgement import KnownErrorState
from loadgate.model.kinds import IN_SHADOW, KINDS, Kind
from loadgate.model.moments import day_in
from loadgate.model.scope import Scope
from loadgate.reporting.cases import MOST_FINDINGS
from loadgate.reporting.charts import Chart, age_chart, age_label
from loadgate.reporting.grid import Content, Grid, Mark
from loadgate.reporting.language import mid_sentence, moment, sentence_case
from loadgate.reporting.names import Names
from loadgate.reporting.sentences import figure_title, figure_titles, finding_sentence, who
from loadgate.reporting.summaries import AgeBand, age_bands
from loadgate.reporting.view import ReportView

MOST_CONTROL_ROWS = 300
MOST_CHARTS = 2
_OUTCOME_MARKS = {"agree": ("check", "release"), "minimal": ("info", ""), "substantial": ("warning", "caveat")}
_ERROR_MARKS = {
    KnownErrorState.WITHIN_CEILING: ("check", ""),
    KnownErrorState.WORSE: ("warning", "caveat"),
    KnownErrorState.NO_LONGER_SEEN: ("info", ""),
    KnownErrorState.NOT_CHECKED: ("question", "caveat"),
}
_BAND_MARKS = {
    "above": ("up", "caveat"),
    "below": ("down", "caveat"),
    "inside": ("check", ""),
    "unknown": ("question", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """`totals`: outcome and count; `rows` those that do not agree, `note` how many of them are not shown."""

    totals: tuple[tuple[Mark, str], ...]
    summary: Grid | None
    rows: Grid | None
    rows_count: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restated:
    """Figures outside their usual band, or the first ones: a chart beside its table; `odd` more of them; the `rest`."""

    pairs: tuple[tuple[Chart, Grid], ...]
    odd: Grid | None
    odd_count: str
    rest: Grid | None
    rest_count: str
    gone: str | None


def control(view: ReportView) -> Control:
    words, names = view.names.words, view.names
    if view.controls is None or view.controls.is_empty():
        return Control(totals=(), summary=None, rows=None, rows_count="", note=None)
    outcomes = ("agree", "minimal", "substantial", "not_applicable")
    found = view.controls.to_dicts()
    totals = tuple(
        (_outcome_mark(outcome, names), words.number(sum(row[outcome] for row in found))) for outcome in outcomes
    )
    summary = Grid(
        caption=words("page", "control_caption"),
        head=(
            words("page", "figure"),
            words("page", "source"),
            words("page", "compared"),
            *(sentence_case(words("outcome", outcome)) for outcome in outcomes),
        ),
        rows=tuple(
            (
                sentence_case(figure_title(row["figure"], names)),
                row["source"],
                *(words.number(row[key]) for key in ("compared", *outcomes)),
            )
            for row in found
        ),
        numeric=frozenset(range(2, 7)),
    )
    grid, count, note = _control_rows(view)
    return Control(totals=totals, summary=summary, rows=grid, rows_count=count, note=note)


def _control_rows(view: ReportView) -> tuple[Grid | None, str, str | None]:
    words, names = view.names.words, view.names
    frame = view.control_rows
    if frame is None or frame.is_empty():
        return None, "", None
    rows = tuple(_control_row(row, names) for row in frame.head(MOST_CONTROL_ROWS).to_dicts())
    keys = ("figure", "cell", "reference", "value", "control_value", "difference", "relative", "outcome", "source")
    labels = [words("page", key) for key in keys]
    labels.insert(1, sentence_case(names.provider()))
    note = None
    if frame.height > MOST_CONTROL_ROWS:
        whole = words.number(frame.height)
        note = words("page", "control_rows_left", count=words.number(MOST_CONTROL_ROWS), whole=whole)
    count = words("page", "control_rows", count=words.count("value", frame.height))
    return Grid(caption=count, head=tuple(labels), rows=rows, numeric=frozenset({4, 5, 6, 7})), count, note


def _control_row(row: dict[str, object], names: Names) -> tuple[Content, ...]:
    words = names.words
    provider, start = row["provider"], row["reference_start"]
    numbers = [_plain(row[key], names) for key in ("value", "other", "difference")]
    relative = row["difference_relative"]
    return (
        sentence_case(figure_title(str(row["figure"]), names)),
        who(Scope(), names) if provider is None else names.providers.get(str(provider), str(provider)),
        "–" if row["cell"] is None else str(row["cell"]),
        start.isoformat() if isinstance(start, date) else "–",
        *numbers,
        words.percent(relative, signed=True) if isinstance(relative, float) else "–",
        _outcome_mark(str(row["outcome"]), names),
        str(row["source"] or ""),
    )


def restated(view: ReportView) -> Restated | None:
    """None where there was nothing to compare with."""
    frame = view.restatements
    if frame is None or frame.is_empty():
        return None
    words, names = view.names.words, view.names
    figures: dict[str, list[AgeBand]] = {}
    for band in age_bands(frame):
        figures.setdefault(band.figure, []).append(band)
    odd = [figure for figure, bands in figures.items() if any(band.place in ("above", "below") for band in bands)]
    first = (odd or list(figures))[:MOST_CHARTS]
    pairs = tuple(
        (
            age_chart(f"age-{index}", bands=figures[figure], figure=figure_title(figure, names), names=names),
            _restated_grid(figures[figure], names, alone=True),
        )
        for index, figure in enumerate(first)
    )
    more = [figure for figure in odd if figure not in first]
    rest = [figure for figure in figures if figure not in first and figure not in more]
    return Restated(
        pairs=pairs,
        odd=_restated_grid([band for figure in more for band in figures[figure]], names) if more else None,
        odd_count=words("page", "restatements_odd", count=words.count("figure", len(more))),
        rest=_restated_grid([band for figure in rest for band in figures[figure]], names) if rest else None,
        rest_count=words("page", "restatements_rest", count=words.count("figure", len(rest))),
        gone=words("page", "restatements_vanished", count=words.count("value", view.cells_gone))
        if view.cells_gone
        else None,
    )


def _restated_grid(bands: list[AgeBand], names: Names, *, alone: bool = False) -> Grid:
    """`alone`: the bands are of one figure, which need not be repeated in every row."""
    words = names.words
    rows: list[tuple[Content, ...]] = []
    for band in bands:
        icon, tone = _BAND_MARKS[band.place]
        known = band.low is not None and band.high is not None
        usual = f"{words.percent(band.low or 0.0)} – {words.percent(band.high or 0.0)}" if known else "–"
        rows.append(
            (
                *(() if alone else (sentence_case(figure_title(band.figure, names)),)),
                age_label(band, names),
                words.number(band.restated),
                words.number(band.eligible),
                words.percent(band.share),
                usual,
                Mark(icon=icon, text=words("page", f"band_{band.place}"), tone=tone),
            )
        )
    keys = ("age", "restated", "compared", "share", "usual", "state")
    caption = words("page", "restatements_caption")
    if alone:
        caption = f"{sentence_case(figure_title(bands[0].figure, names))}: {mid_sentence(caption)}"
    first = 1 if alone else 2
    return Grid(
        caption=caption,
        head=tuple(words("page", key) for key in (keys if alone else ("figure", *keys))),
        rows=tuple(rows),
        numeric=frozenset(range(first, first + 4)),
    )


def known_errors(view: ReportView) -> Grid | None:
    """One row per verdict, worse ones first."""
    words, names = view.names.words, view.names
    register = {error.id: error for error in view.known_errors}
    order = (
        KnownErrorState.WORSE,
        KnownErrorState.NOT_CHECKED,
        KnownErrorState.NO_LONGER_SEEN,
        KnownErrorState.WITHIN_CEILING,
    )
    today = _day(view.judgement.as_of, names.timezone)
    rows: list[tuple[Content, ...]] = []
    for verdict in sorted(view.judgement.known_errors, key=lambda each: (order.index(each.state), each.error)):
        entry = register.get(verdict.error)
        icon, tone = _ERROR_MARKS[verdict.state]
        title = f"{verdict.error}: {entry.title}" if entry is not None else verdict.error
        review: Content = "–"
        if entry is not None:
            review = entry.review.isoformat()
            if today is not None and entry.review < today:
                review = Mark(icon="warning", text=review, tone="caveat")
        rows.append(
            (
                title,
                Mark(icon=icon, text=words("known_error_state", verdict.state.value), tone=tone),
                "–" if verdict.size is None else _in_unit(verdict.size, entry, names),
                _in_unit(verdict.ceiling, entry, names),
                "–" if entry is None else entry.owner,
                "–" if entry is None else entry.reported.isoformat(),
                review,
            )
        )
    if not rows:
        return None
    keys = ("error", "state", "size", "ceiling", "owner", "reported", "review")
    return Grid(
        caption=words("page", "known_errors_caption"),
        head=tuple(words("page", key) for key in keys),
        rows=tuple(rows),
        numeric=frozenset({2, 3}),
    )


def caveats(view: ReportView) -> Grid | None:
    names, words = view.names, view.names.words
    findings = {finding.id: finding for finding in view.judgement.findings}
    rows = dict.fromkeys(
        (scope_words(caveat.scope, names), _caveat_reason(caveat.reason, caveat.source, findings, names))
        for caveat in view.judgement.caveats
    )
    if not rows:
        return None
    head = (words("page", "reach"), words("page", "reason"))
    return Grid(caption=words("page", "caveats"), head=head, rows=tuple(rows))


Listed = list[tuple[str, str, list[str], str | None]]  # per kind its title, count, sentences, and how many are left


def other_findings(view: ReportView) -> Listed:
    """Findings of no case."""
    told = {each for case in view.judgement.cases for each in case.findings}
    rest = (each for each in view.judgement.findings if each.id not in told and each.kind not in IN_SHADOW)
    return _by_kind(rest, view.names)


def in_shadow(view: ReportView) -> Listed:
    """What content that is only tried would have found."""
    return _by_kind((each for each in view.judgement.findings if each.kind in IN_SHADOW), view.names)


def _by_kind(findings: Iterable[Finding], names: Names) -> Listed:
    words = names.words
    kinds: dict[Kind, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    listed = []
    for kind in sorted(kinds, key=lambda each: (-KINDS[each].severity.rank, list(Kind).index(each))):
        own = sorted(kinds[kind], key=lambda each: (-each.severity.rank, each.id))
        left = len(own) - MOST_FINDINGS
        note = words("page", "findings_left", count=words.count("finding", left)) if left > 0 else None
        sentences = [finding_sentence(each, names) for each in own[:MOST_FINDINGS]]
        listed.append((sentence_case(words("title", KINDS[kind].sentence)), words.number(len(own)), sentences, note))
    return listed


def checks(view: ReportView) -> list[tuple[str, str]]:
    """How many planned checks gave what, failures first; those in shadow apart."""
    words = view.names.words
    counted = Counter(outcome.state.value for outcome in view.judgement.outcomes if not outcome.shadow)
    order = ("could not run", "fail", "pass", "not applicable")
    told = [(words("check_state", state), words.number(counted[state])) for state in order if counted[state]]
    tried = sum(outcome.shadow for outcome in view.judgement.outcomes)
    return [*told, (words("page", "checks_in_shadow"), words.number(tried))] if tried else told


def inputs(view: ReportView) -> list[tuple[str, str]]:
    words, timezone = view.names.words, view.names.timezone
    return [
        (words.known("input", key), moment(value, timezone) if key == "as_of" else value)
        for key, value in view.inputs.items()
    ]


def delivery_versions(view: ReportView) -> Grid | None:
    """Every version that the run used."""
    words, names = view.names.words, view.names
    came = [arrival.delivery for arrival in view.arrivals.arrivals if arrival.delivery is not None]
    rows = tuple(
        (
            each.expected.id,
            f"v{each.version}",
            moment(each.received_at.isoformat(), names.timezone),
            words.number(sum(part.size_bytes for part in each.parts)),
            words.number(len(each.parts)),
        )
        for each in sorted(came, key=lambda delivery: delivery.expected.id)
    )
    if not rows:
        return None
    caption = words("page", "deliveries", count=words.count("delivery", len(rows)))
    head = tuple(words("page", key) for key in ("delivery", "version", "received", "bytes", "parts"))
    return Grid(caption=caption, head=head, rows=rows, numeric=frozenset({3, 4}))


def scope_words(scope: Scope, names: Names) -> str:
    """A scope as people say it: `Spending, Aarhus, 2020 to 2021`; `everything` for `*`."""
    parts = []
    if scope.figure is not None:
        parts.append(figure_titles(scope, names))
    if scope.provider is not None:
        parts.append(who(scope, names))
    lookup = {"dataset": names.datasets, "system": names.systems, "supplier": names.suppliers}
    for dimension, values in scope.values.items():
        if dimension not in ("figure", "provider"):
            known = lookup.get(dimension, {})
            parts.append(names.words.join([known.get(each, each) for each in sorted(values)], most=3))
    if scope.reference is not None:
        first, last = str(scope.reference.first), str(scope.reference.last)
        parts.append(first if first == last else f"{first} {names.words('number', 'to')} {last}")
    return sentence_case(", ".join(parts)) or sentence_case(names.words("page", "everything"))


def _caveat_reason(reason: str, source: str, findings: dict[str, Finding], names: Names) -> str:
    if source in names.errors:
        return f"{source}: {names.errors[source]}"
    if source in findings:
        return finding_sentence(findings[source], names)
    return reason


def _in_unit(value: float, entry: KnownError | None, names: Names) -> str:
    ceiling: Ceiling | None = None if entry is None else entry.ceiling
    if ceiling is not None and ceiling.rows is not None:
        return names.words.count("row", round(value))
    return names.words.percent(value)


def _plain(value: object, names: Names) -> str:
    if not isinstance(value, int | float):
        return "–"
    decimals = 0 if float(value).is_integer() else 2
    return names.words.number(float(value), decimals)


def _outcome_mark(outcome: str, names: Names) -> Mark:
    icon, tone = _OUTCOME_MARKS.get(outcome, ("none", ""))
    return Mark(icon=icon, text=names.words("outcome", outcome), tone=tone)


def _day(text: str, timezone: str) -> date | None:
    try:
        return day_in(timezone, datetime.fromisoformat(text))
    except ValueError:
        return None
