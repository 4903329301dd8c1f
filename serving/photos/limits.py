"""What one photo may cost, as numbers that its header shows.

Each default comes from the measured worst case of its format (docs/limits.md): whatever passes
them costs a worker at most 300 MB and 2 s, with a margin for the upload itself and a busy machine.
"""

from dataclasses import dataclass

DEFAULT_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class PhotoLimits:
    """The limits of one photo; the defaults are those of the gateway and of training.

    Attributes:
        formats: the accepted formats, by Pillow's names.
        max_pixels: the most pixels (width × height) of any photo; only a JPEG may have so many,
            because only a JPEG is decoded at a reduced size.
        max_decoded_pixels: the most pixels of a photo as it lies in memory (8 bytes a pixel while
            it is turned and converted): of a PNG, GIF or BMP, and of a JPEG after its reduction.
        max_png_bytes: the most bytes of a PNG's pixels, inflated: with transparency or 16 bits they
            take longer.
        max_webp_pixels: the same for WebP, whose decoder holds 16 bytes a pixel.
        max_tiff_pixels: the same for TIFF, which may hold 8 bytes a pixel in one strip.
        max_avif_pixels: the same for AVIF, whose decoder is the slowest.
        max_helper_bytes: the memory of the helper process that decodes what can't be foretold,
            above what it holds when idle.
        max_helper_seconds: the processor time that such a photo may take there.
        max_side: the longest side in pixels: resizing a line makes a picture as high as the line.
        max_scans: the most scans of a JPEG; each one visits all blocks and may take a few bytes.
        max_coefficients: the most coefficients (2 bytes each) of a JPEG of several scans, which
            are all held in memory until the last scan.
        max_jpeg_segments: the most segments of a JPEG, each of which costs time; 64 kB each.
        max_chunks: the most chunks of a PNG, WebP or GIF, each of which costs time.
        max_exif_bytes: the most bytes of EXIF data, and of a TIFF's directory.
        max_profile_bytes: the most bytes of a colour profile.
        max_text_bytes: the most bytes of a PNG's texts and profile, decompressed.
    """

    formats: tuple[str, ...] = DEFAULT_FORMATS
    max_pixels: int = 50_000_000
    max_decoded_pixels: int = 16_000_000
    max_png_bytes: int = 48_000_000
    max_webp_pixels: int = 10_000_000
    max_tiff_pixels: int = 12_000_000
    max_avif_pixels: int = 12_000_000
    max_helper_bytes: int = 250_000_000
    max_helper_seconds: float = 1.2
    max_side: int = 30_000
    max_scans: int = 64
    max_coefficients: int = 60_000_000
    max_jpeg_segments: int = 1_000
    max_chunks: int = 20_000
    max_exif_bytes: int = 1_000_000
    max_profile_bytes: int = 4_000_000
    max_text_bytes: int = 4_000_000

    def pixels(self, name: str) -> int:
        """Return the most pixels of an encoded photo of this format."""
        own = {
            "JPEG": self.max_pixels,
            "WEBP": self.max_webp_pixels,
            "TIFF": self.max_tiff_pixels,
            "AVIF": self.max_avif_pixels,
        }
        return min(self.max_pixels, own.get(name, self.max_decoded_pixels))


DEFAULT_LIMITS = PhotoLimits()
