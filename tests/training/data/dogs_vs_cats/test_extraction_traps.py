"""Archives that are not Kaggle's `train.zip`, or that are malicious."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.data.dogs_vs_cats.test_extraction import add, files, prepared
from training.errors import TrainingError


def with_member(name: str, content: bytes = b"x") -> Callable[[Path], None]:
    return lambda pets: add(pets, name, content)


def with_bomb(pets: Path) -> None:
    with zipfile.ZipFile(pets / "train.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/cat.999.jpg", bytes(30 * 2**20))


def with_large_photo(pets: Path) -> None:
    with zipfile.ZipFile(pets / "train.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/cat.999.jpg", bytes(2**26 + 1))


def only(name: str) -> Callable[[Path], None]:
    def write(pets: Path) -> None:
        with zipfile.ZipFile(pets / "train.zip", "w") as archive:
            archive.writestr(name, b"x")

    return write


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_member("../../train/cat.7.jpg"), "its member '../../train/cat.7.jpg' points outside"),
        (with_member("/etc/cat.7.jpg"), "its member '/etc/cat.7.jpg' points outside"),
        (with_member("..\\cat.7.jpg"), "points outside"),
        (with_member("C:\\cat.7.jpg"), "points outside"),
        (with_member("again/cat.7.jpg"), "two photos named cat.7.jpg"),
        (with_bomb, "bytes would become"),
        (with_large_photo, "no photo may have more than"),
        (only("roses/1.jpg"), "has too few photos named train/cat"),
        (only("train.zip"), "it holds train.zip: unpack that first"),
        (lambda pets: (pets / "train.zip").write_bytes(b"no zip"), "is not a valid zip file"),
        (lambda pets: (pets / "train.zip").unlink(), "there is no archive"),
    ],
)
def test_malicious_and_other_archives_are_refused(
    pets: Path, tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    change(pets)

    with pytest.raises(TrainingError) as raised:
        prepared(pets, tmp_path / "in" / "out")

    assert message in str(raised.value)
    assert [name for name in files(tmp_path) if name.endswith(".jpg")] == []
