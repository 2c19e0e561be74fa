"""Who delivers, from what, when: faults between the site file and the files of vendor_profiles/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from loadgate.content.cross_formats import record_faults
from loadgate.content.cross_names import duplicate_faults, id_faults, scope_faults, title_faults
from loadgate.content.documents import Draft
from loadgate.content.layout import Alerts, Contacts
from loadgate.content.lines import Document, KeyPath, listed, nearest, quoted
from loadgate.errors import Fault
from loadgate.model.expected import Dataset
from loadgate.model.kinds import Kind, Owner
from loadgate.model.period import Cadence
from loadgate.model.profiles import Assignment, CalendarRule, DeliverySpec, FormatKind, Moment, SupplierProfile

EVERY_PROVIDER = "*"
_PLACEHOLDERS = ("period", "provider", "batch", "date", "part", "system", "dataset")
_NEEDED = {"provider": "provider", "batch": "batch", "all": None}
_TWO_PERIODS = {Cadence.DAY: 1, Cadence.WEEK: 1, Cadence.MONTH: 2, Cadence.QUARTER: 6, Cadence.YEAR: 24}  # in months
_ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]*")


def site_faults(draft: Draft) -> Iterator[Fault]:
    document = draft.site
    if document is None:
        return
    site = document.value
    try:
        ZoneInfo(site.timezone)
    except (ValueError, OSError, LookupError):
        yield document.fault(
            ("timezone",), found=quoted(site.timezone), expected="a time zone", fix='write one like "Europe/Copenhagen"'
        )
    if "://" not in site.inbox and (site.inbox.startswith("/") or ".." in site.inbox.split("/")):
        yield document.fault(
            ("inbox",),
            found=quoted(site.inbox),
            expected="a folder below the site, or s3://bucket/prefix",
            fix='write "inbox"',
        )
    needed = _TWO_PERIODS[site.cadence]
    if site.retention_months is not None and site.retention_months < needed:
        yield document.fault(
            ("retention_months",),
            found=str(site.retention_months),
            expected=f"at least {needed}: a {site.cadence} is compared with the one before it",
            fix=f"write {needed} or more, or leave it out to delete nothing",
        )
    systems = [(document, ("systems", place, "id"), system.id) for place, system in enumerate(site.systems)]
    yield from duplicate_faults(systems, what="system")
    for place, system in enumerate(site.systems):
        yield from id_faults(document, ("systems", place, "id"), system.id, what="system")
        yield from id_faults(document, ("systems", place, "area"), system.area, what="area")
    yield from title_faults(draft, document, ("provider_label",), site.provider_label)


def calendar_faults(draft: Draft) -> Iterator[Fault]:
    """Names in the rules, waiting that ends before it begins, and deliveries that no rule fits."""
    document = draft.calendar
    if document is None:
        return
    misnamed = False
    for place, rule in enumerate(document.value.rules):
        here: KeyPath = ("rules", place)
        for dimension in ("area", "system", "dataset"):
            name, known = getattr(rule, dimension), draft.names_of(dimension)
            if name is not None and known is not None and name not in known:
                misnamed = True
                yield document.unknown((*here, dimension), what=dimension, name=name, known=known)
        if _order(rule.closes) < _order(rule.due):
            yield document.fault(
                (*here, "closes"),
                found=f"{_moment(rule.closes)}, before it is due ({_moment(rule.due)})",
                expected="a moment after due",
                fix="move closes behind due",
            )
    for area, system, dataset in sorted(_expected_streams(draft)):
        if not misnamed and not any(_fits(rule, area, system, dataset) for rule in document.value.rules):
            yield document.fault(
                ("rules",),
                found=f"no rule for area {area}, system {system}, dataset {dataset}",
                expected="a rule for every delivery",
                fix="add a rule, the last one without area, system and dataset",
            )


def _order(moment: Moment) -> tuple[int, int, str]:
    return moment.month, moment.day, moment.at.isoformat()


def _moment(moment: Moment) -> str:
    return f"month {moment.month:+d}, day {moment.day}, {moment.at:%H:%M}"


def _fits(rule: CalendarRule, area: str, system: str, dataset: str) -> bool:
    wanted = ((rule.area, area), (rule.system, system), (rule.dataset, dataset))
    return all(asked is None or asked == given for asked, given in wanted)


def _expected_streams(draft: Draft) -> set[tuple[str, str, str]]:
    """(area, system, dataset) of everything that the assignments make expected."""
    specs = {document.value.supplier: document.value.deliveries for document in draft.suppliers}
    return {
        (row.value.area, row.value.system, spec.dataset)
        for row in draft.assignments
        for spec in specs.get(row.value.supplier, ())
        if spec.system == row.value.system and _serves(draft, row.value)
    }


def _serves(draft: Draft, line: Assignment) -> bool:
    system = (draft.systems or {}).get(line.system)
    return system is not None and system.area == line.area


def supplier_faults(draft: Draft) -> Iterator[Fault]:
    patterns: dict[str, tuple[str, str]] = {}
    for document in draft.suppliers:
        yield from _duplicate_specs(document)
        for place, spec in enumerate(document.value.deliveries):
            here: KeyPath = ("deliveries", place)
            yield from _spec_name_faults(draft, document, here, spec)
            yield from _pattern_faults(document, (*here, "files"), spec)
            yield from _format_faults(document, (*here, "format"), spec)
            yield from record_faults(document, here, spec, draft.datasets.get(spec.dataset))
            yield from _batch_faults(draft, document, here, spec)
            stream = (spec.system, spec.dataset)
            pattern = spec.files.replace("{system}", spec.system).replace("{dataset}", spec.dataset)
            if patterns.setdefault(pattern, stream) != stream:
                yield document.fault(
                    (*here, "files"),
                    found=f"{quoted(spec.files)}, also the pattern of {' '.join(patterns[pattern])}",
                    expected="a pattern of its own for each system and dataset",
                    fix="add {system} or {dataset}, or the part of the name that tells them apart",
                )


def _duplicate_specs(document: Document[SupplierProfile]) -> Iterator[Fault]:
    named = (
        (document, ("deliveries", place), f"{spec.system}/{spec.dataset}")
        for place, spec in enumerate(document.value.deliveries)
    )
    yield from duplicate_faults(named, what="delivery of", fix="take one of them out")


def _spec_name_faults(
    draft: Draft, document: Document[SupplierProfile], here: KeyPath, spec: DeliverySpec
) -> Iterator[Fault]:
    system = None if draft.systems is None else draft.systems.get(spec.system)
    if draft.systems is not None and system is None:
        yield document.unknown((*here, "system"), what="system", name=spec.system, known=draft.systems)
    if spec.dataset not in draft.dataset_names:
        yield document.unknown((*here, "dataset"), what="dataset", name=spec.dataset, known=draft.dataset_names)
    dataset = draft.datasets.get(spec.dataset)
    if dataset is None:
        return
    if system is not None and system.area != dataset.area:
        yield document.fault(
            (*here, "dataset"),
            found=f"a dataset of area {dataset.area}",
            expected=f"one of the system's area, {system.area}",
            fix="name another dataset, or mend the area of the system",
        )
    if spec.per != "provider" and dataset.provider_column is None:
        yield document.fault(
            (*here, "per"),
            found=quoted(spec.per),
            expected="provider, since the dataset has no provider_column that says whose row it is",
            fix=f"give {spec.dataset} a provider_column, or write per: provider",
        )
    yield from _column_faults(document, here, spec, dataset)


def _column_faults(
    document: Document[SupplierProfile], here: KeyPath, spec: DeliverySpec, dataset: Dataset
) -> Iterator[Fault]:
    sources: set[str] = set()
    filled: set[str] = set()
    for place, pair in enumerate(spec.columns):
        path = (*here, "columns", place)
        if pair.column not in dataset.columns:
            yield document.unknown((*path, "column"), what="column", name=pair.column, known=dataset.columns)
        for key, name, seen in (("source", pair.source, sources), ("column", pair.column, filled)):
            if name in seen:
                yield document.fault(
                    (*path, key), found=f"{quoted(name)} twice", expected="it once", fix="take one line out"
                )
            seen.add(name)
    for place, name in enumerate(spec.ignore_columns):
        if name in sources:
            path = (*here, "ignore_columns", place)
            yield document.fault(
                path, found=f"{quoted(name)}, also read", expected="a column that nobody wants", fix="take it out here"
            )
    lacking = [name for name, column in dataset.columns.items() if not column.optional and name not in filled]
    if spec.columns and lacking:
        yield document.fault(
            (*here, "columns"),
            found=f"nothing for {listed(lacking)}",
            expected=f"a source for every column of {spec.dataset} that is not optional",
            fix=f"add {{source: …, column: {lacking[0]}}}",
        )


def _pattern_faults(document: Document[SupplierProfile], path: KeyPath, spec: DeliverySpec) -> Iterator[Fault]:
    found = quoted(spec.files)
    names = re.findall(r"\{([^{}]*)\}", spec.files)
    for name in names:
        if name not in _PLACEHOLDERS:
            near = nearest(name, _PLACEHOLDERS)
            yield document.fault(
                path,
                found=f"the placeholder {{{name}}}",
                expected=f"one of {listed(f'{{{p}}}' for p in _PLACEHOLDERS)}",
                fix=f"write {{{near}}}" if near else "take it out",
            )
    if set("{}") & set(re.sub(r"\{[^{}]*\}", "", spec.files)):
        yield document.fault(path, found=found, expected="braces in pairs", fix="close the brace")
    needed = _NEEDED[spec.per]
    if needed is not None and needed not in names:
        yield document.fault(
            path,
            found=found,
            expected=f"{{{needed}}}, because there is one delivery per {needed}",
            fix=f"add {{{needed}}} to the pattern",
        )
    for other in {"provider", "batch"} - {needed}:
        if other in names:
            yield document.fault(
                path,
                found=f"{{{other}}}",
                expected=f"no {{{other}}}, because the deliveries are per {spec.per}",
                fix=f"write * for it, or per: {other}",
            )
    if not {"period", "date"} & set(names):
        yield document.fault(
            path,
            found=found,
            expected="{period} or {date}, which say what month a file is of",
            fix="add {period} to the pattern",
        )
    if "\\" in spec.files or {"", ".", ".."} & set(spec.files.split("/")):
        yield document.fault(
            path,
            found=found,
            expected="a path below the inbox, with / and without ..",
            fix="write it from the inbox on",
        )


def _format_faults(document: Document[SupplierProfile], path: KeyPath, spec: DeliverySpec) -> Iterator[Fault]:
    form = spec.format
    clashes = (
        ("decimal", form.decimal, form.delimiter, "the delimiter", '"," or "."', 'decimal: ","'),
        ("thousands", form.thousands, form.delimiter, "the delimiter", "another sign, or none", "take thousands out"),
        ("thousands", form.thousands, form.decimal, "the decimal sign", "another sign, or none", "take thousands out"),
        ("quote", form.quote, form.delimiter, "the delimiter", "another sign, or none", "quote: null"),
    )
    for key, sign, other, what, expected, fix in clashes:
        if what == "the delimiter" and form.kind is not FormatKind.CSV:
            continue
        if sign is not None and sign == other:
            mend = 'decimal: "."' if key == "decimal" and sign == "," else fix
            yield document.fault((*path, key), found=f"{quoted(sign)} (also {what})", expected=expected, fix=mend)
    for key in ("date_form", "timestamp_form"):
        if not _is_date_form(getattr(form, key)):
            yield document.fault(
                (*path, key),
                found=quoted(getattr(form, key)),
                expected="a form with day, month and year, like %d-%m-%Y",
                fix="write it with %d, %m, %Y and, for times, %H:%M:%S",
            )


def _is_date_form(form: str) -> bool:
    return (
        bool(re.search(r"%[Yy]", form)) and "%m" in form and "%d" in form and not re.search(r"%(?![YymdHMSfz.%])", form)
    )


def _batch_faults(
    draft: Draft, document: Document[SupplierProfile], here: KeyPath, spec: DeliverySpec
) -> Iterator[Fault]:
    if (spec.per == "batch") != bool(spec.batches):
        yield document.fault(
            (*here, "batches"),
            found=f"{'some' if spec.batches else 'none'}, with per: {spec.per}",
            expected="batches where, and only where, deliveries are per batch",
            fix="name the batches with their providers" if spec.per == "batch" else "take the batches out",
        )
    seen: dict[str, str] = {}
    for batch, members in spec.batches.items():
        for place, provider in enumerate(members):
            path = (*here, "batches", batch, place)
            if draft.provider_ids is not None and provider not in draft.provider_ids:
                yield document.unknown(path, what="provider", name=provider, known=draft.provider_ids)
            if provider in seen:
                yield document.fault(
                    path,
                    found=f"{provider}, also in batch {seen[provider]}",
                    expected="each provider in one batch",
                    fix="take it out of one",
                )
            seen[provider] = batch


def provider_faults(draft: Draft) -> Iterator[Fault]:
    yield from duplicate_faults(((row, ("id",), row.value.id) for row in draft.providers), what="provider")
    for row in draft.providers:
        yield from id_faults(row, ("id",), row.value.id, what="provider")
    for peer in draft.peers:
        if draft.provider_ids is not None and peer.value.provider not in draft.provider_ids:
            yield peer.unknown(("provider",), what="provider", name=peer.value.provider, known=draft.provider_ids)


def assignment_faults(draft: Draft) -> Iterator[Fault]:
    told: set[tuple[str, str]] = set()
    profiles = {document.value.supplier: document.value for document in draft.suppliers}
    for row in draft.assignments:
        line = row.value
        for dimension in ("area", "system", "supplier"):
            name, known = getattr(line, dimension), draft.names_of(dimension)
            if known is not None and name not in known:
                yield row.unknown((dimension,), what=dimension, name=name, known=known)
        ids = draft.provider_ids
        if ids is not None and line.provider != EVERY_PROVIDER and line.provider not in ids:
            yield row.unknown(("provider",), what="provider", name=line.provider, known=ids)
        system = (draft.systems or {}).get(line.system)
        if system is not None and line.area in (draft.areas or ()) and system.area != line.area:
            yield row.fault(
                ("system",),
                found=f"{line.system}, a system of area {system.area}",
                expected=f"a system of area {line.area}",
                fix=f"write {system.area} as the area, or name another system",
            )
        if line.valid_to is not None and line.valid_to < line.valid_from:
            yield row.fault(
                ("valid_to",),
                found=str(line.valid_to),
                expected=f"a day not before valid_from, {line.valid_from}",
                fix="mend one of the two days",
            )
        profile = profiles.get(line.supplier)
        stream = (line.supplier, line.system)
        known_system = system is not None or draft.systems is None
        if profile is None or not known_system or stream in told:
            continue
        if not any(s.system == line.system for s in profile.deliveries):
            told.add(stream)
            yield row.fault(
                ("supplier",),
                found=f"{line.supplier}, whose profile has no delivery from {line.system}",
                expected=f"a delivery of system {line.system} in vendor_profiles/{line.supplier}.yaml",
                fix="add it there, or name another supplier",
            )
    yield from _overlaps(draft)


def _overlaps(draft: Draft) -> Iterator[Fault]:
    by_area: dict[str, list[Document[Assignment]]] = {}
    for row in draft.assignments:
        by_area.setdefault(row.value.area, []).append(row)
    for rows in by_area.values():
        groups: dict[str, list[Document[Assignment]]] = {}
        for row in rows:
            groups.setdefault(row.value.provider, []).append(row)
        every = groups.pop(EVERY_PROVIDER, [])
        pairs = [pair for group in groups.values() for pair in combinations(group, 2)]
        pairs += list(combinations(every, 2))
        pairs += [(one, other) for one in every for group in groups.values() for other in group]
        for one, other in pairs:
            first, second = sorted((one, other), key=lambda row: row.lines.first)
            if _overlap(first.value, second.value):
                yield _overlap_fault(first, second)


def _overlap(one: Assignment, other: Assignment) -> bool:
    return one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (one.valid_to or date.max)


def _overlap_fault(first: Document[Assignment], second: Document[Assignment]) -> Fault:
    one, two = first.value, second.value
    if one.valid_from < two.valid_from:
        fix = f"end line {first.lines.first} with valid_to {two.valid_from - timedelta(days=1)}"
    else:
        fix = "give one of the two lines another valid_from, or take it out"
    return second.fault(
        ("valid_from",),
        found=f"{two.valid_from} to {two.valid_to or 'open'}, within line {first.lines.first}"
        f" ({one.valid_from} to {one.valid_to or 'open'})",
        expected=f"one system at a time for area {two.area}, provider {two.provider}",
        fix=fix,
    )


def role_faults(draft: Draft) -> Iterator[Fault]:
    """Contacts in a role that nothing ever waits for: they decide nothing, so this stops no run."""
    contacts = draft.one("contacts", Contacts)
    for place, contact in enumerate(contacts.value.contacts if contacts else ()):
        if contacts is not None and contact.role not in set(Owner):
            yield contacts.unknown(("contacts", place, "role"), what="role", name=contact.role, known=Owner)


def people_faults(draft: Draft) -> Iterator[Fault]:
    """Contacts and alert routes."""
    contacts = draft.one("contacts", Contacts)
    if contacts is not None:
        for place, contact in enumerate(contacts.value.contacts):
            yield from scope_faults(draft, contacts, ("contacts", place, "scope"), contact.scope)
    alerts = draft.one("alerts", Alerts)
    if alerts is None:
        return
    names = [(alerts, ("routes", place, "name"), route.name) for place, route in enumerate(alerts.value.routes)]
    yield from duplicate_faults(names, what="route")
    for place, route in enumerate(alerts.value.routes):
        here: KeyPath = ("routes", place)
        yield from scope_faults(draft, alerts, (*here, "scope"), route.scope)
        for number, kind in enumerate(route.kinds):
            known = {*Kind, *(name.partition(".")[0] for name in Kind)}  # a kind, or a family of kinds
            if kind not in known:
                yield alerts.unknown((*here, "kinds", number), what="kind", name=kind, known=known)
        if not _ENVIRONMENT.fullmatch(route.url_env):
            yield alerts.fault(
                (*here, "url_env"),
                found="something else",  # it may be the secret itself
                expected="the name of an environment variable, in capitals",
                fix="put the URL into the environment, and its variable's name here",
            )
