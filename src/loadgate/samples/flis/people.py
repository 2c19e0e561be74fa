"""Running numbers in; out, ids that look drawn and are all different: persons, employments, cases, vouchers.

A person's id has ten digits, a date and four more, with 60 added to the day: no living person has such a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

_DAYS, _MONTHS, _YEARS, _SERIALS = 28, 12, 100, 10_000  # days that every month has
PERSONS = _DAYS * _MONTHS * _YEARS * _SERIALS  # so many different ids there are
_STRIDE = 181_081_277  # has no factor in common with PERSONS, nor with a power of ten


def scattered(numbers: Numbers, *, among: int, start: int) -> Numbers:
    """Each number's own place among so many; different numbers below `among` never share one.

    `among` has no other factors than 2, 3, 5 and 7.
    """
    return (numbers % among * (_STRIDE % among) + start) % among


def person_ids(numbers: Numbers, *, start: int) -> Numbers:
    """Ten digits for each person's number: the day plus 60, month, year, serial number."""
    place = scattered(numbers, among=PERSONS, start=start)
    serial, place = place % _SERIALS, place // _SERIALS
    day, place = place % _DAYS, place // _DAYS
    month, year = place % _MONTHS, place // _MONTHS
    return ((day + 61) * 100 + month + 1) * 1_000_000 + year * _SERIALS + serial
