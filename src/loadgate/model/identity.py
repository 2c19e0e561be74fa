"""Values in, names that never change out: canonical JSON, hashes and the id forms of decision 0002."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from typing import Final

VERSION_ENDING: Final = r"/v[0-9]+$"
"""How the id of a delivery's version goes on, behind that of the expected delivery."""
_HASH_LENGTH = 16


def canonical_json(value: object) -> bytes:
    """Sorted keys, UTF-8, no spaces, no NaN; dates and decimals as text. The same value, the same bytes.

    Raises TypeError for a type without a canonical form, ValueError for NaN or infinity.
    """
    plain = _plain(value)
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")  # a file name that is no Unicode: `\udcff` is JSON's own escape


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, float):
        return value + 0.0  # minus zero is zero
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, Mapping):
        keyed = {str(key): _plain(item) for key, item in value.items()}
        if len(keyed) < len(value):
            raise ValueError("two keys of a mapping have the same text")
        return keyed
    if isinstance(value, frozenset | set):
        return sorted((_plain(item) for item in value), key=lambda item: (str(item), type(item).__name__))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(item) for item in value]
    raise TypeError(f"no canonical form for {type(value).__name__}")


def _decimal_text(value: Decimal) -> str:
    """All digits, no trailing zeros, no exponent. `normalize` would round to the context's 28 digits."""
    if not value.is_finite():
        raise ValueError("no canonical form for a decimal that is not finite")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def key_of(*parts: object) -> str:
    """A short key (16 hex digits) of any canonical values: step keys, slices, caches."""
    return sha256(canonical_json(list(parts)))[:_HASH_LENGTH]


_MOST_KEPT = 4096
_kept: dict[tuple[object, ...], tuple[tuple[object, ...], str]] = {}


def key_once(make: Callable[[], str], name: str, *given: object) -> str:
    """The key that `make` gives for objects that never change, worked out once while they live.

    Content is asked for its keys once per delivery and step. The objects count by identity, and are held, so that no
    other can take their place.
    """
    place = (name, *map(id, given))
    found = _kept.get(place)
    if found is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        found = _kept[place] = given, make()
    return found[1]


@lru_cache(maxsize=1 << 16)
def finding_id(kind: str, check: str | None, scope: str) -> str:
    """Id of a finding: its kind, check and Scope (reference periods included). No numbers, no run."""
    return f"f-{key_of(kind, check, scope)}"


def delivery_id(*, period: str, system: str, dataset: str, unit: str) -> str:
    """`2026-10/prisme/ledger/101`; unit is a provider, a named batch or `_all`.

    Raises ValueError for a name that is empty, has a slash or would climb out of a folder: two deliveries could share
    an id.
    """
    names = (period, system, dataset, unit)
    if any(not name or "/" in name or name in {".", ".."} for name in names):
        raise ValueError("system, dataset and unit of a delivery are names without a slash")
    return "/".join(names)


def version_id(delivery: str, version: int) -> str:
    return f"{delivery}/v{version}"


def expected_id(delivery: str) -> str:
    """The id of the expected delivery, from its own or a version's id."""
    return re.sub(VERSION_ENDING, "", delivery)


def run_id(period: str, number: int) -> str:
    """`2026-10` for the first run of a period, `2026-10.2` for the next; never `.1`."""
    if number < 1:
        raise ValueError(f"run numbers start at 1, not {number}")
    return period if number == 1 else f"{period}.{number}"


def parse_run_id(text: str) -> tuple[str, int]:
    """(period, number) of a run id. Raises ValueError for a number below two or with a leading zero."""
    period, dot, number = text.partition(".")
    if not dot:
        return period, 1
    if not number.isascii() or not number.isdigit() or number.startswith("0") or int(number) < 2:
        raise ValueError(f"{text!r} is not a run id")
    return period, int(number)


def stream(delivery: str) -> str:
    """A delivery's id without its period."""
    return delivery.partition("/")[2]


def part_id(area: str, provider: str) -> str:
    """A part of a release: one area of one provider."""
    return f"{area}/{provider}"


def file_pseudonym(name: str) -> str:
    """What may stand outside the data area for a file that nobody announced: names can hold personal data."""
    return f"file-{sha256(name.encode(errors='surrogatepass'))[:10]}"
