"""The pictures of reports are drawn."""

import pytest


@pytest.fixture(autouse=True)
def plain_reports() -> None:
    """Override the fixture that replaces them."""
