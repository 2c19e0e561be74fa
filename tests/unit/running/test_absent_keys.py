"""A key that only some files of another dataset have: who is not found there may be in the others, and is undecided."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from loadgate.checking.engine.checks import NONE_COMPARED
from loadgate.content.yaml_lines import parse
from loadgate.model.expected import Dataset
from loadgate.model.findings import OutcomeState
from loadgate.model.profiles import DeliverySpec, FileFormat
from loadgate.model.scope import Scope
from loadgate.model.site import Site
from loadgate.reading.files import read
from loadgate.running.crossing import outcomes_of
from loadgate.store import durable

SUITE = """\
dataset: visits
area: care
title: Visits
columns:
  person: {type: text}
  stay: {type: text, optional: true}
expectations:
  - {type: expect_keys_to_be_in_dataset, kwargs: {column_list: [stay], reference: stays}, reason: Each is of a stay.}
"""
BARE, KNOWN, NEW, EMPTY = b"person\np\nq\n", b"person;stay\nr;a\ns;b\n", b"person;stay\nt;c\n", b"person;stay\nu;\n"
NOT_IN_EVERY_FILE = "column stay is not in every file, and no row is left to decide"


def typed(folder: Path, dataset: Dataset, files: list[bytes]) -> Path:
    into = folder / "into"
    into.mkdir(parents=True)
    parts = [folder / f"{number}.csv" for number in range(len(files))]
    for path, content in zip(parts, files, strict=True):
        path.write_bytes(content)
    spec = DeliverySpec(system="x", dataset="visits", files="*", format=FileFormat(delimiter=";"))
    reading = read(parts, spec=spec, dataset=dataset, scope=Scope(), into=into)
    durable.seal(into, {"rows_typed": reading.rows_typed})
    return into


@pytest.mark.parametrize(
    ("files", "state", "reason", "undecided"),
    [
        ([KNOWN], OutcomeState.PASS, None, 0),
        ([KNOWN, NEW], OutcomeState.PASS, None, 1),
        ([BARE, KNOWN, NEW], OutcomeState.PASS, None, 3),
        ([NEW], OutcomeState.COULD_NOT_RUN, f"none of 1 rows {NONE_COMPARED}", None),
        ([BARE, NEW], OutcomeState.COULD_NOT_RUN, f"none of 3 rows {NONE_COMPARED}", None),
        ([BARE, EMPTY], OutcomeState.NOT_APPLICABLE, NOT_IN_EVERY_FILE, None),
    ],
)
def test_who_is_not_found_where_a_file_lacks_the_key_is_undecided(
    tmp_path: Path, files: list[bytes], state: OutcomeState, reason: str | None, undecided: int | None
) -> None:
    dataset = Dataset.model_validate(parse(SUITE, file="visits.yaml").value)
    here, there = typed(tmp_path / "visits", dataset, files), typed(tmp_path / "stays", dataset, [BARE, KNOWN])

    (found,) = outcomes_of(
        cast("Site", SimpleNamespace(code_lists=())),
        dataset,
        here,
        tables={"stays": [there]},
        absent={},
        providers=(),
        period="2026-10",
        scope=Scope(),
        into=tmp_path / "checked",
    )

    assert (found.state, found.reason, found.rows_undecided) == (state, reason, undecided)
