"""A published file: its URL, and the size and digests by which it is recognized."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError

_MIRROR = re.compile(r"https?://[^\s/?#]+(?:/[^\s?#]*)?")


@dataclass(frozen=True)
class Download:
    """A published file.

    Without size and digests, only what the server says about the file is checked.

    Attributes:
        name: of the file, also on a mirror.
        url: where it is published.
        size: in bytes.
        sha256: hexadecimal.
        md5: hexadecimal.
    """

    name: str
    url: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    def address(self) -> str:
        """Return the URL to ask: on the mirror that PHOTOLABEL_MIRROR names, if there is one.

        Raises:
            TrainingError: PHOTOLABEL_MIRROR is not the URL of a folder.
        """
        mirror = os.environ.get("PHOTOLABEL_MIRROR", "").strip()
        if mirror and not _MIRROR.fullmatch(mirror):
            raise TrainingError(
                f"PHOTOLABEL_MIRROR={without_password(mirror)} is not the URL of a folder, such as"
                " https://files.example.org/photolabel; name folders of this machine with --data"
                " or PHOTOLABEL_DATA"
            )
        return f"{mirror.rstrip('/')}/{self.name}" if mirror else self.url


def without_password(url: str) -> str:
    """Return a URL, or a text with URLs, without names of users and their passwords."""
    return re.sub(r"//[^/\s]*@", "//", url)


def fault_of(path: Path, download: Download) -> str | None:
    """Return what is wrong with a file, such as another size or digest; None if nothing is."""
    try:
        return _fault_of(path, download)
    except OSError as error:
        return f"it can't be read ({error.strerror or error})"


def _fault_of(path: Path, download: Download) -> str | None:
    if not path.is_file():
        return "it is missing"
    size = path.stat().st_size
    if download.size and size != download.size:
        return f"it has {size:,} bytes, not {download.size:,}"
    for algorithm, expected in (("sha256", download.sha256), ("md5", download.md5)):
        if expected:
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, algorithm).hexdigest()
            if found != expected:
                return f"its {algorithm} is {found}, not {expected}"
    return None if size else "it is empty"
