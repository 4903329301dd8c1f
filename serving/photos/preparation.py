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
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from serving.photos.errors import BadPhoto, DamagedPhoto, TooCostly, TooManyPixels
from serving.photos.formats import accepted_format
from serving.photos.garment_v1 import negated_garment
from serving.photos.garment_v2 import garment
from serving.photos.headers.inspection import check_metadata, check_size, inspect
from serving.photos.limits import DEFAULT_LIMITS, PhotoLimits

Shape = tuple[int, int, int]  # height, width, channels

REDUCED_SIZE_MARGIN = 2
STRIP_PIXELS = 2_000_000

_SRGB = ImageCms.createProfile("sRGB")
_MODES = {1: "L", 3: "RGB"}
_ORIENTATION_TAG = 0x0112
_TURNS: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PROFILED_MODES = {"L", "RGB", "CMYK"}

# What Pillow warns of is in the caller's file: large (here an error, before decoding) or sloppy.
warnings.filterwarnings("ignore", module=r"PIL\.")


def prepare(
    encoded: bytes, preparation: str, shape: Shape, limits: PhotoLimits = DEFAULT_LIMITS
) -> np.ndarray:
    """Turn an encoded photo into the pixels of a model.

    An image that already has exactly the model's height, width and channels passes bit for bit.

    Args:
        encoded: the file's bytes.
        preparation: a key of `PREPARATIONS`.
        shape: height, width and channels (1: gray, 3: RGB) of the model's input.
        limits: the accepted formats, and what decoding may cost.

    Returns:
        uint8 `[height, width, channels]`.

    Raises:
        BadPhoto: one of its kinds, saying what is wrong with this photo.
        KeyError: the preparation is not known.
    """
    way = PREPARATIONS[preparation]
    name = accepted_format(encoded, limits)
    inspect(name, encoded, limits)
    fault: str | None
    try:
        # Nested, so that no variable keeps an image longer than the next step needs it.
        return _pixels(_upright(_open(name, encoded, shape, way, limits), limits), way, shape)
    except BadPhoto:
        raise
    except UnidentifiedImageError:
        fault = "its header can't be read"
    except MemoryError:  # Where the process may have only so much of it.
        fault = None
    except Exception as error:  # Decoders raise anything on hostile bytes: OSError, struct.error…
        fault = str(error)
    # Outside of the handlers: the decoder's error would keep its frames, and so the pixels, alive.
    if fault is None:
        raise TooCostly(f"Decoding the {name} image takes too much memory. Send a smaller copy.")
    raise DamagedPhoto(f"The {name} image does not decode ({fault}). Send a complete, intact file.")


def _open(
    name: str, encoded: bytes, shape: Shape, way: "Preparation", limits: PhotoLimits
) -> Image.Image:
    """Open the photo without decoding it, and check its size as the decoder sees it."""
    try:
        photo = Image.open(io.BytesIO(encoded), formats=[name])
    except Image.DecompressionBombError:
        most = limits.pixels(name)
        raise TooManyPixels(f"The photo has too many pixels; at most {most:,}.") from None
    check_size(name, photo.size, limits)
    _reduce(photo, shape, way)
    if photo.width * photo.height > limits.max_decoded_pixels:
        raise TooManyPixels(
            f"The photo can't be decoded at less than {photo.width}×{photo.height} pixels; at most"
            f" {limits.max_decoded_pixels:,} are accepted so. Send a smaller copy."
        )
    return photo


def _reduce(photo: Image.Image, shape: Shape, way: "Preparation") -> None:
    """Let a JPEG be decoded at 1/2, 1/4 or 1/8 of its size where that is still large enough."""
    height, width, channels = shape
    gray = channels == 1 and not way.coloured and "icc_profile" not in photo.info
    wanted = max(height, width) * way.margin
    if way.longest_edge:
        width, height = (-(-edge * wanted // max(photo.size)) for edge in photo.size)
    else:
        width, height = wanted, wanted
    if photo.width >= 2 * width and photo.height >= 2 * height:
        photo.draft("L" if gray else None, (width, height))


def _upright(photo: Image.Image, limits: PhotoLimits) -> Image.Image:
    """Decode the photo and turn it as its EXIF orientation says.

    Pillow's `exif_transpose` also writes the EXIF data anew, which fails on what cameras get wrong,
    and copies a photo that is upright.
    """
    photo.load()
    check_metadata(photo.info, limits)  # A PNG's may stand behind its pixels.
    turn = _TURNS.get(_orientation(photo))
    return photo if turn is None else photo.transpose(turn)


def _orientation(photo: Image.Image) -> object:
    try:
        return photo.getexif().get(_ORIENTATION_TAG)
    except Exception:  # Broken EXIF data says nothing about the pixels, which are fine.
        return None


def _pixels(photo: Image.Image, way: "Preparation", shape: Shape) -> np.ndarray:
    height, width, channels = shape
    mode = _MODES[channels]
    if photo.size != (width, height) or photo.mode != mode:
        flat = _flatten(photo, "RGB" if way.coloured else mode)
        photo = way.fit(flat, width, height).convert(mode)
    return np.asarray(photo, np.uint8).reshape(shape)


def _flatten(photo: Image.Image, mode: str) -> Image.Image:
    """Return the photo as 8-bit sRGB (or gray), without transparency or palette.

    It goes strip by strip, so that only the photo and the result are in memory as a whole.
    """
    to_srgb = _srgb_conversion(photo)
    if photo.mode == mode and to_srgb is None and not photo.has_transparency_data:
        return photo
    flat = Image.new(mode, photo.size)
    rows = max(1, STRIP_PIXELS // photo.width)
    for top in range(0, photo.height, rows):
        box = (0, top, photo.width, min(top + rows, photo.height))
        flat.paste(_flatten_strip(photo.crop(box), to_srgb).convert(mode), box)
    return flat


def _flatten_strip(strip: Image.Image, to_srgb: "Conversion | None") -> Image.Image:
    if strip.mode.startswith("I"):  # 16-bit gray; Pillow's own conversion clips instead of scaling.
        return Image.fromarray((np.asarray(strip, np.uint32) >> 8).astype(np.uint8))
    if strip.has_transparency_data:
        layer = strip.convert("RGBA")
        strip = Image.new("RGBA", layer.size, "white")
        strip.alpha_composite(layer)
    if strip.mode not in _PROFILED_MODES:
        strip = strip.convert("RGB")
    return to_srgb(strip) if to_srgb else strip


def _srgb_conversion(photo: Image.Image) -> "Conversion | None":
    """Return how to convert a strip of the photo from its profile; None: take it as sRGB."""
    profile = photo.info.get("icc_profile")
    if not profile or photo.mode.startswith("I"):
        return None
    plain = photo.mode in _PROFILED_MODES and not photo.has_transparency_data
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = photo.mode if plain else "RGB"
        transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB")
    except (ImageCms.PyCMSError, OSError):  # A broken or foreign profile.
        return None
    return lambda strip: ImageCms.applyTransform(strip, transform) or strip


def squash(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Resize the whole photo with antialiasing; the aspect ratio is not kept."""
    return photo.resize((width, height), Image.Resampling.BILINEAR)


Fit = Callable[[Image.Image, int, int], Image.Image]
Conversion = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Preparation:
    """One way from photo to pixels.

    Attributes:
        fit: from the upright photo in sRGB, or gray, to the model's width and height.
        coloured: it wants to see colours where the model takes gray, and shows gray.
        margin: how many times the model's size a JPEG decoded at a reduced size still has.
        longest_edge: only its longest edge has to have that size.
    """

    fit: Fit
    coloured: bool = False
    margin: int = REDUCED_SIZE_MARGIN
    longest_edge: bool = False


PREPARATIONS = {
    "squash/1": Preparation(squash),
    "garment/1": Preparation(negated_garment),
    "garment/2": Preparation(garment, coloured=True, margin=3, longest_edge=True),
}
