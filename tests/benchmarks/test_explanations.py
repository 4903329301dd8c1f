"""Masking of the chosen cells, and figures that distinguish good from bad heat maps."""

from typing import Any

import numpy as np
import pytest

from benchmarks.explanations import mask, measure

LIT = np.random.default_rng(0).integers(0, 25, 40)


def test_the_cells_chosen_are_filled_in() -> None:
    photos = np.full((2, 6, 8, 1), 9, np.uint8)
    masked = mask(photos, np.array([[0], [5]]), (2, 3), np.zeros((1, 1, 1, 1), np.uint8))
    expected = photos.copy()
    expected[0, :3, :3] = expected[1, 3:, 6:] = 0
    np.testing.assert_array_equal(masked, expected)


class Lit:
    """A model whose confidence is the brightness of one cell of each photo."""

    preparation = "garment/1"

    def __init__(self, points_there: bool) -> None:
        self._points_there = points_there

    def probabilities(self, photos: Any) -> np.ndarray:
        confidence = photos.reshape(-1, 25)[np.arange(40), LIT] / 255
        return np.stack([confidence, 1 - confidence], axis=1)

    def heat(self, photos: Any) -> np.ndarray:
        heat = np.eye(25)[LIT]
        return (heat if self._points_there else 1 - heat).reshape(-1, 5, 5)


@pytest.mark.parametrize("points_there", [True, False])
def test_a_heat_map_that_marks_the_evidence_is_detected(points_there: bool) -> None:
    photos = np.full((40, 5, 5, 1), 255, np.uint8)
    figures = measure(Lit(points_there), photos)  # type: ignore[arg-type]  # A stub of one.
    assert figures.better == points_there
    assert figures.hot == points_there
    assert 0.1 < figures.random < 0.3
