from dataclasses import replace

import numpy as np
import pytest

from training.data.augmentation import Augmenter
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import Augmentation

EVERYTHING = Augmentation(
    flip=True,
    shift=2,
    crop_area=0.5,
    crop_aspect=1.3,
    brightness=1.2,
    contrast=0.2,
    colour=0.2,
    jpeg=30,
    cutout=4,
)


def recipe(augmentation: Augmentation, channels: int = 3, fit_size: int = 0) -> Recipe:
    shape = (20, 24, channels)
    base = RECIPES["cats-dogs-cnn"]
    return replace(base, shape=shape, augmentation=augmentation, fit_size=fit_size)


def drawn(channels: int = 3) -> np.ndarray:
    """Return a photo that gets brighter to the right and downwards."""
    rows, columns = np.mgrid[0:20, 0:24]
    gray = 60 + 2 * rows + 4 * columns
    return np.stack([gray + 10 * channel for channel in range(channels)], axis=-1).astype(np.uint8)


def variations(augmentation: Augmentation, channels: int = 3, **options: int) -> list[np.ndarray]:
    augment = Augmenter(recipe(augmentation, channels, **options), photos=40, epoch=0)
    return [augment(drawn(channels), index) for index in range(40)]


@pytest.mark.parametrize("channels", [1, 3])
def test_without_augmentation_photos_are_unchanged(channels: int) -> None:
    assert all(
        np.array_equal(photo, drawn(channels)) for photo in variations(Augmentation(), channels)
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_variations_keep_shape_and_dtype_and_do_not_change_the_photo_itself(channels: int) -> None:
    photo = drawn(channels)
    augment = Augmenter(recipe(EVERYTHING, channels), photos=40, epoch=0)

    varied = [augment(photo, index) for index in range(40)]

    assert {(array.shape, array.dtype) for array in varied} == {(photo.shape, np.dtype(np.uint8))}
    assert len({array.tobytes() for array in varied}) == 40
    assert np.array_equal(photo, drawn(channels))


def test_a_variation_depends_only_on_seed_epoch_and_index() -> None:
    chosen, photo = recipe(EVERYTHING), drawn()

    def vary(seed: int, epoch: int, index: int) -> bytes:
        return Augmenter(replace(chosen, seed=seed), 40, epoch)(photo, index).tobytes()

    backwards = Augmenter(replace(chosen, seed=1), 40, 2)
    later = [backwards(photo, index).tobytes() for index in range(39, -1, -1)][::-1]
    assert [vary(1, 2, index) for index in range(40)] == later
    assert len({vary(1, 2, 3), vary(2, 2, 3), vary(1, 3, 3), vary(1, 2, 4)}) == 4


def test_half_of_the_photos_are_mirrored() -> None:
    varied = variations(Augmentation(flip=True))

    mirrored = [np.array_equal(photo, drawn()[:, ::-1]) for photo in varied]
    assert all(np.array_equal(photo, drawn()) for photo in varied if photo[0, 0, 0] == 60)
    assert 10 < sum(mirrored) < 30


def test_a_shift_moves_by_whole_pixels_and_repeats_the_edge() -> None:
    varied = variations(Augmentation(shift=2))

    padded = np.pad(drawn(), ((2, 2), (2, 2), (0, 0)), mode="edge")
    moves = {
        (down, right): padded[2 - down : 22 - down, 2 - right : 26 - right].tobytes()
        for down in range(-2, 3)
        for right in range(-2, 3)
    }
    assert {photo.tobytes() for photo in varied} <= set(moves.values())
    assert len({photo.tobytes() for photo in varied}) > 10


def test_a_crop_enlarges_a_part() -> None:
    varied = variations(Augmentation(crop_area=0.25))

    spans = [int(photo[:, -1].mean()) - int(photo[:, 0].mean()) for photo in varied]
    whole = int(drawn()[:, -1].mean()) - int(drawn()[:, 0].mean())
    assert min(spans) == pytest.approx(whole / 2, abs=8)
    assert max(spans) == pytest.approx(whole, abs=8)


def test_a_fit_size_is_the_size_of_all_variations() -> None:
    shapes = {photo.shape for photo in variations(Augmentation(crop_area=0.5), fit_size=10)}

    assert shapes == {(10, 10, 3)}
    assert {photo.shape for photo in variations(Augmentation(), fit_size=10)} == {(10, 10, 3)}


def test_brightness_scales_all_channels_equally() -> None:
    ratios = np.array([photo / drawn() for photo in variations(Augmentation(brightness=1.2))])

    means = ratios.mean(axis=(1, 2, 3))
    assert 0.79 < means.min() < 0.9
    assert 1.1 < means.max() < 1.21
    assert np.abs(ratios - means[:, None, None, None]).max() < 0.02


def test_colour_scales_each_channel_separately() -> None:
    ratios = np.array([photo / drawn() for photo in variations(Augmentation(colour=0.2))])

    spread = np.ptp(ratios.mean(axis=(1, 2)), axis=1)
    assert spread.max() > 0.2


def test_contrast_keeps_the_mean() -> None:
    varied = variations(Augmentation(contrast=0.5))

    assert all(photo.mean() == pytest.approx(drawn().mean(), abs=6) for photo in varied)
    spreads = [photo.std() / drawn().std() for photo in varied]
    assert min(spreads) < 0.7
    assert max(spreads) > 1.3


def test_a_cutout_fills_a_square_with_the_photos_mean() -> None:
    mean = round(drawn(1).mean())
    shown = np.mgrid[0:20, 0:24]
    sizes = set()
    for photo in variations(Augmentation(cutout=6), channels=1):
        changed = (photo != drawn(1))[..., 0]
        assert set(photo[changed].ravel().tolist()) <= {mean}
        rows, columns = (axis[changed] for axis in shown)
        sizes.add((np.ptp(rows) + 1, np.ptp(columns) + 1))
    assert max(sizes) == (6, 6)
    assert len(sizes) > 1  # Partly outside.


def test_a_photo_varies_the_same_alone_and_in_a_batch() -> None:
    photos = np.stack([drawn(), drawn()[::-1], drawn()[:, ::-1]])
    augment = Augmenter(recipe(EVERYTHING), photos=40, epoch=3)

    batch = augment.batch(photos, np.array([7, 0, 39]))

    alone = [augment(photo, index) for photo, index in zip(photos, (7, 0, 39), strict=True)]
    assert np.array_equal(batch, np.stack(alone))


@pytest.mark.parametrize("channels", [1, 3])
def test_half_of_the_photos_are_compressed_as_jpeg(channels: int) -> None:
    varied = variations(Augmentation(jpeg=30), channels)

    off = [np.abs(photo.astype(int) - drawn(channels)).max() for photo in varied]
    assert 10 < sum(each == 0 for each in off) < 30
    assert 1 < max(off) < 60
