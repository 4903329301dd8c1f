"""GIFs that cost much: comments, which Pillow collects by appending bytes to bytes."""

import io

from PIL import Image


def commented(comment: bytes, size: tuple[int, int] = (20, 20)) -> bytes:
    """Return a GIF with a comment in blocks of one byte before its image."""
    file = io.BytesIO()
    Image.new("L", size).save(file, "GIF")
    whole = file.getvalue()
    at = whole.index(b",")  # where the image begins
    blocks = b"".join(b"\1%c" % each for each in comment)
    return whole[:at] + b"!\xfe" + blocks + b"\0" + whole[at:]
