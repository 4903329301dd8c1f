"""Reads HEIC through pi-heif, which has to be installed: `pip install pi-heif`."""

from importlib.util import find_spec

from PIL import Image

from serving.photos.errors import UnsupportedFormat

PLUGIN_NAME = "HEIF"
"""Its name among Pillow's formats."""

INSTALL = "pip install pi-heif"

# Rec. ITU-T H.273, table 3: brightness of HDR, which looks dull when it is shown as it is.
_HDR: dict[object, str] = {16: "PQ", 18: "HLG"}


def is_installed() -> bool:
    """Return whether HEIC can be decoded."""
    return find_spec("pi_heif") is not None


def register() -> None:
    """Have Pillow read HEIC: the primary image, turned as its container says.

    Raises:
        UnsupportedFormat: pi-heif is not installed.
    """
    if not is_installed():
        raise UnsupportedFormat(
            f"This is a HEIC photo, and pi-heif, which decodes it, is not installed: {INSTALL}"
        )
    import pi_heif

    pi_heif.register_heif_opener(
        decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
    )


def check_sdr(image: Image.Image) -> None:
    """Check that the photo's levels mean what those of other photos mean.

    Raises:
        UnsupportedFormat: they are those of HDR.
    """
    colours = image.info.get("nclx_profile") or {}
    curve = _HDR.get(colours.get("transfer_characteristics", 0))
    if curve:
        raise UnsupportedFormat(
            f"This is a HEIC photo in HDR ({curve}), which is not accepted. Save it as a JPEG, or"
            " set the camera to take photos in SDR."
        )
