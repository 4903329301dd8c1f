import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.file_server import Publisher, serving
from training.data.loaders.fashion_mnist import FILES, load_fashion_mnist
from training.errors import TrainingError

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"


def idx(*shape: int, kind: int = 8, data: bytes | None = None) -> bytes:
    """Return the bytes of a gzipped IDX file, zeros unless `data` says otherwise."""
    header = struct.pack(f">HBB{len(shape)}i", 0, kind, len(shape), *shape)
    return gzip.compress(header + (bytes(int(np.prod(shape))) if data is None else data))


def test_the_files_are_read_unchanged(garments: Path) -> None:
    data = load_fashion_mnist(garments, held_out=0.0)

    content = gzip.decompress((garments / TRAIN_IMAGES).read_bytes())
    assert data.training.photos[:].tobytes() == content[16:]
    assert data.training.photos.shape == (200, 28, 28, 1)
    assert data.training.classes.tolist() == [number % 10 for number in range(200)]
    assert data.test.photos.shape == (50, 28, 28, 1)
    assert data.labels[0] == "T-shirt/top"
    assert data.labels[9] == "Ankle boot"


def test_the_same_photos_are_always_held_out_and_none_is_lost(garments: Path) -> None:
    data, again = (load_fashion_mnist(garments, held_out=0.1) for _ in range(2))

    assert (len(data.training), len(data.validation)) == (180, 20)
    assert np.array_equal(data.validation.photos[:], again.validation.photos[:])
    everything = load_fashion_mnist(garments, held_out=0.0).training.photos[:]
    parts = [*data.training.photos[:], *data.validation.photos[:]]
    assert sorted(photo.tobytes() for photo in parts) == sorted(
        photo.tobytes() for photo in everything
    )


def test_the_digest_is_that_of_the_files(garments: Path) -> None:
    before = load_fashion_mnist(garments, 0.0).digest
    assert load_fashion_mnist(garments, 0.0).digest == before

    (garments / TRAIN_IMAGES).write_bytes(idx(200, 28, 28))
    assert load_fashion_mnist(garments, 0.0).digest != before


def test_files_are_found_in_the_data_sets_folder_and_by_the_environment(
    garments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    garments.rename(tmp_path / "fashion-mnist")
    assert len(load_fashion_mnist(tmp_path, 0.0).training) == 200

    monkeypatch.setenv("PHOTOLABEL_DATA", str(tmp_path))
    assert len(load_fashion_mnist(None, 0.0).training) == 200
    (tmp_path / "empty").mkdir()
    assert len(load_fashion_mnist(tmp_path / "empty", 0.0).training) == 200


@pytest.fixture
def published(garments: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return the content of the four files, which count as the published ones."""
    contents = {name: (garments / name).read_bytes() for name in FILES}
    for name, content in contents.items():
        known = replace(FILES[name], size=len(content), md5=hashlib.md5(content).hexdigest())
        monkeypatch.setitem(FILES, name, known)
    return contents


def test_without_files_the_published_ones_are_downloaded(
    published: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving(Publisher(published)) as publisher:
        monkeypatch.setenv("PHOTOLABEL_MIRROR", publisher.url)
        assert len(load_fashion_mnist(tmp_path, 0.0).training) == 200
    assert {path for path, _ in publisher.requests} == {f"/{name}" for name in FILES}

    assert len(load_fashion_mnist(None, 0.0).training) == 200, "the downloaded files are kept"


def test_files_that_keras_has_downloaded_are_used_if_they_are_whole(
    published: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder = tmp_path / "keras" / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for name, content in published.items():
        (folder / name).write_bytes(content)
    assert len(load_fashion_mnist(None, 0.0).training) == 200

    (folder / TRAIN_LABELS).write_bytes(published[TRAIN_LABELS][:-1])
    with pytest.raises(TrainingError, match="cannot download"):
        load_fashion_mnist(None, 0.0)


def test_without_files_and_without_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as raised:
        load_fashion_mnist(tmp_path, 0.0)
    for part in (TRAIN_IMAGES, FILES[TRAIN_IMAGES].url, str(tmp_path), "refused", "--data"):
        assert part in str(raised.value)


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"the data folder .*none does not exist"):
        load_fashion_mnist(tmp_path / "none", 0.0)


def test_a_missing_file_among_the_four_is_named(garments: Path) -> None:
    (garments / TRAIN_LABELS).unlink()

    with pytest.raises(TrainingError, match=f"lacks {TRAIN_LABELS}: put them there too"):
        load_fashion_mnist(garments, 0.0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (TRAIN_IMAGES, b"no gzip", "is damaged (Not a gzipped file"),
        (TRAIN_IMAGES, idx(200, 28, 28)[:-20], "is damaged (Compressed file ended"),
        (TRAIN_IMAGES, gzip.compress(b"abc"), "is damaged (only 3 bytes)"),
        (TRAIN_IMAGES, idx(200, 28, 28, data=bytes(9)), "9 bytes of data, but its header says"),
        (TRAIN_IMAGES, idx(200, 28, 28, kind=13), "is not an IDX file of bytes with 3 dimensions"),
        (TRAIN_IMAGES, idx(200, 10, 10), "holds photos of 10×10, not 28×28"),
        (TRAIN_IMAGES, idx(0, 28, 28), "holds 0 photos"),
        (TRAIN_LABELS, idx(7), "holds 7 labels"),
        (TRAIN_LABELS, idx(200, data=bytes([10] * 200)), "holds class 10; the classes are 0 to 9"),
    ],
    ids=["text", "truncated", "short", "cut", "floats", "size", "empty", "fewer", "foreign"],
)
def test_a_damaged_file_is_named(garments: Path, name: str, content: bytes, message: str) -> None:
    (garments / name).write_bytes(content)

    with pytest.raises(TrainingError) as raised:
        load_fashion_mnist(garments, 0.0)
    assert str(garments / name) in str(raised.value)
    assert message in str(raised.value)


def test_the_published_data_set_is_complete(data_sets: Path) -> None:
    if not (data_sets / "fashion-mnist").is_dir():
        pytest.skip("no fashion-mnist among the data sets")
    data = load_fashion_mnist(data_sets, held_out=0.05)

    assert (len(data.training), len(data.validation), len(data.test)) == (57_000, 3_000, 10_000)
    assert np.bincount(data.test.classes).tolist() == [1000] * 10
