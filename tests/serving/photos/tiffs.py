"""TIFF files of any kind of pixels, which Pillow reads and mostly does not write (TIFF 6.0)."""

import struct

import numpy as np

Tag = tuple[int, int, list[int]]  # number, type (3: 16 bits, 4: 32 bits), values
FLOAT, SIGNED, UNSIGNED = 3, 2, 1


def tiff(
    pixels: np.ndarray,
    photometric: int,
    sample: int = UNSIGNED,
    *,
    order: str = "<",
    more: tuple[Tag, ...] = (),
) -> bytes:
    """Return pixels `[height, width]` or `[height, width, channels]` as an uncompressed TIFF."""
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()  # type: ignore[arg-type]
    tags = [
        (256, 4, [width]),
        (257, 4, [height]),
        (258, 3, [pixels.itemsize * 8] * channels),
        (259, 3, [1]),
        (262, 3, [photometric]),
        (273, 4, [8]),
        (277, 3, [channels]),
        (278, 4, [height]),
        (279, 4, [len(data)]),
        (339, 3, [sample] * channels),
        *more,
    ]
    data += b"\0" * (len(data) % 2)
    directory_at = 8 + len(data)
    values_at = directory_at + 2 + 12 * len(tags) + 4
    directory, values = struct.pack(f"{order}H", len(tags)), b""
    for number, kind, content in sorted(tags):
        raw = struct.pack(f"{order}{len(content)}{'H' if kind == 3 else 'I'}", *content)
        if len(raw) > 4:
            value = struct.pack(f"{order}I", values_at + len(values))
            values += raw + b"\0" * (len(raw) % 2)
        else:
            value = raw.ljust(4, b"\0")
        directory += struct.pack(f"{order}HHI", number, kind, len(content)) + value
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", directory_at)
    return head + data + directory + bytes(4) + values
