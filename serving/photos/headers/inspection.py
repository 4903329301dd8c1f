"""What a photo is and what decoding it will cost, read from its bytes without decoding it.

The inspectors (`jpeg`, `png`, `webp`) walk the structure of their format, at most as far as the
limits go, and return what it declares. They judge costs only: a file whose structure makes no sense
is left to the decoder, which refuses it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from serving.photos.errors import NotAnImage, TooManyPixels, UnsupportedFormat, too_large
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.headers.declaration import Declaration
from serving.photos.headers.file_names import (
    camera_raw,
    file_name,
    is_camera_raw,
    readable_start,
)
from serving.photos.headers.icc_profile import inspect_profile
from serving.photos.headers.jpeg import inspect_jpeg
from serving.photos.headers.png import inspect_png
from serving.photos.headers.webp import inspect_webp

# ISO/IEC 23008-12, annex B: brands of one coding, and of containers of any.
_CODINGS = dict.fromkeys((b"avif", b"avis"), "AVIF") | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"), "HEIC"
)
_CONTAINERS = {b"mif1", b"msf1", b"heif"}
_MAX_BRANDS = 32
_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)
INSPECTORS: dict[str, Callable[[bytes, PhotoLimits], Declaration]] = {
    "JPEG": inspect_jpeg,
    "PNG": inspect_png,
    "WEBP": inspect_webp,
}
"""For each format whose headers show what decoding costs; all others need the sandbox."""


class InspectedPhoto(NamedTuple):
    """A photo that may be decoded.

    Attributes:
        encoded: the file's bytes.
        format: its accepted format, by Pillow's name.
        needs_sandbox: whether decoding it may be costly, or its headers do not show what it costs.
    """

    encoded: bytes
    format: str
    needs_sandbox: bool


def inspect(encoded: bytes, limits: PhotoLimits) -> InspectedPhoto:
    """Determine the format of a photo, and check what it will cost to decode.

    Raises:
        NotAnImage, UnsupportedFormat: it does not have an accepted format.
        TooManyPixels: it has too many pixels for its format, or too long a side.
        TooCostly: something else in it costs more than is accepted.
        DamagedPhoto: its headers can't be read.
    """
    name = _accepted_format(encoded, limits)
    inspector = INSPECTORS.get(name)
    if inspector is None:
        return InspectedPhoto(encoded, name, needs_sandbox=True)
    declared = inspector(encoded, limits)
    check_size(name, declared.size, limits)
    return InspectedPhoto(encoded, name, declared.costly)


def image_format(encoded: bytes) -> str | None:
    """Return the format that the first bytes show, by Pillow's name (or `HEIC`); None: unknown."""
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "WEBP"
    if encoded[4:8] == b"ftyp":
        return _heif_coding(encoded)
    return next((name for magic, name in _MAGIC if encoded.startswith(magic)), None)


def _heif_coding(encoded: bytes) -> str | None:
    """Return the coding that a box `ftyp` names, as its brand or as the first compatible one."""
    brand = encoded[8:12]
    if brand not in _CONTAINERS:
        return _CODINGS.get(brand)
    end = min(int.from_bytes(encoded[:4], "big"), 16 + 4 * _MAX_BRANDS)
    compatible = (encoded[at : at + 4] for at in range(16, end, 4))
    return next((_CODINGS[each] for each in compatible if each in _CODINGS), "HEIC")


def _accepted_format(encoded: bytes, limits: PhotoLimits) -> str:
    name = image_format(encoded)
    raw = name == "TIFF" and is_camera_raw(encoded)
    if name in limits.formats and not raw:
        return name
    accepted = f"accepted formats: {', '.join(limits.formats)}"
    if name == "HEIC":
        raise UnsupportedFormat(
            f"This is a HEIC photo, the format of iPhones; {accepted}. Convert it to JPEG, or set"
            " the phone to do so: Settings, Camera, Formats, Most Compatible."
        )
    other = camera_raw() if raw else None if name else file_name(encoded)
    if other:
        kind = UnsupportedFormat if other.image else NotAnImage
        raise kind(f"This is {other.name}; {accepted}. {other.advice}")
    if name:
        raise UnsupportedFormat(
            f"This is {'an' if name == 'AVIF' else 'a'} {name} image; {accepted}."
        )
    if not encoded:
        raise NotAnImage(f"The file is empty; {accepted}.")
    raise NotAnImage(
        f"The {len(encoded):,} bytes begin with {readable_start(encoded)}, as no image format does;"
        f" {accepted}."
    )


def check_size(format_name: str, size: tuple[int, int], limits: PhotoLimits) -> None:
    """Check width and height, in pixels, against the limits of a format.

    Raises:
        TooManyPixels: they are above.
    """
    width, height = size
    limit = limits.pixels(format_name)
    if width * height > limit:
        raise TooManyPixels(
            f"The photo has {width}×{height} = {width * height:,} pixels; at most {limit:,}"
            f" are accepted in {format_name} files. Send a smaller copy."
        )
    if max(size) > limits.max_side:
        raise TooManyPixels(
            f"The photo has {width}×{height} pixels; no side may be longer than"
            f" {limits.max_side:,}. Send a smaller copy or a part of it."
        )


def check_metadata(info: Mapping[str | tuple[int, int], object], limits: PhotoLimits) -> None:
    """Check the EXIF data and colour profile that Pillow found, before they are parsed.

    Raises:
        TooCostly: they are larger than the limits, or the profile costs more than its bytes.
    """
    as_text = info.get("Raw profile type exif")  # Hexadecimal, in a PNG's text.
    exif = max(_length(info.get("exif")), _length(as_text) // 2)
    if exif > limits.max_exif_bytes:
        raise too_large("EXIF data", exif, limits.max_exif_bytes)
    profile = info.get("icc_profile")
    if _length(profile) > limits.max_profile_bytes:
        raise too_large("colour profile", _length(profile), limits.max_profile_bytes)
    if isinstance(profile, bytes):
        inspect_profile(profile)


def _length(value: object) -> int:
    return len(value) if isinstance(value, bytes | str) else 0
