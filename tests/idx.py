"""A data set in the published form of Fashion-MNIST, with images that the tests draw."""

import gzip
import struct
from pathlib import Path

import numpy as np


def write_fashion_mnist(folder: Path, photos: int = 200) -> None:
    """Write the four files: each class a bar at its own height, with noise."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for part, count in (("train", photos), ("t10k", max(10, photos // 4))):
        classes = (np.arange(count) % 10).astype(np.uint8)
        pixels = random.integers(0, 60, (count, 28, 28), np.uint8)
        for image, number in zip(pixels, classes, strict=True):
            image[2 * number + 4 : 2 * number + 7, 4:24] = 230
        _write(folder / f"{part}-images-idx3-ubyte.gz", pixels)
        _write(folder / f"{part}-labels-idx1-ubyte.gz", classes)


def _write(path: Path, values: np.ndarray) -> None:
    header = struct.pack(f">HBB{values.ndim}i", 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(header + values.tobytes(), compresslevel=1))
