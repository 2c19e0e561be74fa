"""A pattern or a length that is asked of another type than text is asked of the text that people write for a value."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from loadgate.checking.engine.domain import ask

MOMENT = datetime(2024, 1, 4, 10, 30)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2024, 1, 4), "2024-01-04 00:00:00"),
        (MOMENT, "2024-01-04 10:30:00"),
        (MOMENT.replace(microsecond=500_000), "2024-01-04 10:30:00.500"),
        (None, None),
    ],
)
def test_a_moment_has_a_fraction_of_a_second_only_where_there_is_one(
    unit: str, value: datetime | None, text: str | None
) -> None:
    assert texts(pl.Series([value, MOMENT], dtype=pl.Datetime(unit)))[0] == text  # type: ignore[arg-type]


def test_a_moment_with_a_zone_is_written_with_its_distance_from_utc() -> None:
    moments = pl.Series([MOMENT.replace(tzinfo=UTC)]).dt.convert_time_zone("Europe/Copenhagen")

    assert texts(moments) == ["2024-01-04 11:30:00+01:00"]


@pytest.mark.parametrize(("value", "text"), [(date(2024, 1, 4), "2024-01-04"), (True, "True"), (12, "12"), ("a", "a")])
def test_other_values_are_written_as_python_writes_them(value: object, text: str) -> None:
    assert texts(pl.Series([value])) == [text]


def texts(values: pl.Series) -> list[str | None]:
    frame = values.alias("c").to_frame()
    asked = ask({"column": "c"}, {}, schema=frame.schema, flags={})
    return frame.select(asked.text().alias("text"))["text"].to_list()
