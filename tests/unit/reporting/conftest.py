"""Reports to test with; `views.py` is loaded by path, since tests are no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_views() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reporting_views", Path(__file__).parent / "views.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def views() -> ModuleType:
    return load_views()
