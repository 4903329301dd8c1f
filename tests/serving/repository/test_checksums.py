"""The checksums of a version's files."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.repository.checksums import CHECKSUMS, check_files
from serving.repository.errors import VersionsError
from serving.repository.seed import STARTERS, seed
from serving.repository.versions import staged


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """Publish a version of three files and return its folder."""
    with staged(tmp_path / "m") as staging:
        (staging.folder / "variables").mkdir()
        for name in ("saved_model.pb", "variables/data", "with space"):
            (staging.folder / name).write_text(f"the content of {name}")
        return tmp_path / "m" / str(staging.publish())


def test_a_published_version_has_checksums_of_all_its_files(version: Path) -> None:
    lines = (version / CHECKSUMS).read_text().splitlines()
    assert [line[66:] for line in lines] == ["saved_model.pb", "variables/data", "with space"]
    assert check_files(version) is True


def test_seeded_starters_have_checksums(tmp_path: Path) -> None:
    for name, number in seed(tmp_path, STARTERS):
        assert check_files(tmp_path / name / str(number)) is True


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_sha256sum_reads_them(version: Path) -> None:
    command = ["sha256sum", "--check", "--strict", str(CHECKSUMS)]
    assert subprocess.run(command, cwd=version, check=False).returncode == 0


def test_a_version_without_checksums_is_not_checked(tmp_path: Path) -> None:
    assert check_files(tmp_path) is False


def test_files_that_were_not_published_do_not_matter(version: Path) -> None:
    (version / ".DS_Store").touch()
    assert check_files(version) is True


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda v: (v / "variables/data").unlink(), "1/variables/data is missing"),
        (lambda v: shutil.rmtree(v / "variables"), "1/variables/data is missing"),
        (lambda v: (v / "saved_model.pb").write_text("half"), "1/saved_model.pb is not the file"),
        (lambda v: (v / CHECKSUMS).write_text(""), "1/assets.extra/SHA256SUMS is empty"),
        (lambda v: (v / CHECKSUMS).write_text("12ab  x"), "SHA256SUMS, line 1, has no checksum"),
        (lambda v: (v / CHECKSUMS).write_text("0" * 64 + "  x\0"), "cannot read .*: embedded null"),
        (lambda v: (v / CHECKSUMS).write_bytes(b"\xff"), "cannot read .*1/assets.extra/SHA256SUMS"),
    ],
)
def test_what_is_damaged_is_named_in_one_line(
    version: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(version)
    with pytest.raises(VersionsError, match=message) as caught:
        check_files(version)
    assert "\n" not in str(caught.value)
