"""A published file: its URL, and the size and digests by which it is recognized."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path


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
        """Return the URL to ask: on the mirror that PHOTOLABEL_MIRROR names, if there is one."""
        mirror = os.environ.get("PHOTOLABEL_MIRROR")
        return f"{mirror.rstrip('/')}/{self.name}" if mirror else self.url


def fault_of(path: Path, download: Download) -> str | None:
    """Return what is wrong with a file, such as another size or digest; None if nothing is."""
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
