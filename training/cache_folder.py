"""Where computed and downloaded files are kept: it can be deleted at any time."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder that PHOTOLABEL_CACHE names, else `~/.cache/photolabel`."""
    return Path(os.environ.get("PHOTOLABEL_CACHE") or Path.home() / ".cache" / "photolabel")
