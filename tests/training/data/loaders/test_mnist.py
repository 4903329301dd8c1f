from pathlib import Path

import keras
import numpy as np
import pytest

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


def test_without_the_file_keras_downloads_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.utils, "get_file", lambda name, **_: str(folder / name))

    assert len(load_mnist(None, 0.0).training) == 40


def test_without_file_and_network_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise Exception("no network")

    monkeypatch.setattr(keras.utils, "get_file", fail)

    with pytest.raises(TrainingError, match=r"no MNIST: not found in .*no network.*mnist\.npz"):
        load_mnist(tmp_path, 0.0)


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
