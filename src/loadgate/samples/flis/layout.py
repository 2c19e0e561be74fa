"""A world and planted faults in; out, a complete site: content, two months' deliveries, what came before, controls.

Killed half-way, the same call goes on where it stopped: `sample.json` says for which world and faults the site is,
and which pieces of the inbox are whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from loadgate.arriving.expected import expect
from loadgate.errors import Refused
from loadgate.model.identity import key_of
from loadgate.model.version import VERSION
from loadgate.samples.flis import writing
from loadgate.samples.flis.rows import PROVIDER, pieces, rows

if TYPE_CHECKING:
    import polars as pl

    from loadgate.model.deliveries import ExpectedDelivery
    from loadgate.model.expected import Dataset
    from loadgate.model.period import Period
    from loadgate.model.profiles import DeliverySpec
    from loadgate.samples.flis.fault_kinds.planted import Planted
    from loadgate.samples.flis.world import World

NAME = "flis"
RECIPE = "sample.json"
_HALF = f"{RECIPE}.half"
FOLDERS = ("vendor_profiles", "expectations", "baselines")
_FILES = {("kmd_boern", "cases"): 2}  # files of a delivery, where it is more than one
_MEMBERS = 3  # of an archive
_STREAMED_ROWS = 5_000_000  # a dataset with more is written as it is made
_EARLY = 0.04  # of the deliveries come before the month is over


@dataclass(slots=True, kw_only=True)
class Laid:
    """What was laid out; `rows` are those of the deliveries of this month."""

    deliveries: int = 0
    rows: int = 0
    vintages: int = 0
    done: dict[str, int] = field(default_factory=dict)  # month/dataset → rows


def lay_out(
    world: World, out: Path, *, faults: Sequence[Planted] = (), say: Callable[[str], object] = lambda _: None
) -> Laid:
    """Write the site into `out`, a folder that is new, empty, or was begun by the same call.

    The content is that of the world's own site. Raises Refused for a folder that holds something else.
    """
    key = _key(world, faults)
    laid, finished = _begun(out, key)
    if finished:
        return laid
    _write_recipe(out, world, key, laid, finished=False)
    write_content(world.site.root, out)
    months = (world.period.previous, world.period)
    every = [_Laying(world, out, one, faults) for month in months for one in _expected(world, month)]
    inbox = {one.expected.id: one for one in every}
    for month in months:
        for dataset in sorted({one.expected.dataset for one in every if one.expected.period == str(month)}):
            unit = f"{month}/{dataset}"
            if unit not in laid.done:
                laid.done[unit] = _write_dataset(world, world.site.dataset(dataset), month, inbox)
                say(f"{unit}  {laid.done[unit]} rows")
                _write_recipe(out, world, key, laid, finished=False)
    _write_times(world, out, every)
    laid.vintages = _write_past(world, out, say)
    this = [one for one in every if one.expected.period == str(world.period)]
    laid.deliveries = sum(one.moment is not None for one in this)
    laid.rows = sum(count for unit, count in laid.done.items() if unit.startswith(f"{world.period}/"))
    _write_recipe(out, world, key, laid, finished=True)
    return laid


def _write_times(world: World, out: Path, deliveries: Iterable[_Laying]) -> None:
    zone = ZoneInfo(world.site.file.timezone)
    times = sorted((name, one.moment) for one in deliveries if one.moment is not None for name in one.names)
    lines = "".join(f"{name},{moment.astimezone(zone).isoformat()}\n" for name, moment in times)
    (out / world.site.file.inbox / "received.csv").write_text(f"name,received_at\n{lines}", encoding="utf-8")


def write_content(root: Path, out: Path) -> None:
    """The content folders and site.toml, which says that arrival times are stated; an empty inbox."""
    out.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("vintages", "__pycache__")
        shutil.copytree(root / name, out / name, dirs_exist_ok=True, copy_function=shutil.copyfile, ignore=ignored)
    (out / "inbox").mkdir(mode=0o700, exist_ok=True)  # row values
    text = (root / "site.toml").read_text(encoding="utf-8")
    if "\nstated_times" not in text:
        head, bracket, tables = text.partition("\n[")
        text = f"{head.rstrip()}\nstated_times = true  # inbox/received.csv says when a file came\n{bracket}{tables}"
    (out / "site.toml").write_text(text, encoding="utf-8")


def _write_past(world: World, out: Path, say: Callable[[str], object]) -> int:
    """What was approved before, and what is compared with. Both take up what was begun."""
    from loadgate.samples.flis.vintages import write_controls, write_vintages

    write_controls(world, out, world.period)
    written = write_vintages(world, out)
    say(f"{len(written)} earlier vintages")
    return len(written)


# ── what was begun before ──────────────────────────────────────────────────────────────────────────────────────


def _key(world: World, faults: Sequence[Planted]) -> str:
    """What decides every byte of the site; of the faults it tells nothing."""
    planted = [[one.kind, one.where, one.period, str(one.size)] for one in faults]
    return key_of(NAME, VERSION, str(world.period), str(world.seed), dict(world.rows), planted, world.site.files)


def _begun(out: Path, key: str) -> tuple[Laid, bool]:
    if not out.exists() or (out.is_dir() and all(path.name == _HALF for path in out.iterdir())):
        return Laid(), False
    path = out / RECIPE
    if not path.is_file():
        raise Refused(f"{out} is not empty", fix="name a new folder")
    recipe = json.loads(path.read_text(encoding="utf-8"))
    if recipe["key"] != key:
        raise Refused(f"{out} holds another sample: other options, or other content", fix="name a new folder")
    return Laid(**recipe["laid"]), recipe["finished"]


def _write_recipe(out: Path, world: World, key: str, laid: Laid, *, finished: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    told = {name: getattr(laid, name) for name in ("deliveries", "rows", "vintages", "done")}
    recipe = {"sample": NAME, "period": str(world.period), "key": key, "finished": finished, "laid": told}
    half = out / _HALF
    half.write_text(json.dumps(recipe, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    half.replace(out / RECIPE)


# ── deliveries ─────────────────────────────────────────────────────────────────────────────────────────────────


def _expected(world: World, month: Period) -> list[ExpectedDelivery]:
    site = world.site
    return expect(
        calendar=site.calendar,
        assignments=site.assignments,
        suppliers=site.suppliers,
        systems=site.file.systems,
        timezone=site.file.timezone,
        period=month,
        providers=site.providers,
    )


def sent(world: World, delivery: ExpectedDelivery) -> datetime:
    """When a delivery comes that nothing keeps: before it is due, a few even before the month is over."""
    zone = ZoneInfo(world.site.file.timezone)
    rng = world.rng("sent", delivery.id)
    month = next(month for month in (world.period, world.period.previous) if str(month) == delivery.period)
    over = datetime.combine(month.end, datetime.min.time(), zone)
    if rng.random() < _EARLY:
        moment = over - timedelta(hours=float(rng.uniform(4, 60)))
    else:
        moment = over + (delivery.due - over) * float(0.05 + 0.93 * rng.beta(2.0, 1.6))
    return moment.replace(second=0, microsecond=0)


class _Laying:
    """One expected delivery with the faults that act on it: when it comes, under which names, and its files."""

    def __init__(self, world: World, out: Path, expected: ExpectedDelivery, faults: Sequence[Planted]) -> None:
        self.expected = expected
        self._world, self._inbox = world, out / world.site.file.inbox
        self.faults = [one for one in faults if expected.id in one.deliveries]
        self.instead = next((one.instead[expected.id] for one in self.faults if expected.id in one.instead), None)
        self.moment: datetime | None = sent(world, expected)
        for one in self.faults:
            if one.arrival is not None and self.moment is not None:
                self.moment = one.arrival(expected, self.moment)
        self.names = () if self.moment is None else self._names(self.moment)

    @property
    def untouched(self) -> bool:
        """Whether its rows and texts are those of the world."""
        return all(one.rows is None and one.text is None and one.spec is None for one in self.faults)

    @property
    def has_other_texts(self) -> bool:
        return any(one.text is not None for one in self.faults)

    @property
    def spec(self) -> DeliverySpec:
        """As it is written, which need not be as it is read."""
        one = self.expected
        spec = self._world.site.spec(supplier=one.supplier, system=one.system, dataset=one.dataset)
        for fault in self.faults:
            spec = spec if fault.spec is None else fault.spec(spec)
        return spec

    def _names(self, moment: datetime) -> tuple[str, ...]:
        day = moment.astimezone(ZoneInfo(self._world.site.file.timezone)).date().isoformat()
        pattern = self.expected.pattern.replace("{date}", day).replace("*", "")
        stream = (self.expected.system, self.expected.dataset)
        files = 1 if is_streamed(self._world, self.expected.dataset) else _FILES.get(stream, 1)
        parts = [""] if files == 1 or "{part}" not in pattern else [f"_{number + 1}" for number in range(files)]
        return tuple(pattern.replace("{part}", part) for part in parts)

    def spoiled(self, provider: str, frame: pl.DataFrame) -> pl.DataFrame:
        """A provider's typed rows after the faults."""
        for number, fault in enumerate(self.faults):
            if fault.rows is not None:
                rng = self._world.rng("fault", fault.kind, fault.where, number, self.expected.id, provider)
                frame = fault.rows(self.expected, provider, frame, rng)
        return frame

    def changed(self, text: pl.DataFrame) -> pl.DataFrame:
        """Texts after the faults."""
        for fault in self.faults:
            text = text if fault.text is None else fault.text(self.expected, text)
        return text

    def files(self, typed: pl.DataFrame, text: pl.DataFrame, dataset: Dataset) -> list[bytes]:
        """The bytes of each of its files, the texts after the faults."""
        step = max(1, -(-text.height // max(len(self.names), 1)))
        found = []
        for number in range(len(self.names)):
            own = None if self.has_other_texts else typed.slice(number * step, step)
            piece = text.slice(number * step, step)
            found.append(writing.file_bytes(piece, self.spec, dataset, parts=_MEMBERS, typed=own))
        return found

    def put(self, files: Sequence[bytes]) -> None:
        """Into the inbox."""
        for path, data in zip(self.paths, files, strict=True):
            path.write_bytes(data)
            self.spoil_file(path)

    def spoil_file(self, path: Path) -> None:
        """The faults of whole files."""
        for fault in self.faults:
            if fault.data is not None:
                path.write_bytes(fault.data(self.expected, path.read_bytes()))

    @property
    def paths(self) -> list[Path]:
        """Where its files lie; their folder is made."""
        found = [self._inbox / name for name in self.names]
        for path in found:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return found


# ── datasets ───────────────────────────────────────────────────────────────────────────────────────────────────


def _write_dataset(world: World, dataset: Dataset, month: Period, inbox: Mapping[str, _Laying]) -> int:
    """Every delivery of the dataset in a month. Returns the rows of those that come.

    A delivery that holds another's files takes them from the inbox, once all others lie there.
    """
    ours = [
        one for one in inbox.values() if (one.expected.dataset, one.expected.period) == (dataset.dataset, str(month))
    ]
    coming = [one for one in ours if one.moment is not None]
    own = [one for one in coming if one.instead is None]
    if is_streamed(world, dataset.dataset):
        count = sum(_stream(world, dataset, month, one) for one in own)
    else:
        frames = Frames(world, dataset, month, own)
        count = sum(frames.put(one) for one in own)
    for one in coming:
        if one.instead is not None:
            one.put([path.read_bytes() for path in inbox[one.instead].paths])
    return count


def is_streamed(world: World, dataset: str) -> bool:
    return world.rows.get(dataset, 0) > _STREAMED_ROWS


class Frames:
    """A dataset's rows of a month: drawn for all providers together, written as text once for each system."""

    def __init__(self, world: World, dataset: Dataset, month: Period, deliveries: Sequence[_Laying]) -> None:
        drawn = rows(world, dataset.dataset, month)
        lengths = drawn[PROVIDER].rle().struct.unnest()
        ends = lengths["len"].cum_sum().to_list()
        self._spans = dict(zip(lengths["value"], zip([0, *ends], lengths["len"].to_list(), strict=False), strict=True))
        self._typed, self._dataset = drawn.select(list(dataset.columns)), dataset
        self._together: dict[str, tuple[pl.DataFrame, pl.DataFrame, dict[str, tuple[int, int]]]] = {}
        for system in sorted({one.expected.system for one in deliveries}):
            untouched = [one for one in deliveries if one.expected.system == system and one.untouched]
            if untouched:
                self._together[system] = self._of_system(untouched)

    def put(self, one: _Laying) -> int:
        """Write a delivery's files. Returns its rows."""
        if one.untouched:
            typed, text, spans = self._together[one.expected.system]
            start, length = spans[one.expected.id]
            one.put(one.files(typed.slice(start, length), text.slice(start, length), self._dataset))
            return length
        typed = self._joined([one.spoiled(name, self._of_provider(name)) for name in one.expected.providers])
        text = one.changed(writing.text(typed, one.spec, self._dataset))
        one.put(one.files(typed, text, self._dataset))
        return typed.height

    def _of_provider(self, provider: str) -> pl.DataFrame:
        start, length = self._spans.get(provider, (0, 0))
        return self._typed.slice(start, length)

    def _of_system(
        self, deliveries: Sequence[_Laying]
    ) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, tuple[int, int]]]:
        """Typed rows and texts of these deliveries one after the other, and where each begins."""
        spans, frames, at = {}, [], 0
        for one in deliveries:
            own = [self._of_provider(name) for name in one.expected.providers]
            length = sum(frame.height for frame in own)
            spans[one.expected.id] = (at, length)
            frames += own
            at += length
        typed = self._joined(frames)
        return typed, writing.text(typed, deliveries[0].spec, self._dataset), spans

    def _joined(self, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
        import polars as pl

        return pl.concat([self._typed.clear(), *frames])


def _stream(world: World, dataset: Dataset, month: Period, one: _Laying) -> int:
    """A delivery written as its rows are made. Faults of rows see about a million at a time."""

    def made() -> Iterator[pl.DataFrame]:
        for piece in pieces(world, dataset.dataset, month, one.expected.providers):
            for (provider,), frame in piece.partition_by(PROVIDER, as_dict=True, maintain_order=True).items():
                yield one.spoiled(str(provider), frame.select(list(dataset.columns)))

    path = one.paths[0]
    count = writing.write_stream(made(), one.spec, dataset, path, changed=one.changed if one.has_other_texts else None)
    one.spoil_file(path)
    return count
