"""A published file, and attempts to download it."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training.file_server import Publisher, serving
from training.downloads import Download, fetch
from training.errors import TrainingError

NAME = "photos.zip"
CONTENT = random.Random(1).randbytes(4_000_000)
OTHER = random.Random(2).randbytes(4_000_000)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.delenv("PHOTOLABEL_MIRROR")
    with serving(Publisher({NAME: CONTENT})) as publisher:
        yield publisher


def download(publisher: Publisher, **known: Any) -> Download:
    """Return the description of the file; all is known about it unless told otherwise."""
    if not known:
        known = {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    return Download(NAME, f"{publisher.url}/{NAME}", **known)


def fetched(download: Download, folder: Path) -> Path:
    return fetch(download, folder, lambda done, total: None)


def failure(download: Download, folder: Path) -> str:
    """Return the message of a download that fails and leaves no file."""
    with pytest.raises(TrainingError) as raised:
        fetched(download, folder)
    assert not (folder / NAME).exists()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def whole_or_nothing(download: Download, folder: Path) -> None:
    """Check that a download is complete or leaves no file."""
    try:
        fetched(download, folder)
    except TrainingError:
        assert not (folder / NAME).exists()
    else:
        assert (folder / NAME).read_bytes() == CONTENT
