"""Encoded photo → pixels: the one preprocessing, shared by training and serving.

Common to all preparations (`registry.py`): the EXIF orientation is applied, transparency is laid
over white, colours become sRGB, and a JPEG much larger than needed is decoded at a reduced size
(DCT scaling), which leaves enough pixels for the resampling that follows.
"""

import contextlib
import io
import struct
import warnings
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from serving.photos import corrections, heic, tiff
from serving.photos.deep_gray import STRIP_PIXELS, is_deep, to_16_bits
from serving.photos.errors import (
    BadPhoto,
    DamagedPhoto,
    TooCostly,
    TooManyPixels,
)
from serving.photos.formats_and_limits import DEFAULT_LIMITS, PhotoLimits
from serving.photos.headers.inspection import InspectedPhoto, check_metadata, check_size, inspect
from serving.photos.registry import PREPARATIONS, Preparation

Shape = tuple[int, int, int]  # height, width, channels
_Conversion = Callable[[Image.Image], Image.Image]

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
_SMALLER = "Send a smaller copy."
_NO_HEADER = "its header can't be read"

# What Pillow warns about is in the client's file: large (here an error, before decoding) or sloppy.
warnings.filterwarnings("ignore", module=r"PIL\.")


def prepare(
    encoded: bytes,
    preparation: str | Preparation,
    shape: Shape,
    limits: PhotoLimits = DEFAULT_LIMITS,
) -> np.ndarray:
    """Turn an encoded photo into the pixels of a model.

    An image that already has exactly the model's height, width and channels passes bit for bit.

    Args:
        encoded: the file's bytes.
        preparation: a key of `PREPARATIONS`; or one that no model has, for pictures to look at.
        shape: height, width and channels (1: gray, 3: RGB) of the model's input.
        limits: the accepted formats, and what decoding may cost.

    Returns:
        uint8 `[height, width, channels]`.

    Raises:
        BadPhoto: one of its kinds, saying what is wrong with this photo.
        KeyError: the preparation is not known.
    """
    return prepare_inspected(inspect(encoded, limits), preparation, shape, limits)


def prepare_inspected(
    photo: InspectedPhoto, preparation: str | Preparation, shape: Shape, limits: PhotoLimits
) -> np.ndarray:
    """Do what `prepare` does after it has inspected the photo."""
    chosen = PREPARATIONS[preparation] if isinstance(preparation, str) else preparation
    out_of_memory, fault = False, ""
    try:
        # Nested, so that no variable keeps an image longer than the next step needs it.
        return _to_pixels(_upright(_decode(photo, shape, chosen, limits), limits), chosen, shape)
    except BadPhoto:
        raise
    except UnidentifiedImageError:
        fault = _NO_HEADER
    except MemoryError:  # In the sandbox, whose memory is bounded.
        out_of_memory = True
    except Exception as error:  # Decoders raise anything on hostile bytes: OSError, struct.error…
        fault = str(error)
    # Outside of the handlers: the decoder's error would keep its frames, and so the pixels, alive.
    if fault == _NO_HEADER:
        corrections.check_pixels(photo.encoded, photo.format)
    if out_of_memory:
        raise TooCostly(f"Decoding the {photo.format} image takes too much memory. {_SMALLER}")
    raise DamagedPhoto(f"The {photo.format} image does not decode ({fault}). Send an intact file.")


def _decode(
    photo: InspectedPhoto, shape: Shape, preparation: Preparation, limits: PhotoLimits
) -> Image.Image:
    """Decode the photo; damage that leaves all pixels is no fault."""
    image = None
    for encoded in corrections.corrected(photo.encoded, photo.format):
        photo = photo._replace(encoded=encoded)
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, struct.error):
            image = _open(photo, shape, preparation, limits)
            break
    if image is None:
        raise UnidentifiedImageError
    if isinstance(image, JpegImageFile) and corrections.lacks_end(image, photo.encoded):
        start = corrections.without_padding(photo.encoded)
        ends = (start + noise + corrections.EOI for noise in (b"", corrections.NOISE))
        image, noisy = (
            _open(photo._replace(encoded=each), shape, preparation, limits) for each in ends
        )
        # Both are in memory at once.
        if image.width * image.height > limits.max_decoded_pixels // 4:
            raise corrections.truncated()
        corrections.check_whole(image, noisy)
    image.load()
    if photo.format == "PNG":
        corrections.correct_transparency(image, photo.encoded)
    return image


def _open(
    photo: InspectedPhoto, shape: Shape, preparation: Preparation, limits: PhotoLimits
) -> Image.Image:
    """Open the photo without decoding it, and check its size as the decoder sees it."""
    try:
        image = _open_as(photo.format, photo.encoded)
    except Image.DecompressionBombError:
        limit = limits.pixels(photo.format)
        raise TooManyPixels(
            f"The {photo.format} has far more than {limit:,} pixels, the maximum."
            " Send a smaller copy."
        ) from None
    check_size(photo.format, image.size, limits)
    if isinstance(image, TiffImageFile):
        tiff.check(image)
        tiff.correct_palette(image)
    _reduce(image, shape, preparation)
    if photo.format == "JPEG" and image.width * image.height > limits.max_decoded_pixels:
        raise TooManyPixels(
            f"The photo can't be decoded at less than {image.width}×{image.height} pixels; at most"
            f" {limits.max_decoded_pixels:,} are accepted. {_SMALLER}"
        )
    return image


def _open_as(name: str, encoded: bytes) -> Image.Image:
    is_heic = name == "HEIC"
    if is_heic:
        heic.register()
    image = Image.open(io.BytesIO(encoded), formats=[heic.PLUGIN_NAME if is_heic else name])
    if is_heic:
        heic.check_sdr(image)
    return image


def _reduce(image: Image.Image, shape: Shape, preparation: Preparation) -> None:
    """Have a JPEG decoded at 1/2, 1/4 or 1/8 of its size where that is still large enough."""
    height, width, channels = shape
    gray = channels == 1 and not preparation.needs_colour and "icc_profile" not in image.info
    edge = max(height, width) * preparation.margin
    width = height = edge
    if preparation.longest_edge_only:
        width, height = (-(-side * edge // max(image.size)) for side in image.size)
    if image.width >= 2 * width and image.height >= 2 * height:
        image.draft("L" if gray else None, (width, height))


def _upright(photo: Image.Image, limits: PhotoLimits) -> Image.Image:
    """Apply the EXIF orientation of a decoded photo.

    Pillow's `exif_transpose` also rewrites the EXIF data, which fails where cameras get it wrong,
    and copies a photo that is upright.
    """
    check_metadata(photo.info, limits)  # A PNG's may follow its pixels.
    try:
        turn = _TURNS.get(photo.getexif().get(_ORIENTATION_TAG))
    except Exception:  # The EXIF data is broken, the pixels are fine.
        turn = None
    photo = to_16_bits(photo)
    return photo if turn is None else photo.transpose(turn)


def _to_pixels(photo: Image.Image, preparation: Preparation, shape: Shape) -> np.ndarray:
    height, width, channels = shape
    mode = _MODES[channels]
    if photo.size != (width, height) or photo.mode != mode or photo.has_transparency_data:
        flat = _flatten(photo, "RGB" if preparation.needs_colour else mode)
        photo = preparation.resize(flat, width, height).convert(mode)
    return np.asarray(photo, np.uint8).reshape(shape)


def _flatten(photo: Image.Image, mode: str) -> Image.Image:
    """Return the photo as 8-bit sRGB (or gray), without transparency or palette.

    This is done strip by strip, so that only the photo and the result are in memory as a whole.
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


def _flatten_strip(strip: Image.Image, to_srgb: _Conversion | None) -> Image.Image:
    if is_deep(strip):
        return Image.fromarray((np.asarray(strip) >> 8).astype(np.uint8))
    if strip.has_transparency_data:
        strip = strip.convert("LA") if strip.mode == "La" else strip
        layer = strip.convert("RGBA")
        strip = Image.new("RGBA", layer.size, "white")
        strip.alpha_composite(layer)
    if strip.mode not in _PROFILED_MODES:
        strip = strip.convert("RGB")
    return to_srgb(strip) if to_srgb else strip


def _srgb_conversion(photo: Image.Image) -> _Conversion | None:
    """Return how to convert a strip of the photo from its profile to sRGB, if it has one."""
    profile = photo.info.get("icc_profile")
    if not profile or is_deep(photo):
        return None
    plain = photo.mode in _PROFILED_MODES and not photo.has_transparency_data
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = photo.mode if plain else "RGB"
        transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB")
    except (ImageCms.PyCMSError, OSError):  # A broken or foreign profile.
        return None
    return lambda strip: ImageCms.applyTransform(strip, transform) or strip
