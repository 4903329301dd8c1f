"""The tools that only `make test-supply-chain` installs."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest


def tool(name: str) -> str:
    """Return the path of a command beside Python's; skip the test without it."""
    path = Path(sys.executable).with_name(name)
    return str(path) if path.is_file() else _missing(name)


def module(name: str) -> Any:
    """Import a module; skip the test without it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        _missing(name)


def _missing(name: str) -> NoReturn:
    message = f"{name} not found: make test-supply-chain installs it, and runs this test"
    if os.environ.get("REQUIRE_SUPPLY_CHAIN_TOOLS"):
        pytest.fail(message)
    pytest.skip(message)
