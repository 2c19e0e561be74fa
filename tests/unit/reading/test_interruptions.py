"""Ctrl-C while Polars calls Python comes out as a panic that quotes it; other panics are faults."""

from __future__ import annotations

import pytest

from loadgate.errors import is_interruption
from loadgate.reading.problems import is_library_fault


def panic_with(raised: BaseException) -> BaseException:
    """As Polars words it when its call of Python raised."""
    panic = type("PanicException", (BaseException,), {})
    return panic(f"called `Result::unwrap()` on an `Err` value: PyErr {{ type: {type(raised)}, value: {raised!r} }}")


def test_ctrl_c_within_polars_is_a_wish_to_stop() -> None:
    panic = panic_with(KeyboardInterrupt())

    assert is_interruption(panic)
    assert not is_library_fault(panic)


@pytest.mark.parametrize("error", [panic_with(ValueError("1")), ValueError("KeyboardInterrupt")])
def test_another_panic_or_error_is_a_fault(error: BaseException) -> None:
    assert not is_interruption(error)
    assert is_library_fault(error)
