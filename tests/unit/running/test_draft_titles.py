"""A draft from a file with lines above its header: what it says when the file cannot be split, and what then helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgate.errors import CouldNotRun
from loadgate.running.drafting import Asked, draft_file


@pytest.mark.parametrize("title", ["Pupils of October 2026", "Pupils"])
def test_a_line_above_the_header_is_told_with_what_to_do_about_it(tmp_path: Path, title: str) -> None:
    table = "a;b;c\n" + "1;2;x\n" * 30
    (tmp_path / "titled.csv").write_text(f"{title}\n{table}")
    (tmp_path / "copy.csv").write_text(table)

    with pytest.raises(CouldNotRun) as told:
        draft_file(tmp_path / "titled.csv", Asked())

    assert told.value.message == "31 of 31 rows do not split into the fields of the first"
    assert told.value.fix == (
        "name its --delimiter, or take the lines above its header out of a copy; a profile, with --site and --dataset, "
        "can name the first field of such a line (head_prefix), or the places in a file of fixed width"
    )
    assert "\n    kwargs: {column: a}\n" in draft_file(tmp_path / "copy.csv", Asked()).text
