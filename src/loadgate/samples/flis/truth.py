"""Planted faults in, their truth out: a JSON list that says what must be found; and such a file read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadgate.samples.flis.fault_kinds.planted import Planted


def truth(planted: Sequence[Planted]) -> list[dict[str, Any]]:
    """One entry for each fault, in the order in which they were asked for."""
    return [
        {
            "kind": one.kind,
            "where": one.where,
            "period": one.period,
            "deliveries": list(one.known),
            "figures": list(one.figures),
            "size": one.size,
            "expected_findings": [expected.plain for expected in one.expected],
        }
        for one in planted
    ]


def write(path: Path, planted: Sequence[Planted]) -> None:
    """Raises OSError. An empty list for a month without faults."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(truth(planted), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
