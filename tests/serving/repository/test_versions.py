import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from serving.repository import versions
from serving.repository.errors import AlreadyPublished, ModelChanged, VersionsError
from serving.repository.pruning import prune
from serving.repository.versions import (
    model_state,
    publish_copy,
    published_versions,
    staged,
)


def publish(base: Path, content: str = "weights") -> int:
    """Publish a version of two files, of which one lies in a sub-folder."""
    with staged(base) as staging:
        (staging.folder / "saved_model.pb").write_text(content)
        (staging.folder / "variables").mkdir()
        (staging.folder / "variables" / "data").write_text(content)
        return staging.publish()


def is_whole(version: Path) -> bool:
    return all((version / name).is_file() for name in ("saved_model.pb", "variables/data"))


def leftovers(base: Path) -> set[str]:
    return {name for name in os.listdir(base) if not name.isdigit()} - {".lock", ".last-version"}


def test_versions_are_listed_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10", "9", "2"):
        (tmp_path / name).mkdir()

    assert published_versions(tmp_path) == [2, 9, 10]


@pytest.mark.parametrize("name", ["007", "-1", "1.0", "v1", ".1", "\u0661", "9" * 19])
def test_folders_of_other_names_are_no_versions(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    assert published_versions(tmp_path) == []


def test_a_file_is_no_version(tmp_path: Path) -> None:
    (tmp_path / "1").touch()

    assert published_versions(tmp_path) == []


def test_a_model_that_does_not_exist_has_no_versions(tmp_path: Path) -> None:
    assert published_versions(tmp_path / "none") == []


def test_a_file_in_place_of_a_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "model").touch()

    with pytest.raises(VersionsError, match=r"cannot list the versions in .*model"):
        published_versions(tmp_path / "model")


def test_numbers_count_up_from_one(tmp_path: Path) -> None:
    assert [publish(tmp_path / "models" / "m") for _ in range(3)] == [1, 2, 3]
    assert published_versions(tmp_path / "models" / "m") == [1, 2, 3]


def test_a_published_version_holds_what_was_staged_and_others_may_read_it(tmp_path: Path) -> None:
    publish(tmp_path, "new")

    assert (tmp_path / "1" / "variables" / "data").read_text() == "new"
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "1").stat().st_mode & 0o777 == 0o777 & ~umask
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("taken", ["7", "007"])
def test_numbers_used_by_hand_are_passed_over(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).mkdir()

    assert publish(tmp_path) == 8


def test_a_number_is_never_used_twice(tmp_path: Path) -> None:
    for _ in range(3):
        publish(tmp_path)
    shutil.rmtree(tmp_path / "3")
    assert publish(tmp_path) == 4

    prune(tmp_path, keep=1)
    shutil.rmtree(tmp_path / "4")
    assert publish(tmp_path) == 5


def test_a_version_put_there_by_hand_counts_after_it_was_pruned(tmp_path: Path) -> None:
    (tmp_path / "30").mkdir()
    publish(tmp_path)
    prune(tmp_path, keep=1)
    shutil.rmtree(tmp_path / "31")

    assert publish(tmp_path) == 32


def test_a_damaged_number_is_named(tmp_path: Path) -> None:
    (tmp_path / ".last-version").write_text("many")

    with pytest.raises(VersionsError, match=r"\.last-version contains 'many', not the largest"):
        publish(tmp_path)
    assert published_versions(tmp_path) == []


def test_what_is_not_published_leaves_nothing(tmp_path: Path) -> None:
    with staged(tmp_path) as staging:
        (staging.folder / "saved_model.pb").touch()

    assert published_versions(tmp_path) == []
    assert leftovers(tmp_path) == set()


def test_an_empty_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VersionsError, match="nothing to publish"), staged(tmp_path) as staging:
        staging.publish()


def test_too_little_space_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**30, 0, 30 * 2**20))

    with pytest.raises(VersionsError, match="36 MiB needed, 30 MiB free"):  # noqa: SIM117
        with staged(tmp_path, needed_bytes=20 * 2**20):
            pytest.fail("it was given a folder")


def test_a_disk_that_fills_up_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VersionsError, match=r"cannot publish in .*: No space left on device"):
        publish(tmp_path)

    assert published_versions(tmp_path) == []
    assert leftovers(tmp_path) == set()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "models").touch()

    with pytest.raises(VersionsError, match=r"cannot write in .*models/m: Not a directory"):
        publish(tmp_path / "models" / "m")


def test_an_existing_version_is_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, "old")
    monkeypatch.setattr(versions, "largest_used", lambda base: 0)

    with pytest.raises(VersionsError, match="cannot publish"):
        publish(tmp_path, "new")
    assert (tmp_path / "1" / "saved_model.pb").read_text() == "old"


def test_a_copy_is_published_where_there_is_no_version(tmp_path: Path) -> None:
    publish(tmp_path / "starters", "starter")

    assert publish_copy(tmp_path / "starters" / "1", tmp_path / "models" / "m") == 1
    assert (tmp_path / "models" / "m" / "1" / "variables" / "data").read_text() == "starter"
    assert publish_copy(tmp_path / "starters" / "1", tmp_path / "models" / "m") is None
    assert published_versions(tmp_path / "models" / "m") == [1]


def test_whether_to_seed_is_decided_under_the_lock(tmp_path: Path) -> None:
    with staged(tmp_path) as seeding:
        (seeding.folder / "saved_model.pb").touch()
        publish(tmp_path)

        with pytest.raises(AlreadyPublished):
            seeding.publish(only_first=True)
    assert published_versions(tmp_path) == [1]


def test_a_copy_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VersionsError, match=r"cannot copy a version: .* is not a folder"):
        publish_copy(tmp_path / "none", tmp_path / "m")


def test_nothing_is_published_if_the_model_is_not_as_expected(tmp_path: Path) -> None:
    seen = model_state(tmp_path)
    publish(tmp_path)
    with staged(tmp_path) as staging:
        (staging.folder / "saved_model.pb").touch()
        with pytest.raises(ModelChanged):
            staging.publish(expected=seen)
        seen = model_state(tmp_path)
        (tmp_path / ".serving.config").write_text("version_labels {}")
        with pytest.raises(ModelChanged):
            staging.publish(expected=seen)
        assert staging.publish(expected=model_state(tmp_path)) == 2
