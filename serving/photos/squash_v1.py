"""The whole photo, squashed to the model's width and height: `squash/1`."""

from PIL import Image

from serving.photos.registry import preparation


@preparation("squash/1")
def squash(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Resize the photo with antialiasing; the aspect ratio is not kept."""
    return photo.resize((width, height), Image.Resampling.BILINEAR)
