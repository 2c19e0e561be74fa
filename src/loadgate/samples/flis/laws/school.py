"""A world in; out, its schools with their classes, and the pupils in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import codes, counts
from loadgate.samples.flis.laws.drawn import Drawn, at, periods_of
from loadgate.samples.flis.laws.moves import moves
from loadgate.samples.flis.world import TYPICAL_ROWS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from loadgate.samples.flis.world import World

    Ints = npt.NDArray[np.int64]

_GRADES = tuple(f"{grade:02d}" for grade in range(11))
_FOLK, _SPECIAL, _PRIVATE = "1", "2", "3"
_NORMAL, _SPECIAL_CLASS = "N", "S"
_SEATS, _SPECIAL_SEATS = 22.0, 8.0
_LESSONS = {"00": 22.5, "01": 22.5, "02": 22.5, "03": 23.25}  # clock hours a week; later grades more
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _classes_of(provider: str, pupils: float) -> Iterator[dict[str, object]]:
    """The classes of one provider's schools, with the pupils that each has on average in `size`."""
    school = 0
    folk = max(1, round(pupils * 0.77 / 560))
    private = round(pupils * 0.18 / 260) if pupils > 500 else 0
    special = max(1, round(pupils * 0.025 / 110))
    for kind, number, share in ((_FOLK, folk, 0.77), (_PRIVATE, private, 0.18), (_SPECIAL, special, 0.025)):
        for _ in range(number):
            school += 1
            for grade in _GRADES:
                if grade == "10" and (kind != _FOLK or pupils < 1_500):
                    continue
                here = pupils * share / number / 10 * (0.3 if grade == "10" else 1.0)
                for letter, (class_type, size) in zip(_LETTERS, _rooms(kind, grade, here), strict=False):
                    yield {
                        "provider": provider,
                        "school": f"{provider}{school:03d}",
                        "school_type": kind,
                        "class_type": class_type,
                        "grade": grade,
                        "class": f"{int(grade)}{letter}",
                        "size": size,
                    }


def _rooms(kind: str, grade: str, pupils: float) -> Iterator[tuple[str, float]]:
    """Class type and size of each class of a grade."""
    seats = _SPECIAL_SEATS if kind == _SPECIAL else _SEATS
    number = max(1, round(pupils / seats))
    size = min(max(pupils / number, 3.0), 9.0 if kind == _SPECIAL else 25.0)
    for _ in range(number):
        yield (_SPECIAL_CLASS if kind == _SPECIAL else _NORMAL), size
    if kind == _FOLK and grade in ("03", "06", "08"):
        yield _SPECIAL_CLASS, 7.0


def _school(world: World) -> tuple[pl.DataFrame, Ints]:
    """Classes of all providers and their pupils by month; drawn once, for both datasets."""
    import numpy as np
    import polars as pl

    kept: tuple[pl.DataFrame, Ints] | None = world.kept.get("school")
    if kept is not None:
        return kept
    for dataset in ("pupils", "classes"):
        codes.fixed(world, dataset, "school_type", dict.fromkeys((_FOLK, _SPECIAL, _PRIVATE), 1))
        codes.fixed(world, dataset, "class_type", dict.fromkeys((_NORMAL, _SPECIAL_CLASS), 1))
        codes.fixed(world, dataset, "grade", dict.fromkeys(_GRADES, 1))
    sizes = counts.sizes(world)
    rng = world.rng("school", "pupils")
    pupils = TYPICAL_ROWS["pupils"] * sizes / sizes.sum() * rng.lognormal(0, 0.05, len(sizes))
    frame = pl.DataFrame(
        [one for provider, own in zip(world.providers, pupils, strict=True) for one in _classes_of(provider, own)]
    )
    levels = moves(world, area="school", dataset="pupils", lines=len(_GRADES) + 1, calm=0.15)
    lines = [
        len(_GRADES) if one == _SPECIAL_CLASS else _GRADES.index(grade)
        for one, grade in frame.select("class_type", "grade").iter_rows()
    ]
    places = {provider: place for place, provider in enumerate(world.providers)}
    whose = [places[provider] for provider in frame["provider"]]
    mean = frame["size"].to_numpy()[:, None] * rng.lognormal(0, 0.08, (frame.height, 1))
    mean = np.clip(mean * np.exp(levels[whose, lines][:, at(world, periods_of(world, "pupils"))]), 2.0, 28.0)
    seats = np.ceil(mean / 0.96)
    drawn = np.maximum(rng.binomial(seats.astype(np.int64), mean / seats), 1).astype(np.int64)
    kept = (frame.drop("size"), drawn)
    world.kept["school"] = kept
    return kept


def pupils(world: World) -> Drawn:
    import numpy as np

    frame, drawn = _school(world)
    return Drawn(
        time="month",
        periods=periods_of(world, "pupils"),
        cells=frame,
        n=np.maximum(np.rint(drawn * world.scale("pupils")), 1).astype(np.int64),
    )


def classes(world: World) -> Drawn:
    """Each class with its pupils, and its lessons a week by grade."""
    import numpy as np

    frame, drawn = _school(world)
    rng = world.rng("classes", "lessons")
    planned = np.array([100 * _LESSONS.get(grade, 27.5 + 0.25 * int(grade)) for grade in frame["grade"]])
    own = rng.normal(1, 0.03, (frame.height, 1))
    lessons = np.clip(planned[:, None] * own * rng.normal(1, 0.004, drawn.shape), 1_000, 4_500)
    return Drawn(
        time="month",
        periods=periods_of(world, "classes"),
        cells=frame,
        n=np.ones_like(drawn),
        sums={"pupils": drawn, "lessons": np.rint(lessons).astype(np.int64)},
    )
