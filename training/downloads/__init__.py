"""Downloading published files: a file is there completely and verified, or not at all.

What has arrived is kept in `<name>.part`, from which the next attempt resumes, also in another
process. Proxies are taken from the environment (HTTPS_PROXY, NO_PROXY), as requests does.
"""

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from training.cache_folder import cache_folder
from training.console import say
from training.downloads.http_transfer import TransferFailed, transfer
from training.downloads.partial_file import PartialFile
from training.downloads.published_file import Download, fault_of, without_password
from training.errors import TrainingError
from training.progress_bars import ProgressCallback, counting_bytes

__all__ = ["Download", "downloads_folder", "fault_of", "fetch", "fetch_with_bar", "keras_folder"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MAX_REASON = 300  # Characters of what a server sent.


def downloads_folder(sub: str) -> Path:
    """Return the folder for downloaded files of one kind, in the cache."""
    return cache_folder() / "downloads" / sub


def keras_folder(sub: str) -> Path:
    """Return a folder of files that Keras has downloaded: in KERAS_HOME, else `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or Path(os.path.expanduser("~"), ".keras")) / sub


def fetch(
    download: Download,
    folder: Path,
    progress: ProgressCallback,
    waiting: Callable[[], None] = lambda: None,
) -> Path:
    """Download a file unless it is there; return its path.

    One process downloads a file, others that want it wait.

    Args:
        download: what to download.
        folder: where to; it is made if needed.
        progress: called with the number of bytes that are there and of all bytes (0: not known
            yet); not called if there is nothing to download.
        waiting: called if another process is downloading the file.

    Raises:
        TrainingError: the file can't be downloaded or written. What has arrived is kept.
    """
    target = folder / download.name
    try:
        if fault_of(target, download) is None:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f".lock-{download.name}", waiting):
            if fault_of(target, download) is not None:  # Nobody downloaded it meanwhile.
                _replace(target, download, progress)
    except TransferFailed as error:
        address = download.address()
        origin = "" if address == download.url else f", published as {download.url},"
        raise TrainingError(
            f"cannot download {without_password(address)} ({_printable(str(error))}): download"
            f" it{origin} in another way and put it at {target}"
        ) from error
    except OSError as error:
        remedy = "make room there" if error.errno in _FULL else "make it writable"
        raise TrainingError(
            f"cannot write {target} ({error.strerror or error}): {remedy}, or name another folder"
            " with PHOTOLABEL_CACHE; the same command resumes the download"
        ) from error
    return target


@contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _printable(reason: str) -> str:
    """Return a reason, which may quote a server, as a line without control characters."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", without_password(reason))[:_MAX_REASON]


def fetch_with_bar(download: Download, folder: Path) -> Path:
    """Do the same as `fetch`, with a line and a progress bar on the terminal.

    Raises:
        TrainingError: the file can't be downloaded or written.
    """
    console = Console()
    with counting_bytes(console, download.name) as count:
        begun = False

        def progress(done: int, total: int) -> None:
            nonlocal begun
            if not begun:
                begun = True
                size = f" ({total / 1e6:,.0f} MB)" if total > 1e6 else ""
                address = without_password(download.address())
                say(console, f"downloading {address}{size} into {folder}")
            if total:
                count(done, total)

        def waiting() -> None:
            say(console, f"waiting for another process that downloads {folder / download.name}")

        return fetch(download, folder, progress, waiting)


def _replace(target: Path, download: Download, progress: ProgressCallback) -> None:
    """Download a file in place of a faulty one, or of none.

    Pieces of several responses may be of several versions of the file, so they have two attempts.
    """
    part = PartialFile(target)
    progress(part.size(), download.size or 0)  # Connecting may take minutes.
    for last in (False, True):
        in_one_piece = transfer(download, part, progress)
        fault = fault_of(part.path, download)
        if fault is None:
            part.move_to(target)
            return
        part.discard()
        if last or in_one_piece:
            raise TransferFailed(f"what the server sends is not the published file: {fault}")
