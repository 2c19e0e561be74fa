"""What there is to say of one kind of fault: its words, its sizes, where it fits, and how it is planted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar

from loadgate.samples.flis.fault_kinds.places import Place, measured_from
from loadgate.samples.flis.fault_kinds.planted import EVERYTHING, Expectation, Planted

if TYPE_CHECKING:
    from typing import Unpack

    from loadgate.model.scope import Scope
    from loadgate.samples.flis.fault_kinds.planted import ArrivalHook, DataHook, RowsHook, SpecHook, TextHook

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A size that may be given, its limits included; `unit` in words for a reader."""

    default: float
    low: float
    high: float
    unit: str

    @property
    def words(self) -> str:
        return f"{self.unit}, {self.low:g} to {self.high:g}, {self.default:g} if left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """`refuses` says why it does not fit a place, and to what it does; None: it fits.

    `causes` are the finding kinds that it must cause; which of them, the place says. `small`: a provider with
    few rows shows it too.
    """

    name: str
    description: str
    places: str
    causes: tuple[str, ...]
    refuses: Callable[[Place, float], str | None]
    plant: Callable[[Place, float], Planted]
    size: Size | None = None
    takes_provider: bool = True
    small: bool = True


class Hooks(TypedDict, total=False):
    arrival: ArrivalHook
    rows: RowsHook
    text: TextHook
    spec: SpecHook
    data: DataHook
    instead: dict[str, str]


def made(
    kind: str,
    place: Place,
    *,
    expected: Iterable[Expectation],
    size: float | None = None,
    figures: Iterable[str] | None = None,
    grips: Iterable[str] = (EVERYTHING,),
    also: Iterable[str] = (),
    acts_on: Iterable[str] | None = None,
    spread: bool = False,
    **hooks: Unpack[Hooks],
) -> Planted:
    """A planted fault of this place; `also` are other deliveries that it touches, `figures` None: all that can move."""
    # in a file of several providers, a fault of one leaves the others to be seen
    inside = f"@{place.provider}" if place.shared and place.provider else ""
    held = frozenset(f"{grip}{inside}" for grip in grips)
    known = tuple(sorted({*place.ids, *also}))
    return Planted(
        kind=kind,
        where=place.where,
        period=place.period,
        size=size,
        deliveries=frozenset(place.ids if acts_on is None else acts_on),
        known=known,
        figures=measured_from(place.site, place.dataset.dataset) if figures is None else tuple(sorted(figures)),
        expected=tuple(expected),
        grips=dict.fromkeys(known, held),
        spread=spread,
        **hooks,
    )


def each(kind: str, scopes: Iterable[Scope], *, check: str | None = None) -> tuple[Expectation, ...]:
    return tuple(Expectation(kind=kind, scope=str(scope), check=check) for scope in scopes)


def needed(value: T | None) -> T:
    """What `refuses` has found to be there."""
    if value is None:
        raise ValueError("the kind was planted where it does not fit")
    return value


def whole_delivery(place: Place, _size: float) -> str | None:
    """Faults of a file cannot touch one provider of several in it."""
    if place.shared and place.provider is not None:
        return (
            f"it is a fault of a whole file, and {place.spec.dataset} comes in one file for several providers: leave "
            "the provider out, or plant provider_absent"
        )
    return None
