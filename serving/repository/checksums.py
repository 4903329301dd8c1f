"""The checksums of a version's files: `sha256sum -c assets.extra/SHA256SUMS` in its folder.

They show a version that was copied by half or damaged later. Files that they do not name, such as
those that a file manager adds, do not matter.
"""

import hashlib
import re
from pathlib import Path

from serving.repository.errors import VersionsError

CHECKSUMS = Path("assets.extra", "SHA256SUMS")
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def write_checksums(version: Path) -> None:
    """Write the checksums of all files in a version's folder.

    Raises:
        OSError: a file can't be read, or the checksums not be written.
    """
    lines = [
        f"{_sha256(path)}  {path.relative_to(version).as_posix()}\n"
        for path in sorted(version.rglob("*"))
        if path.is_file() and path != version / CHECKSUMS
    ]
    (version / CHECKSUMS).parent.mkdir(exist_ok=True)
    (version / CHECKSUMS).write_text("".join(lines), "utf-8")


def check_files(version: Path) -> bool:
    """Check the files of a version against its checksums, at about 300 MB a second.

    Returns:
        False if the version has no checksums: it was published by an earlier release, or elsewhere.

    Raises:
        VersionsError: a file is missing or differs, or can't be read; names the first one.
    """
    sums = version / CHECKSUMS
    try:
        if not sums.exists():
            return False
        lines = [_LINE.fullmatch(line) for line in sums.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise VersionsError(f"cannot read {sums}: {error}; copy the version again") from error
    if not lines:
        raise VersionsError(f"{sums} is empty: copy the version again")
    for number, line in enumerate(lines, start=1):
        if line is None:
            raise VersionsError(f"{sums}, line {number}, has no checksum: copy the version again")
        _check(version / line[2], line[1])
    return True


def _check(path: Path, expected: str) -> None:
    try:
        same = _sha256(path) == expected
    except FileNotFoundError as error:
        raise VersionsError(f"{path} is missing: copy the version again") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise VersionsError(f"cannot read {path}: {reason}") from error
    if not same:
        raise VersionsError(
            f"{path} is not the file that was published (its SHA-256 sum differs):"
            " copy the version again"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
