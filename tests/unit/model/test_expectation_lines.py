"""What a line of a suite waits for."""

from __future__ import annotations

import pytest

from loadgate.model.expected import ExpectationLine


@pytest.mark.parametrize(
    ("kwargs", "late"),
    [
        ({"trailer_rows": {"$PARAMETER": "trailer_rows"}}, ("trailer_rows",)),
        ({"value_set": [0, {"$PARAMETER": "rejected_rows"}]}, ("rejected_rows",)),
        (
            {"limits": {"low": ({"$PARAMETER": "rejected_rows"},), "high": {"$PARAMETER": "trailer_rows"}}},
            ("trailer_rows", "rejected_rows"),
        ),
        ({"value_set": [{"$PARAMETER": "providers"}, "trailer_rows"]}, ()),
    ],
)
def test_a_parameter_that_reading_tells_at_the_end_is_waited_for_however_deep_it_stands(
    kwargs: dict[str, object], late: tuple[str, ...]
) -> None:
    line = ExpectationLine(type="expect_column_values_to_be_in_set", kwargs=kwargs, reason="As told.")

    assert line.late == late
    assert line.waits is bool(late)
