"""What is generated and committed is what would be generated now; `make schemas` brings it up to date."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_catalogue_of_expectations_is_that_of_the_installed_great_expectations() -> None:
    from loadgate.checking.engine.catalogue import generate

    committed = (ROOT / "src/loadgate/content/gx_catalogue.json").read_text(encoding="utf-8")
    assert committed == json.dumps(generate(), indent=1, sort_keys=True) + "\n", "run: make schemas"


def test_the_catalogue_of_our_own_expectations_is_that_of_their_models() -> None:
    from loadgate.checking.own_catalogue import generate

    committed = (ROOT / "src/loadgate/content/own_catalogue.json").read_text(encoding="utf-8")
    assert committed == json.dumps(generate(), indent=1, sort_keys=True) + "\n", "run: make schemas"
