"""Which image format a file has, by its first bytes."""

from serving.photos.errors import NotAnImage, UnsupportedFormat
from serving.photos.limits import PhotoLimits

_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"heif"}
_AVIF_BRANDS = {b"avif", b"avis"}
_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)


def image_format(encoded: bytes) -> str | None:
    """Return the name of the image format that the first bytes show, or None.

    The names are Pillow's, and `HEIC`, which Pillow does not read.
    """
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "WEBP"
    if encoded[4:8] == b"ftyp":
        brand = encoded[8:12]
        return "HEIC" if brand in _HEIF_BRANDS else "AVIF" if brand in _AVIF_BRANDS else None
    return next((name for magic, name in _MAGIC if encoded.startswith(magic)), None)


def accepted_format(encoded: bytes, limits: PhotoLimits) -> str:
    """Return the name of the format, if it is accepted.

    Raises:
        NotAnImage: the first bytes are not those of an image.
        UnsupportedFormat: the format is not accepted.
    """
    name = image_format(encoded)
    if name in limits.formats:
        return name
    accepted = f"accepted formats: {', '.join(limits.formats)}"
    if name == "HEIC":
        raise UnsupportedFormat(
            f"This is a HEIC photo, the format of iPhones; {accepted}. Convert it to JPEG, or set"
            " the phone to do so: Settings, Camera, Formats, Most Compatible."
        )
    if name:
        raise UnsupportedFormat(f"This is a {name} image; {accepted}.")
    if not encoded:
        raise NotAnImage(f"The file is empty; {accepted}.")
    raise NotAnImage(
        f"The {len(encoded)} bytes begin with {encoded[:8]!r}, which is not an image format;"
        f" {accepted}."
    )
