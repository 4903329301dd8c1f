"""The limits of one photo, checked on its header before it is decoded.

Each default comes from the measured worst case of its format (docs/limits.md): what may cost a
worker more than 300 MB or 2 s, with a margin for the upload itself and a busy machine, is decoded
in the sandbox, and what costs too much there is refused.
"""

from dataclasses import dataclass, field
from typing import Any

KNOWN_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC")
DEFAULT_FORMATS = ("JPEG", "PNG", "WEBP")


def _limit(default: Any, description: str, ge: int | None = 1, **bounds: int) -> Any:
    return field(default=default, metadata={"description": description, "ge": ge, **bounds})


@dataclass(frozen=True)
class PhotoLimits:
    """The limits of one photo; the defaults are those of the gateway and of training.

    Every field is also a setting of the gateway, `PHOTOLABEL_<FIELD>`. Its metadata are arguments
    of `pydantic.Field`; pydantic itself is not imported here, since the sandbox does not need it
    (15 MB and 0.1 s). Formats have Pillow's names.
    """

    formats: tuple[str, ...] = _limit(
        DEFAULT_FORMATS, f"accepted formats, out of {', '.join(KNOWN_FORMATS)}", ge=None
    )
    max_pixels: int = _limit(
        65_000_000,
        "maximum pixels (width × height) of any photo; only a JPEG may have this many",
        le=89_000_000,
    )
    # As it is held in memory: 8 bytes a pixel while it is turned and converted.
    max_decoded_pixels: int = _limit(
        16_000_000,
        "maximum pixels of a GIF or BMP, of a JPEG after its reduction, and of a PNG in a worker",
    )
    max_png_pixels: int = _limit(25_000_000, "maximum pixels of a PNG")
    max_png_bytes: int = _limit(100_000_000, "maximum bytes of a PNG's pixels, inflated")
    # With transparency or 16 bits they take longer.
    worker_png_bytes: int = _limit(
        50_000_000, "bytes of a PNG's pixels, inflated, above which the sandbox decodes it"
    )
    max_webp_pixels: int = _limit(25_000_000, "maximum pixels of a WebP")
    # The decoder holds 16 bytes a pixel.
    worker_webp_pixels: int = _limit(
        10_000_000, "pixels of a WebP above which the sandbox decodes it"
    )
    # One strip may hold 8 bytes a pixel.
    max_tiff_pixels: int = _limit(12_000_000, "maximum pixels of a TIFF")
    max_avif_pixels: int = _limit(25_000_000, "maximum pixels of an AVIF")
    max_heic_pixels: int = _limit(25_000_000, "maximum pixels of a HEIC, the slowest to decode")
    max_helper_bytes: int = _limit(
        480_000_000, "bytes of memory of the sandbox for costly photos, beyond those of an idle one"
    )
    max_helper_seconds: float = _limit(
        1.6, "processor seconds that one photo may take in the sandbox", ge=None, gt=0
    )
    max_heic_seconds: float = _limit(
        3.0, "processor seconds that one HEIC may take in the sandbox", ge=None, gt=0
    )
    # Resizing one line of pixels makes an image as high as the line is long.
    max_side: int = _limit(30_000, "maximum pixels of a photo's longer side")
    # Each scan visits all blocks and may take only a few bytes.
    max_scans: int = _limit(64, "maximum scans of a JPEG")
    # Two bytes each, all held in memory until the last scan.
    max_coefficients: int = _limit(152_000_000, "maximum coefficients of a JPEG of several scans")
    worker_coefficients: int = _limit(
        60_000_000, "coefficients of a JPEG of several scans above which the sandbox decodes it"
    )
    # Each segment or chunk takes time, whatever its size.
    max_jpeg_segments: int = _limit(1_000, "maximum segments of a JPEG")
    max_chunks: int = _limit(20_000, "maximum chunks of a PNG or WebP")
    max_exif_bytes: int = _limit(1_000_000, "maximum bytes of a photo's EXIF data")
    max_profile_bytes: int = _limit(4_000_000, "maximum bytes of a colour profile")
    max_text_bytes: int = _limit(
        4_000_000, "maximum bytes of a PNG's texts and profile, decompressed"
    )

    def pixels(self, name: str) -> int:
        """Return the maximum pixels of an encoded photo of this format."""
        own = {
            "JPEG": self.max_pixels,
            "PNG": self.max_png_pixels,
            "WEBP": self.max_webp_pixels,
            "TIFF": self.max_tiff_pixels,
            "AVIF": self.max_avif_pixels,
            "HEIC": self.max_heic_pixels,
        }
        return min(self.max_pixels, own.get(name, self.max_decoded_pixels))

    def helper_seconds(self, name: str | None) -> float:
        """Return the processor seconds that a photo of this format may take in the sandbox."""
        return self.max_heic_seconds if name == "HEIC" else self.max_helper_seconds


DEFAULT_LIMITS = PhotoLimits()
