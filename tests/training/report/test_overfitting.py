import pytest

from training.report.overfitting import overfitting_start, smoothed


def test_smoothing_is_a_centred_moving_average_that_is_shorter_at_the_ends() -> None:
    assert smoothed([1.0, 2.0, 6.0, 4.0]) == pytest.approx([1.5, 3.0, 4.0, 5.0])


@pytest.mark.parametrize(
    ("losses", "start"),
    [
        ([1.0, 0.8, 0.6, 0.7, 0.8, 0.9], 2),
        ([1.0, 0.9, 0.8, 0.7, 0.6, 0.5], None),  # Still falling.
        ([1.0, 0.8, 0.6, 0.6, 0.6, 0.601], None),  # Less than a hundredth is noise.
        ([1.0, 0.8, 0.6, 0.9, 0.5, 0.4], None),  # One bad epoch is not overfitting.
        ([0.5, 0.6, 0.7], 0),
        ([0.5, 0.9], None),
        ([0.5, 0.6, None, 0.9], None),
        ([], None),
    ],
)
def test_overfitting_starts_where_the_smoothed_validation_loss_is_smallest_and_then_rises(
    losses: list[float | None], start: int | None
) -> None:
    assert overfitting_start(losses) == start
