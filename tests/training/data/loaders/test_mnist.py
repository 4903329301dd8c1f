import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.file_server import Publisher, serving
from training.data.loaders import mnist
from training.data.loaders.mnist import FILE, load_mnist
from training.errors import TrainingError

Arrays = dict[str, np.ndarray]


def arrays() -> Arrays:
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (40, 28, 28), np.uint8),
        "y_train": (np.arange(40) % 10).astype(np.uint8),
        "x_test": random.integers(0, 256, (10, 28, 28), np.uint8),
        "y_test": np.arange(10).astype(np.uint8),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a small file in the published format."""
    folder = tmp_path / "digits"
    folder.mkdir()
    np.savez(folder / FILE, allow_pickle=False, **arrays())
    return folder


def test_the_file_is_read_unchanged(folder: Path) -> None:
    data = load_mnist(folder, held_out=0.0)

    assert np.array_equal(data.training.photos[..., 0], arrays()["x_train"])
    assert data.training.classes.tolist() == [number % 10 for number in range(40)]
    assert np.array_equal(data.test.photos[..., 0], arrays()["x_test"])
    assert data.labels == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert len(data.validation) == 0


def test_the_same_images_are_always_held_out(folder: Path) -> None:
    data, again = (load_mnist(folder, held_out=0.25) for _ in range(2))

    assert (len(data.training), len(data.validation)) == (30, 10)
    assert np.array_equal(data.validation.photos[:], again.validation.photos[:])


def test_the_file_is_found_by_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.rename(tmp_path / "mnist")
    monkeypatch.setenv("PHOTOLABEL_DATA", str(tmp_path))

    assert len(load_mnist(None, 0.0).training) == 40


@pytest.fixture
def published(folder: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return the content of the file, which counts as the published one."""
    content = (folder / FILE).read_bytes()
    known = replace(mnist.DOWNLOAD, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(mnist, "DOWNLOAD", known)
    return content


def test_without_the_file_it_is_downloaded(
    published: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Publisher({FILE: published})) as publisher:
        monkeypatch.setenv("PHOTOLABEL_MIRROR", publisher.url)
        assert len(load_mnist(None, 0.0).training) == 40

    assert len(load_mnist(None, 0.0).training) == 40, "the downloaded file is kept"


def test_a_file_that_keras_has_downloaded_is_used_if_it_is_whole(
    published: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    (tmp_path / "keras" / "datasets" / FILE).write_bytes(published)
    assert len(load_mnist(None, 0.0).training) == 40

    (tmp_path / "keras" / "datasets" / FILE).write_bytes(published[:-1])
    with pytest.raises(TrainingError, match="cannot download"):
        load_mnist(None, 0.0)


def test_without_file_and_network_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as raised:
        load_mnist(tmp_path, 0.0)
    for part in ("no mnist: not found in", "Connection refused", mnist.DOWNLOAD.url, "--data"):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_train": np.zeros((40, 28, 28))}, r"x_train is float64 \(40, 28, 28\), not bytes"),
        ({"x_test": np.zeros((10, 28, 27), np.uint8)}, r"x_test is uint8 \(10, 28, 27\), not"),
        ({"y_train": np.zeros(39, np.uint8)}, r"holds 40 images and \(39,\) labels: train"),
        ({"y_test": np.full(10, 10, np.uint8)}, "y_test holds 10; the classes are 0 to 9"),
    ],
)
def test_other_arrays_are_refused(folder: Path, changed: Arrays, message: str) -> None:
    np.savez(folder / FILE, allow_pickle=False, **(arrays() | changed))

    with pytest.raises(TrainingError, match=message):
        load_mnist(folder, 0.0)


def test_a_missing_array_is_named(folder: Path) -> None:
    np.savez(folder / FILE, x_train=arrays()["x_train"], y_train=arrays()["y_train"])

    with pytest.raises(TrainingError, match="lacks x_test and y_test: it is not Keras's MNIST"):
        load_mnist(folder, 0.0)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_a_damaged_file_is_reported(folder: Path, content: bytes) -> None:
    (folder / FILE).write_bytes(content)

    with pytest.raises(TrainingError, match=r"mnist\.npz is damaged .*: download it again"):
        load_mnist(folder, 0.0)
