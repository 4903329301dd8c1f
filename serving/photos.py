"""Encoded photo → pixels: the one preprocessing, used by training and by serving alike.

A *preparation* is a named, revised way from a photo to the pixels of a model, such as `squash/1`.
Published models name theirs, so a published one never changes: a change is a new revision.

Common to all preparations: the EXIF orientation is applied, transparency lies over white, colours
become sRGB, and a JPEG much larger than needed is decoded at a reduced size (DCT scaling, at least
twice the model's size, so that the resampling that follows still sees enough pixels).
"""

import io
import warnings
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms, ImageOps

from serving.errors import BadPhoto, DamagedPhoto, NotAnImage, TooManyPixels, UnsupportedFormat

Shape = tuple[int, int, int]  # height, width, channels

DEFAULT_FORMATS = ("JPEG", "PNG", "WEBP")
DEFAULT_MAX_PIXELS = 50_000_000
REDUCED_SIZE_MARGIN = 2

_SRGB = ImageCms.createProfile("sRGB")
_MODES = {1: "L", 3: "RGB"}
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

# What Pillow warns of is in the caller's file: large (here an error, before decoding) or sloppy.
warnings.filterwarnings("ignore", module=r"PIL\.")


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


def prepare(
    encoded: bytes,
    preparation: str,
    shape: Shape,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    formats: tuple[str, ...] = DEFAULT_FORMATS,
) -> np.ndarray:
    """Turn an encoded photo into the pixels of a model.

    An image that already has exactly the model's height, width and channels passes bit for bit.

    Args:
        encoded: the file's bytes, in one of `formats`.
        preparation: a key of `PREPARATIONS`.
        shape: height, width and channels (1: gray, 3: RGB) of the model's input.
        max_pixels: the most pixels (width × height) of the encoded photo.
        formats: the accepted formats, by Pillow's names.

    Returns:
        uint8 `[height, width, channels]`.

    Raises:
        BadPhoto: one of its kinds, saying what is wrong with this photo.
        KeyError: the preparation is not known.
    """
    fit = PREPARATIONS[preparation]
    photo = _open(encoded, max_pixels, formats)
    try:
        return _pixels(photo, fit, shape)
    except Exception as error:  # Decoders raise anything on hostile bytes: OSError, struct.error…
        raise DamagedPhoto(
            f"The {photo.format} image does not decode ({error}). Send a complete, intact file."
        ) from error


def _open(encoded: bytes, max_pixels: int, formats: tuple[str, ...]) -> Image.Image:
    """Read the header only and check it against the limits."""
    name = image_format(encoded)
    if name not in formats:
        raise _refusal(name, encoded, formats)
    try:
        photo = Image.open(io.BytesIO(encoded), formats=[name])
    except Image.DecompressionBombError as error:
        raise TooManyPixels(f"The photo has too many pixels; at most {max_pixels:,}.") from error
    except Exception as error:  # As above.
        raise DamagedPhoto(
            f"The header of the {name} image can't be read. Send a complete, intact file."
        ) from error
    if photo.width * photo.height > max_pixels:
        raise TooManyPixels(
            f"The photo has {photo.width}×{photo.height} = {photo.width * photo.height:,} pixels;"
            f" at most {max_pixels:,} are accepted. Send a smaller copy."
        )
    return photo


def _refusal(name: str | None, encoded: bytes, formats: tuple[str, ...]) -> BadPhoto:
    accepted = ", ".join(formats)
    if name == "HEIC":
        return UnsupportedFormat(
            f"This is a HEIC photo, as iPhones store them; accepted are {accepted}. Convert it to"
            " JPEG, or let the phone do it: Settings, Camera, Formats, Most Compatible."
        )
    if name:
        return UnsupportedFormat(f"This is a {name} image; accepted are {accepted}.")
    return NotAnImage(
        f"The {len(encoded)} bytes begin with {encoded[:8]!r}, which no image format does;"
        f" accepted are {accepted}."
    )


def _pixels(photo: Image.Image, fit: "Fit", shape: Shape) -> np.ndarray:
    height, width, channels = shape
    mode = _MODES[channels]
    _reduce(photo, mode, max(height, width))
    photo = _orient(photo)
    if photo.size != (width, height) or photo.mode != mode:
        photo = fit(_flatten(photo, mode), width, height)
    return np.asarray(photo, np.uint8).reshape(shape)


def _reduce(photo: Image.Image, mode: str, size: int) -> None:
    """Let a JPEG be decoded at 1/2, 1/4 or 1/8 of its size where that is still large enough."""
    draft_mode = mode if mode == "L" and "icc_profile" not in photo.info else None
    wanted = size * REDUCED_SIZE_MARGIN
    if min(photo.size) >= 2 * wanted:
        photo.draft(draft_mode, (wanted, wanted))


def _orient(photo: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(photo)
    except Exception:  # Broken EXIF data says nothing about the pixels, which may be fine…
        photo.load()  # …and if they are not, this says so.
        return photo


def _flatten(photo: Image.Image, mode: str) -> Image.Image:
    """Return the photo as 8-bit sRGB (or gray), without transparency or palette."""
    if photo.mode.startswith("I"):  # 16-bit gray; Pillow's own conversion clips instead of scaling.
        photo = Image.fromarray((np.asarray(photo, np.uint32) >> 8).astype(np.uint8))
    if photo.has_transparency_data:
        layer = photo.convert("RGBA")
        photo = Image.new("RGBA", layer.size, "white")
        photo.alpha_composite(layer)
        photo.info = layer.info
    return _to_srgb(photo).convert(mode)


def _to_srgb(photo: Image.Image) -> Image.Image:
    if photo.mode not in {"L", "RGB", "CMYK"}:
        photo = photo.convert("RGB")
    profile = photo.info.get("icc_profile")
    if not profile:
        return photo
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(photo, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):  # A broken or foreign profile: take the numbers as sRGB.
        return photo
    return converted or photo


def _squash(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Resize the whole photo with antialiasing; the aspect ratio is not kept."""
    return photo.resize((width, height), Image.Resampling.BILINEAR)


def _garment(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Show the subject bright on black, the longest edge fitted, centred.

    Fashion-MNIST's garments are bright on black, photos of garments mostly dark on light: where
    the border of the photo is light, it is inverted, and the background's level becomes black.
    """
    background = float(np.median(_border(np.asarray(photo.convert("L")))))
    if background > 127:
        photo, background = ImageOps.invert(photo), 255 - background
    levels = np.clip((np.arange(256) - background) * (255 / (255 - background)), 0, 255)
    photo = photo.point(levels.round().astype(int).tolist() * len(photo.getbands()))
    scale = min(width / photo.width, height / photo.height)
    fitted = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    canvas = Image.new(photo.mode, (width, height))
    corner = (width - fitted[0]) // 2, (height - fitted[1]) // 2
    canvas.paste(photo.resize(fitted, Image.Resampling.BILINEAR), corner)
    return canvas


def _border(gray: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of a gray image `[height, width]`, as one row."""
    edge = max(1, min(gray.shape) // 50)
    sides = gray[:edge], gray[-edge:], gray[:, :edge], gray[:, -edge:]
    return np.concatenate([side.ravel() for side in sides])


Fit = Callable[[Image.Image, int, int], Image.Image]

PREPARATIONS: dict[str, Fit] = {"squash/1": _squash, "garment/1": _garment}
