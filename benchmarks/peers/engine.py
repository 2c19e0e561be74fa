"""The suite by GX's own Validator on the PolarsExecutionEngine, as a GX user runs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.frames import scan
from benchmarks.peers.gx_suite import context, failing, gx_suite, quiet
from benchmarks.peers.suite import Check, Run


def prepare(suite: Sequence[Check]) -> Run:
    quiet()
    from loadgate.checking.engine.execution import validator_for

    context()
    expectations = gx_suite(suite)

    def run(path: Path) -> dict[str, int]:
        result: Any = validator_for(scan(path), expectation_suite=expectations).validate()
        return failing(suite, result.results)

    return run
