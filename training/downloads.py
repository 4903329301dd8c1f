"""Downloading published files: a file is there completely and verified, or not at all.

What has arrived is kept in `<name>.part`, from which the next attempt resumes, also in another
process. Proxies are taken from the environment (HTTPS_PROXY, NO_PROXY), as requests does.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from filelock import FileLock

from serving.repository.atomic_write import sync
from training.cache_folder import cache_folder
from training.errors import TrainingError
from training.progress_bars import ProgressCallback

_CONNECT_SECONDS, _READ_SECONDS = 10, 30
_TRIES = 5  # Without a new byte.
_BACKOFF = 0.5  # Seconds before the first retry; each further one without a new byte waits twice.
_LONGEST_WAIT = 60.0  # Seconds that a server can ask for.
_CHUNK = 2**16  # A broken connection may lose as many bytes that have arrived.


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

    @property
    def address(self) -> str:
        """The URL to ask: on the mirror that PHOTOLABEL_MIRROR names, if any."""
        mirror = os.environ.get("PHOTOLABEL_MIRROR")
        return f"{mirror.rstrip('/')}/{self.name}" if mirror else self.url


class _Fault(Exception):
    """An attempt failed; the next one may succeed, `wait` seconds later at the earliest."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _Hopeless(Exception):
    """Further attempts would fail too."""


def downloads_folder(sub: str) -> Path:
    """Return the folder for downloaded files of one kind, in the cache."""
    return cache_folder() / "downloads" / sub


def fetch(download: Download, folder: Path, progress: ProgressCallback) -> Path:
    """Download a file unless it is there; return its path.

    One process downloads a file, others that want it wait.

    Args:
        download: what to download.
        folder: where to; it is made if needed.
        progress: called with the bytes that are there and all bytes; not called if there is
            nothing to download.

    Raises:
        TrainingError: the file can't be had, or it can't be written. What has arrived is kept.
    """
    target = folder / download.name
    if fault_of(target, download) is None:
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".lock-{download.name}"):
            fault = fault_of(target, download)  # Another process may have downloaded it meanwhile.
            if fault is not None:
                _download(download, _Part(folder, download.name), progress)
    except (_Fault, _Hopeless, requests.RequestException) as error:
        found = f"; {target} is something else: {fault}" if target.exists() else ""
        origin = "" if download.address == download.url else f", published as {download.url},"
        raise TrainingError(
            f"cannot download {download.address} ({_reason(error)}{found}): download it{origin}"
            f" in another way and put it at {target}"
        ) from error
    except OSError as error:
        raise TrainingError(
            f"cannot write {target} ({error.strerror or error}): make room there, or name another"
            " folder with PHOTOLABEL_CACHE; the same command resumes the download"
        ) from error
    return target


def fault_of(path: Path, download: Download) -> str | None:
    """Return what is wrong with a file, such as another size or digest; None if it is right."""
    if not path.is_file():
        return "it is missing"
    size = path.stat().st_size
    if size == 0 or size != (download.size or size):
        return f"it has {size:,} bytes" + (f", not {download.size:,}" if download.size else "")
    for algorithm, wanted in (("sha256", download.sha256), ("md5", download.md5)):
        if wanted:
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, algorithm).hexdigest()
            if found != wanted:
                return f"its {algorithm} is {found}, not {wanted}"
    return None


class _Part:
    """The bytes of a file that have arrived, and which version of the file they are of."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.part"
        self._note = folder / f"{name}.part.json"

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def restart(self, address: str, validator: str) -> None:
        self.path.write_bytes(b"")
        self._note.write_text(json.dumps({"address": address, "validator": validator}), "utf-8")

    def validator(self, address: str) -> str:
        """Return the ETag or the time that the bytes have; empty if they can't be resumed."""
        try:
            note = json.loads(self._note.read_text("utf-8"))
            return str(note["validator"]) if note["address"] == address else ""
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return ""

    def move_to(self, target: Path) -> None:
        sync(self.path)
        self.path.replace(target)
        sync(target.parent)
        self._note.unlink(missing_ok=True)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _download(download: Download, part: _Part, progress: ProgressCallback) -> None:
    for last in (False, True):
        resumed = _transfer(download, part, progress)
        fault = fault_of(part.path, download)
        if fault is None:
            part.move_to(part.path.with_name(download.name))
            return
        part.discard()
        if last or not resumed:
            raise _Hopeless(f"the downloaded file is not the published one: {fault}")


def _transfer(download: Download, part: _Part, progress: ProgressCallback) -> bool:
    """Fetch the rest of a file; return whether it was put together from several responses."""
    most, failures, attempts = part.size(), 0, 0
    began = most
    while True:
        attempts += 1
        try:
            _attempt(download, part, progress)
        except (_Fault, requests.RequestException) as error:
            if isinstance(error, ValueError):  # The URL itself is invalid.
                raise
            failures = 0 if part.size() > most else failures + 1
            if failures == _TRIES:
                raise
            most = max(most, part.size())
            time.sleep(max(_BACKOFF * 2**failures, getattr(error, "wait", 0.0)))
        else:
            return attempts > 1 or began > 0


def _attempt(download: Download, part: _Part, progress: ProgressCallback) -> None:
    """Ask for what is missing and append it; return if the file is complete."""
    address = download.address
    validator = part.validator(address)
    have = part.size() if validator else 0
    if have and have == download.size:
        return
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    timeout = (_CONNECT_SECONDS, _READ_SECONDS)
    with requests.get(address, headers=headers, stream=True, timeout=timeout) as response:
        if have and response.status_code == requests.codes.requested_range_not_satisfiable:
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return
            part.discard()
            raise _Fault("the server does not have the rest of the file")
        _check(response)
        total = _total(response, part, have, validator)
        if download.size and total not in (None, download.size):
            raise _Fault(f"the server's file has {total:,} bytes, not {download.size:,}")
        total = total or download.size
        if response.status_code != requests.codes.partial_content:
            part.restart(address, _validator(response))
        _check_space(part, total)
        _append(response, part, total, progress)
    if total is not None and part.size() < total:
        raise _Fault(f"the connection ended after {part.size():,} of {total:,} bytes")
    if total is None and not (download.sha256 or download.md5):
        raise _Hopeless("the server does not say how large the file is")


def _check(response: requests.Response) -> None:
    code = response.status_code
    if code in (requests.codes.ok, requests.codes.partial_content):
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise _Hopeless("the server sends a web page instead of the file")
        return
    answer = f"the server answers {code} {response.reason or ''}".rstrip()
    if code not in (408, 425, 429) and code < 500:
        raise _Hopeless(answer)
    wait = response.headers.get("Retry-After", "")
    raise _Fault(answer, min(float(wait), _LONGEST_WAIT) if wait.isdecimal() else 0.0)


def _total(response: requests.Response, part: _Part, have: int, validator: str) -> int | None:
    """Return how many bytes the whole file has; None if the server does not say so."""
    if response.status_code != requests.codes.partial_content:
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else None
    sent = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    header = "ETag" if validator.startswith('"') else "Last-Modified"
    same = response.headers.get(header, validator) == validator
    if not have or not sent or int(sent[1]) != have or not same:
        part.discard()
        raise _Fault("the server sends another part of the file than was asked for")
    return int(sent[2]) if sent[2] != "*" else None


def _validator(response: requests.Response) -> str:
    """Return what identifies a version of a file: a strong ETag, or when it was modified."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _check_space(part: _Part, total: int | None) -> None:
    missing = (total or 0) - part.size()
    free = shutil.disk_usage(part.path.parent).free
    if missing > free:
        raise OSError(errno.ENOSPC, f"{missing:,} bytes are needed and {free:,} are free")


def _append(
    response: requests.Response, part: _Part, total: int | None, progress: ProgressCallback
) -> None:
    done = part.size()
    with open(part.path, "ab") as file:
        for chunk in response.iter_content(_CHUNK):
            if total is not None and done + len(chunk) > total:
                part.discard()
                raise _Fault(f"the server sends more than the {total:,} bytes of the file")
            file.write(chunk)
            done += len(chunk)
            progress(done, total or done)


def _reason(error: Exception) -> str:
    """Return the innermost message of a failed connection, without addresses of objects."""
    inner: object = error
    if isinstance(error, requests.RequestException) and error.args:
        inner = getattr(error.args[0], "reason", None) or error.args[0]
    return str(inner).rpartition("): ")[2]
