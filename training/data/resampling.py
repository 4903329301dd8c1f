"""Many small gray photos resampled at once, each at its own positions."""

import numpy as np


def resampled(photos: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Read photos between their pixels, bilinearly; outside they are black.

    Args:
        photos: float32 `[photos, height, width]`.
        rows: where to read, float `[photos, height', width']` or what broadcasts to it, in pixels.
        columns: likewise.

    Returns:
        float32 `[photos, height', width']`.
    """
    count, height, width = photos.shape
    framed = np.pad(photos, ((0, 0), (1, 2), (1, 2)))
    rows = np.clip(rows + 1, 0, height + 1).astype(np.float32)
    columns = np.clip(columns + 1, 0, width + 1).astype(np.float32)
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = rows - top, columns - left
    stride = width + 3
    photo = np.arange(count, dtype=np.int32)[:, None, None] * (height + 3) * stride
    index = photo + top * stride + left
    flat = framed.ravel()
    upper = flat[index] * (1 - right) + flat[index + 1] * right
    lower = flat[index + stride] * (1 - right) + flat[index + stride + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)
