"""HTTP: asking for a file, and for the rest of it after each interruption."""

import errno
import re
import shutil
import time

import requests
import urllib3

from training.downloads.partial_file import PartialFile
from training.downloads.published_file import Download
from training.progress_bars import ProgressCallback

_TIMEOUTS = (10, 30)  # Seconds to connect, and between two packets.
_TRIES = 5  # That bring no new byte.
BACKOFF = 0.5  # Seconds before a retry; doubled with each one that brings no new byte.
_MAX_RETRY_AFTER = 60
_CHUNK = 2**16  # A broken connection may lose as many bytes that have arrived.
_WORTH_A_RETRY = (408, 425, 429)  # And all from 500.


class TransferFailed(Exception):
    """The file can't be downloaded, and it would not help to try again at once."""


class _Interrupted(Exception):
    """An attempt failed, and another one, after `wait` seconds or more, may succeed."""

    def __init__(self, reason: str, wait: int = 0) -> None:
        super().__init__(reason)
        self.wait = wait


def transfer(download: Download, part: PartialFile, progress: ProgressCallback) -> bool:
    """Fetch what is missing of a file, as far as can be known from the server's headers.

    Returns:
        Whether all of it comes from a single response.

    Raises:
        TransferFailed: it can't be had; what has arrived is kept.
        OSError: it can't be written.
    """
    most, failures, in_one_piece = part.size(), 0, part.size() == 0
    while True:
        try:
            _attempt(download, part, progress)
        except ValueError as error:  # Of requests: the URL is invalid.
            raise TransferFailed(str(error)) from error
        except (_Interrupted, requests.RequestException) as error:
            failures = 0 if part.size() > most else failures + 1
            if failures == _TRIES:
                raise TransferFailed(_reason(error)) from error
            most = max(most, part.size())
            in_one_piece = False
            time.sleep(max(BACKOFF * 2**failures, getattr(error, "wait", 0)))
        else:
            return in_one_piece


def _attempt(download: Download, part: PartialFile, progress: ProgressCallback) -> None:
    """Ask for what is missing and append it; return if the file seems to be complete."""
    address = download.address()
    validator = part.validator(address)
    have = part.size() if validator else 0
    if have and have == download.size:
        return
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    with requests.get(address, headers=headers, stream=True, timeout=_TIMEOUTS) as response:
        if have and response.status_code == 416:
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return
            part.discard()
        _check(response)
        if response.status_code == 206:
            total = _total_of_range(response, part, have, validator)
        else:
            total = _number(response.headers.get("Content-Length"))
            part.restart(address, _validator(response))
        if download.size and total not in (None, download.size):
            raise _Interrupted(f"the server's file has {total:,} bytes, not {download.size:,}")
        total = total or download.size
        _check_space(part, total)
        try:
            _append(response, part, total, progress)
        except urllib3.exceptions.HTTPError as error:
            raise _Interrupted(f"the connection broke off after {part.size():,} bytes") from error
    if total is not None and part.size() < total:
        raise _Interrupted(f"the connection ended after {part.size():,} of {total:,} bytes")
    if total is None and not (download.sha256 or download.md5):
        raise TransferFailed("the server does not say how large the file is")


def _check(response: requests.Response) -> None:
    code = response.status_code
    if code in (200, 206):
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise TransferFailed("the server sends a web page instead of the file")
        return
    answer = f"the server answers {code} {response.reason or ''}".rstrip()
    if code == 416 or code in _WORTH_A_RETRY or code >= 500:
        wait = _number(response.headers.get("Retry-After")) or 0
        raise _Interrupted(answer, min(wait, _MAX_RETRY_AFTER))
    raise TransferFailed(answer)


def _total_of_range(
    response: requests.Response, part: PartialFile, have: int, validator: str
) -> int | None:
    """Check that a response continues the file; return the size of the whole, if it says so."""
    sent = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    version = "ETag" if validator.startswith('"') else "Last-Modified"
    same = response.headers.get(version, validator) == validator
    if not have or not sent or int(sent[1]) != have or not same:
        part.discard()
        raise _Interrupted("the server sends another part of the file than was asked for")
    return _number(sent[2])


def _number(header: str | None) -> int | None:
    return int(header) if header and header.isdecimal() else None


def _validator(response: requests.Response) -> str:
    """Return what identifies a version of a file: a strong ETag, or when it was modified."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _check_space(part: PartialFile, total: int | None) -> None:
    missing, free = (total or 0) - part.size(), shutil.disk_usage(part.path.parent).free
    if missing > free:
        raise OSError(errno.ENOSPC, f"{missing:,} bytes are needed, and {free:,} are free")


def _append(
    response: requests.Response, part: PartialFile, total: int | None, progress: ProgressCallback
) -> None:
    done = part.size()
    with open(part.path, "ab") as file:
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            if total is not None and done + len(chunk) > total:
                part.discard()
                raise _Interrupted(f"the server sends more than the {total:,} bytes of the file")
            file.write(chunk)
            done += len(chunk)
            progress(done, total or done)


def _reason(error: Exception) -> str:
    """Return the innermost message of a failed connection, without the addresses of objects."""
    inner: object = error
    if isinstance(error, requests.RequestException) and error.args:
        inner = getattr(error.args[0], "reason", None) or error.args[0]
    if isinstance(inner, urllib3.exceptions.ProxyError):
        return f"the proxy can't be used: {_reason(inner.original_error)}"
    return str(inner).rpartition("): ")[2]
