import pytest

from demo.samples import Sample, garments


@pytest.fixture(scope="session")
def garment_samples() -> list[Sample]:
    """Draw the garments once for all tests."""
    return list(garments())
