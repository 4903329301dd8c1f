"""What identifies a photo: the SHA-256 of its file, or, in a data set of arrays, of its pixels."""

import hashlib

import numpy as np

from training.data.datasets import DataSet, Photos, Split


def contents(data: DataSet, split: Split) -> list[str]:
    """Return the SHA-256 of each photo of a split, hexadecimal: of its file, or of its pixels."""
    files = data.contents(split)
    return pixel_contents(split.photos) if files is None else files


def pixel_contents(photos: Photos) -> list[str]:
    """Return the SHA-256 of the pixels of each photo, hexadecimal.

    Args:
        photos: uint8 `[photos, height, width, channels]`.
    """
    each = (np.asarray(photos[index]) for index in range(len(photos)))
    return [hashlib.sha256(photo.tobytes()).hexdigest() for photo in each]
