"""`KIND@WHERE[=SIZE]` in, planted faults out: hooks for the layout and the findings that each must cause.

WHERE is `system/dataset`, or `system/dataset/provider` for one provider; without it, a fault acts on every provider of
the system unless its kind says otherwise. Two faults that would hide each other are refused.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.errors import Exit, LoadgateError
from loadgate.samples.flis.fault_kinds import coming, known, moving, registration, transfer
from loadgate.samples.flis.fault_kinds.kind import FaultKind, Size, whole_delivery
from loadgate.samples.flis.fault_kinds.places import Place, expected_deliveries
from loadgate.samples.flis.fault_kinds.planted import Planted, hide_each_other

if TYPE_CHECKING:
    from loadgate.samples.flis.world import World

_SHARE = "share of the rows"
_ATTEMPTS = 400  # draws of a random mix for each fault that is still wanted


class FaultError(LoadgateError):
    """The command line names a fault that cannot be planted."""

    exit = Exit.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault as it was asked for, its place found."""

    kind: FaultKind
    place: Place
    size: float

    def plant(self) -> Planted:
        return self.kind.plant(self.place, self.size)


_KINDS = (
    FaultKind(
        name="missing",
        description="The delivery does not come.",
        places="every stream; whole deliveries",
        causes=("arrival.missing",),
        refuses=whole_delivery,
        plant=coming.missing,
    ),
    FaultKind(
        name="late",
        description="The delivery comes after it is due, before waiting ends.",
        places="every stream; whole deliveries",
        causes=("arrival.late",),
        refuses=coming.fits_late,
        plant=coming.late,
        size=Size(default=24, low=1, high=1000, unit="hours after it is due"),
    ),
    FaultKind(
        name="truncated",
        description="The file breaks off inside a record.",
        places="every stream; whole deliveries",
        causes=("reading.trailer", "reading.rejected_rows", "reading.unreadable_file"),
        refuses=whole_delivery,
        plant=transfer.truncated,
        size=Size(default=0.6, low=0.05, high=0.95, unit="share of the bytes that is left"),
    ),
    FaultKind(
        name="duplicate_of_last_month",
        description="Last month's file comes again, under this month's name.",
        places="every stream that came last month; whole deliveries",
        causes=("arrival.duplicate",),
        refuses=coming.fits_duplicate,
        plant=coming.duplicate,
    ),
    FaultKind(
        name="other_content",
        description="Another provider's content; without a provider, in one delivery of the stream.",
        places="streams of several deliveries; in a shared file, where the key of a row has no provider in it",
        causes=("arrival.impostor", "checking.failed"),
        refuses=coming.fits_other_content,
        plant=coming.other_content,
    ),
    FaultKind(
        name="wrong_encoding",
        description="The file is UTF-8 where its profile says otherwise, or Windows-1252 where it says UTF-8.",
        places="csv with letters beyond ASCII in its header; whole deliveries",
        causes=("reading.encoding",),
        refuses=transfer.fits_wrong_encoding,
        plant=transfer.wrong_encoding,
    ),
    FaultKind(
        name="shifted_columns",
        description="Every value stands under the name of another column.",
        places="csv; whole deliveries",
        causes=("reading.unreadable_values",),
        refuses=transfer.fits_shifted_columns,
        plant=transfer.shifted_columns,
    ),
    FaultKind(
        name="renamed_column",
        description="A column that the profile wants has another name.",
        places="csv, xlsx and parquet with a header; whole deliveries",
        causes=("reading.columns",),
        refuses=transfer.fits_renamed_column,
        plant=transfer.renamed_column,
    ),
    FaultKind(
        name="header_only",
        description="The file has no rows.",
        places="every stream; whole deliveries",
        causes=("arrival.empty",),
        refuses=whole_delivery,
        plant=transfer.header_only,
    ),
    FaultKind(
        name="provider_absent",
        description="A file for several providers holds no row of one of them.",
        places="streams with one file for several providers; one provider",
        causes=("arrival.provider_absent",),
        refuses=transfer.fits_provider_absent,
        plant=transfer.provider_absent,
    ),
    FaultKind(
        name="nothing_after_change",
        description="After a change of system, no delivery of the new one comes for the providers that changed.",
        places="streams of a system that a provider changed to in the last three months",
        causes=("arrival.missing",),
        refuses=coming.fits_nothing_after_change,
        plant=coming.nothing_after_change,
    ),
    FaultKind(
        name="code_out_of_list",
        description="A code that is in no list.",
        places="datasets with a column that is held to a list of codes",
        causes=("checking.failed",),
        refuses=registration.fits_code,
        plant=registration.code_out_of_list,
        size=Size(default=0.05, low=0.001, high=1, unit=_SHARE),
    ),
    FaultKind(
        name="free_text",
        description="Free text where a code belongs.",
        places="datasets with a column that is held to a list of codes",
        causes=("checking.failed",),
        refuses=registration.fits_code,
        plant=registration.free_text,
        size=Size(default=0.2, low=0.001, high=1, unit=_SHARE),
    ),
    FaultKind(
        name="class_type_empty",
        description="The class type is missing.",
        places="datasets of school whose suite asks for it",
        causes=("checking.failed",),
        refuses=registration.fits_class_type_empty,
        plant=registration.class_type_empty,
        size=Size(default=1, low=0.001, high=1, unit=_SHARE),
    ),
    FaultKind(
        name="special_school_normal",
        description="Special schools have normal classes only.",
        places="datasets of school whose suite has a rule for special schools",
        causes=("checking.failed",),
        refuses=registration.fits_special_school,
        plant=registration.special_school_normal,
    ),
    FaultKind(
        name="rows_doubled",
        description="Rows stand there twice.",
        places="datasets with a unique key",
        causes=("checking.failed",),
        refuses=registration.fits_rows_doubled,
        plant=registration.rows_doubled,
        size=Size(default=1, low=0.01, high=1, unit=_SHARE),
    ),
    FaultKind(
        name="sign_flipped",
        description="A number that cannot be negative has the other sign.",
        places="datasets whose suite lets a number not be below zero",
        causes=("checking.failed",),
        refuses=registration.fits_sign_flipped,
        plant=registration.sign_flipped,
    ),
    FaultKind(
        name="unit_x1000",
        description="Money in another unit, in every row of the file.",
        places="datasets with amounts, pay or cost that a figure adds up",
        causes=("trend.factor",),
        refuses=moving.fits_unit,
        plant=moving.unit,
        size=Size(default=1000, low=10, high=1000, unit="times"),
        small=False,
    ),
    FaultKind(
        name="shared_shift",
        description="Sums of the newest period are higher, or that share of its rows is gone.",
        places="every stream that figures are measured from; all providers of the system",
        causes=("trend.shift",),
        refuses=moving.fits_figures,
        plant=moving.shared_shift,
        size=Size(default=0.03, low=0.01, high=0.5, unit="share"),
        takes_provider=False,
        small=False,
    ),
    FaultKind(
        name="restated_history",
        description="Sums of all older periods are higher than last month, or that share of their rows is gone.",
        places="streams that hold closed periods: thirteen months, or quarters",
        causes=("systematic.restated_history",),
        refuses=moving.fits_history,
        plant=moving.restated_history,
        size=Size(default=0.1, low=0.01, high=1, unit="share"),
        small=False,
    ),
    FaultKind(
        name="known_error_within",
        description="A registered error is seen, at half its ceiling, in all deliveries of its scope.",
        places="streams that an entry of the register is about",
        causes=("checking.failed",),
        refuses=known.fits_known,
        plant=known.within,
    ),
    FaultKind(
        name="known_error_above",
        description="A registered error is seen, at three times its ceiling, in all deliveries of its scope.",
        places="streams that an entry of the register is about",
        causes=("known_error.worse",),
        refuses=known.fits_known,
        plant=known.above,
    ),
    FaultKind(
        name="known_error_gone",
        description="A registered error was seen last month and is not any more.",
        places="streams that an entry of the register is about",
        causes=("known_error.gone",),
        refuses=known.fits_known,
        plant=known.gone,
    ),
    FaultKind(
        name="never_closed",
        description="Nothing was closed, where figures count what was.",
        places="datasets whose rows end, and figures that count those",
        causes=("trend.gone",),
        refuses=moving.fits_never_closed,
        plant=moving.never_closed,
        small=False,
    ),
    FaultKind(
        name="late_absence",
        description="A share of the newest month's absence is not registered yet.",
        places="absence",
        causes=("trend.partial",),
        refuses=moving.fits_late_absence,
        plant=moving.late_absence,
        size=Size(default=0.75, low=0.5, high=0.95, unit="share of the newest month's rows that is not there"),
        small=False,
    ),
    FaultKind(
        name="neighbouring_function",
        description="Postings of one function stand on a neighbouring one, in the newest month.",
        places="the ledger",
        causes=("trend.offset",),
        refuses=moving.fits_neighbouring,
        plant=moving.neighbouring_function,
        size=Size(default=0.5, low=0.2, high=1, unit="share of what the function spent"),
        small=False,
    ),
    FaultKind(
        name="frozen",
        description="The newest period repeats the one before it.",
        places="every stream that figures are measured from",
        causes=("trend.frozen",),
        refuses=moving.fits_figures,
        plant=moving.frozen,
        small=False,
    ),
)

FAULTS: dict[str, FaultKind] = {kind.name: kind for kind in _KINDS}


def describe() -> str:
    """Every kind on one line: what it is, where it fits, what it must cause."""
    lines = []
    for kind in FAULTS.values():
        size = f" SIZE: {kind.size.words}." if kind.size else ""
        lines.append(
            f"{kind.name}: {kind.description} Fits {kind.places}. Must cause {' or '.join(kind.causes)}.{size}"
        )
    return "\n".join(lines)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────


def parse(world: World, text: str) -> Fault:
    """Read `KIND@WHERE[=SIZE]`. Raises FaultError: unknown names, a kind that does not fit, a size out of range."""
    name, at, rest = text.partition("@")
    where, equals, given = rest.partition("=")
    if not at or not where:
        raise FaultError(f"--fault {text}: it says not where", fix="KIND@system/dataset[/provider][=SIZE]")
    if name not in FAULTS:
        raise FaultError(f"there is no kind of fault {name!r}", fix=_nearest(name, FAULTS))
    kind = FAULTS[name]
    place = _place(world, where)
    if place.provider is not None and not kind.takes_provider:
        raise FaultError(f"{name} acts on a whole system", fix=f"{name}@{place.spec.system}/{place.spec.dataset}")
    size = _size(kind, given if equals else None)
    reason = kind.refuses(place, size)
    if reason is not None:
        raise FaultError(f"{name} does not fit {where}: {reason}", fix=f"{name} fits {kind.places}")
    return Fault(kind=kind, place=place, size=size)


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"choose one of: {', '.join(names)}"


def _place(world: World, where: str) -> Place:
    system, _, rest = where.partition("/")
    dataset, _, provider = rest.partition("/")
    everywhere = expected_deliveries(world)
    systems = sorted({one.system for one in everywhere})
    if system not in systems:
        raise FaultError(f"no deliveries come from a system {system!r}", fix=_nearest(system, systems))
    datasets = sorted({one.dataset for one in everywhere if one.system == system})
    if dataset not in datasets:
        raise FaultError(f"{system} sends no dataset {dataset!r}", fix=_nearest(dataset, datasets))
    stream = [one for one in everywhere if (one.system, one.dataset) == (system, dataset)]
    if provider and provider not in {known.id for known in world.site.providers}:
        raise FaultError(
            f"there is no provider {provider!r}", fix=_nearest(provider, [known.id for known in world.site.providers])
        )
    served = [one for one in stream if not provider or provider in one.providers]
    if not served:
        other = next(one.system for one in everywhere if one.dataset == dataset and provider in one.providers)
        raise FaultError(
            f"{system} does not serve the provider {provider} with {dataset}", fix=f"{other}/{dataset}/{provider}"
        )
    return Place(
        world=world,
        spec=world.site.spec(supplier=stream[0].supplier, system=system, dataset=dataset),
        dataset=world.site.dataset(dataset),
        provider=provider or None,
        deliveries=tuple(served),
    )


def _size(kind: FaultKind, given: str | None) -> float:
    if kind.size is None:
        if given is not None:
            raise FaultError(f"{kind.name} has no size", fix=f"{kind.name}@WHERE")
        return 0.0
    if given is None:
        return kind.size.default
    try:
        number = float(given.removesuffix("%").removeprefix("x")) / (100 if given.endswith("%") else 1)
    except ValueError:
        number = math.nan
    if not kind.size.low <= number <= kind.size.high:
        raise FaultError(f"{given!r} is no size of {kind.name}", fix=kind.size.words)
    return number


# ── planting ───────────────────────────────────────────────────────────────────────────────────────────────────


def plant(world: World, faults: Sequence[str | Fault]) -> list[Planted]:
    """Plant what is asked for. Raises FaultError for a text that `parse` refuses, and where two hide each other."""
    planted: list[Planted] = []
    for fault in faults:
        found = (parse(world, fault) if isinstance(fault, str) else fault).plant()
        for other in planted:
            delivery = hide_each_other(found, other)
            if delivery is not None:
                raise FaultError(
                    f"{found.kind}@{found.where} and {other.kind}@{other.where} would hide each other on {delivery}",
                    fix="plant them in different deliveries",
                )
        planted.append(found)
    return planted


def random_mix(world: World, count: int) -> list[Fault]:
    """Draw so many faults that do not touch the same deliveries, kinds as different as they can be. By the seed.

    Raises FaultError if so many do not fit into the month.
    """
    rng = world.rng("faults", "mix")
    streams = sorted({(one.system, one.dataset) for one in expected_deliveries(world)})
    chosen: list[Fault] = []
    taken: set[str] = set()
    names: list[str] = []
    for _ in range(_ATTEMPTS * max(count, 1)):
        if len(chosen) == count:
            break
        names = names or [str(name) for name in rng.permutation(sorted(FAULTS))]
        kind = FAULTS[names.pop()]
        system, dataset = streams[int(rng.integers(len(streams)))]
        place = _drawn(world, kind, _place(world, f"{system}/{dataset}"), int(rng.integers(1 << 30)))
        size = kind.size.default if kind.size else 0.0
        if kind.refuses(place, size) is not None:
            names.append(kind.name)  # the same kind at another place
            if rng.random() < 0.02:  # it may fit nowhere that is left
                names.pop()
            continue
        fault = Fault(kind=kind, place=place, size=size)
        touched = fault.plant().grips.keys()
        if taken & touched:
            continue
        taken |= touched
        chosen.append(fault)
    if len(chosen) < count:
        raise FaultError(f"{count} faults do not fit into one month", fix=f"--faults {len(chosen)}, or fewer")
    return chosen


def _drawn(world: World, kind: FaultKind, place: Place, number: int) -> Place:
    """One provider of the stream where the kind acts on one; one of the larger half where figures must show it."""
    if not kind.takes_provider or kind.refuses is known.fits_known:
        return place
    if place.shared and kind.refuses is not transfer.fits_provider_absent and number % 2:
        return place
    population = world.population
    names = sorted(place.providers, key=lambda name: (population.get(name, 0), name))
    names = names if kind.small else names[len(names) // 2 :]
    if kind.refuses is coming.fits_nothing_after_change:
        return place
    return _place(world, f"{place.spec.system}/{place.spec.dataset}/{names[number // 2 % len(names)]}")
