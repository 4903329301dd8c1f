"""Photos in all the forms in which a caller may have them, as names and encoded bytes."""

import errno
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

Photo: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Any
"""A photo: the path of its file, its encoded bytes, a binary file opened for reading, a NumPy
array (uint8, `[height, width]`, `[height, width, 1]` or RGB `[height, width, 3]`) or a Pillow
image."""

MAX_BYTES = 256 * 2**20  # Far above what servers take; a larger file may not fit into memory.

_ORIENTATION = 0x0112  # The tag of EXIF.


def as_photos(photos: Photo | Iterable[Photo]) -> tuple[list[Photo], bool]:
    """Return the photos as a list, and whether it was given as one photo."""
    if is_one(photos):
        return [photos], True
    if not isinstance(photos, Iterable):
        raise _unknown(photos)
    return list(photos), False


def name_of(photo: Photo, number: int) -> str:
    """Return the name of a photo in results: as it was given, or `photo-1` and so on."""
    if isinstance(photo, str | os.PathLike):
        return os.fspath(photo)
    name = getattr(photo, "filename" if _is_pillow(photo) else "name", None)
    # An int for a file opened by its descriptor, an empty string for a Pillow image in memory.
    return name if isinstance(name, str) and name else f"photo-{number}"


def encoded(photo: Photo) -> bytes:
    """Return the bytes of a photo's file.

    Raises:
        OSError: the file can't be read.
        TypeError: it is no photo, or Pillow is needed to encode it and not installed.
        ValueError: an array has another shape or type than a photo's.
    """
    if isinstance(photo, str | os.PathLike):
        return read_file(Path(photo))
    if isinstance(photo, bytes | bytearray):
        return bytes(photo)
    if isinstance(photo, memoryview):
        return photo.tobytes()
    if _is_array(photo):
        return _png(_pillow().fromarray(_pixels(photo)))
    if _is_pillow(photo):
        return _png(photo)
    if not hasattr(photo, "read"):
        raise _unknown(photo)
    content = cast(BinaryIO, photo).read()
    if not isinstance(content, bytes):
        raise TypeError("the file is opened as text: open it with mode 'rb'")
    return content


def read_file(path: Path) -> bytes:
    """Return the bytes of a file, or raise `OSError`, also if it is too large for a photo."""
    if path.stat().st_size > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {MAX_BYTES:,} bytes", str(path))
    return path.read_bytes()


def is_one(photos: object) -> bool:
    """Return whether this is one photo, rather than an iterable of photos."""
    kinds = (str, bytes, bytearray, memoryview, os.PathLike)
    return (
        isinstance(photos, kinds)
        or hasattr(photos, "read")
        or _is_array(photos)
        or _is_pillow(photos)
    )


# Neither library is imported to look at a value: who has one of its objects has imported it.
def _is_array(value: object) -> bool:
    return hasattr(value, "__array_interface__") and hasattr(value, "dtype")


def _is_pillow(value: object) -> bool:
    return hasattr(value, "getbands") and hasattr(value, "save")


def _unknown(value: object) -> TypeError:
    return TypeError(
        f"{type(value).__name__} is not a photo: give a path, bytes, a binary file, an array or a"
        " Pillow image"
    )


def _pixels(array: Any) -> Any:
    gray = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1)
    if array.dtype.name != "uint8" or not (gray or (array.ndim == 3 and array.shape[2] == 3)):
        raise ValueError(
            f"a photo as an array is uint8 [height, width], [height, width, 1] or"
            f" [height, width, 3]; this one is {array.dtype.name} {list(array.shape)}"
        )
    return array.reshape(array.shape[:2]) if gray else array


def _pillow() -> Any:
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise TypeError("arrays need Pillow: pip install 'photolabel[images]'") from error
    return Image


def _png(image: Any) -> bytes:
    """Return an image as a PNG file: its pixels as they are, its orientation and its profile."""
    file, exif = io.BytesIO(), image.getexif()
    # Pillow can't write each of its modes as PNG, such as CMYK.
    lossless = image.mode in {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}
    shown = image if lossless else image.convert("RGB")
    kept = {"icc_profile": image.info.get("icc_profile")} if lossless else {}
    if _ORIENTATION in exif:
        kept["exif"] = type(exif)()
        kept["exif"][_ORIENTATION] = exif[_ORIENTATION]
    shown.save(file, "PNG", compress_level=1, **kept)
    return file.getvalue()
