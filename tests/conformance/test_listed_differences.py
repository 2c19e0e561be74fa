"""Every difference that is meant is there, on GX itself; an entry that explains nothing any more has to go."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # these modules belong together and are no package
LIST = tomllib.loads((HERE / "differences.toml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.filterwarnings("ignore")  # GX and pandas warn about each other


@pytest.mark.parametrize("entry", LIST["difference"], ids=lambda entry: entry["name"])
def test_a_listed_difference_is_seen_on_gx_itself(entry: dict[str, Any]) -> None:
    from examples import differing_parts, verdicts

    example = entry["example"]

    if "part" in example:
        assert differing_parts(example) == [{example["part"]}] * 2
    else:
        wanted = {"gx": example["gx"], "engine": example["ours"], "fast": example.get("fast", example["ours"])}
        assert verdicts(example) == wanted


@pytest.mark.parametrize("entry", [*LIST["difference"], *LIST["table"]], ids=lambda entry: entry.get("name", "cases"))
def test_a_listed_difference_says_why_who_is_right_and_where_gx_decides(entry: dict[str, Any]) -> None:
    import great_expectations

    file, _, line = entry["gx"].partition(":")

    assert len(entry["reason"]) > 40
    assert entry["right"] in ("ours", "GX", "either")
    source = (Path(great_expectations.__file__).parent / file).read_text(encoding="utf-8").splitlines()
    assert source[int(line) - 1].strip() == entry["gx_line"]
