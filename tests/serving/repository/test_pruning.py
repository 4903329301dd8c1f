"""Pruning, and what it never removes."""

import errno
import os
from pathlib import Path

import pytest

from serving.repository.errors import VersionsError
from serving.repository.pruning import prune
from serving.repository.served_versions import SERVED
from serving.repository.versions import published_versions


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a model's folder with the versions 1 to 6."""
    for number in range(1, 7):
        (tmp_path / "m" / str(number)).mkdir(parents=True)
    return tmp_path / "m"


def test_the_newest_and_the_protected_are_kept(base: Path) -> None:
    assert prune(base, keep=2, protected=[2]) == [1, 3, 4]
    assert published_versions(base) == [2, 5, 6]
    assert {each.name for each in base.iterdir()} == {"2", "5", "6", ".lock", ".last-version"}


@pytest.mark.parametrize(
    ("served", "removed"),
    [
        ("model_version_policy { specific { versions: [2, 4] } }", [1, 3, 5]),
        ("model_version_policy { latest { num_versions: 3 } }", [1, 2, 3]),
        ("model_version_policy { all {} }", []),
        ('version_labels { key: "stable" value: 3 } version_labels { key: "c" value: 9 }', [1, 2]),
    ],
)
def test_what_is_to_serve_is_kept(base: Path, served: str, removed: list[int]) -> None:
    (base / SERVED).write_text(served)
    keep = 3 if "stable" in served else 1
    assert prune(base, keep) == removed


def test_nothing_is_removed_if_it_is_not_known_what_is_to_serve(base: Path) -> None:
    (base / SERVED).write_text("rubbish")
    with pytest.raises(VersionsError, match=r"nothing removed: cannot read .*serving\.config"):
        prune(base, keep=1)
    assert len(published_versions(base)) == 6


def test_space_can_be_freed_on_a_full_disk(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (base / ".last-version").write_text("6\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for write in ("os.mkdir", "serving.repository.versions.atomic_write"):
        monkeypatch.setattr(write, full)
    assert prune(base, keep=1) == [1, 2, 3, 4, 5]
    assert {each.name for each in base.iterdir()} == {"6", ".lock", ".last-version"}


def test_at_least_one_is_kept(base: Path) -> None:
    with pytest.raises(VersionsError, match="at least one version has to be kept, not 0"):
        prune(base, keep=0)
    assert prune(base, keep=6) == []


def test_a_model_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VersionsError, match=r"model folder .*none does not exist"):
        prune(tmp_path / "none", keep=1)
