import numpy as np
import pytest

from training.data.datasets import DataSet, Split


@pytest.fixture
def photos() -> DataSet:
    """A data set of a few black photos."""
    training, validation, test = (
        Split(np.zeros((count, 28, 28, 1), np.uint8), np.arange(count) % 2) for count in (6, 2, 4)
    )
    return DataSet("fashion-mnist", ("shoe", "shirt"), "0123", training, validation, test)
