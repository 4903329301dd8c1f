import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import largest_file
from training.errors import TrainingError
from training.fitting.checkpoints import BestEpoch, CheckpointFolder, Position, State

LIKE = [np.zeros((2, 3), np.float32), np.zeros((), np.int64), np.zeros(2, np.uint32)]


def state(epoch: int, step: int = 0) -> State:
    numbers = np.random.default_rng([epoch, step])
    variables: list[np.ndarray] = [
        numbers.random((2, 3), np.float32),
        np.array(epoch, np.int64),
        np.array([step, 2**32 - 1], np.uint32),
    ]
    return State(Position(epoch, step), variables, seconds=12.5, figures={"loss": 0.25})


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints")


def test_a_state_is_read_back_unchanged(folder: CheckpointFolder) -> None:
    written = state(3, 17)
    folder.write(written)

    read = folder.read(LIKE)

    assert read is not None
    assert (read.position, read.seconds, read.figures) == (Position(3, 17), 12.5, {"loss": 0.25})
    for found, expected in zip(read.variables, written.variables, strict=True):
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


def test_the_best_epoch_is_read_back_unchanged(folder: CheckpointFolder) -> None:
    best = BestEpoch(2, 0.375, [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(2)])
    folder.write(replace(state(4), best=best))

    read = folder.read(LIKE)

    assert read is not None
    assert read.best is not None
    assert (read.best.epoch, read.best.loss) == (2, 0.375)
    assert len(read.variables) == len(LIKE)
    for found, expected in zip(read.best.weights, best.weights, strict=True):
        assert np.array_equal(found, expected)


def test_without_checkpoints_there_is_no_state(folder: CheckpointFolder) -> None:
    assert folder.read(LIKE) is None
    assert folder.last() is None


def test_random_generators_resume_where_they_were(folder: CheckpointFolder) -> None:
    folder.write(state(1))
    expected = (np.random.random(), random.random())
    np.random.random()

    folder.read(LIKE)

    assert (np.random.random(), random.random()) == expected


def test_the_last_two_checkpoints_by_position_are_kept(
    folder: CheckpointFolder, tmp_path: Path
) -> None:
    for position in ((0, 9), (0, 10), (1, 0), (10, 2)):
        folder.write(state(*position))

    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["000001-00000000.npz", "000010-00000002.npz"]


def test_if_the_last_checkpoint_is_damaged_the_previous_one_is_read(
    folder: CheckpointFolder,
) -> None:
    folder.write(state(1))
    last = folder.write(state(2))
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 255
    last.write_bytes(content[: len(content) - 100])

    read = folder.read(LIKE)

    assert read is not None
    assert read.position == Position(1)


def test_if_all_checkpoints_are_damaged_the_error_names_them(folder: CheckpointFolder) -> None:
    path = folder.write(state(1))
    path.write_bytes(b"")

    with pytest.raises(TrainingError, match=rf"{path}: .*begin another run with --fresh"):
        folder.read(LIKE)


def test_a_state_of_another_network_is_refused(folder: CheckpointFolder) -> None:
    folder.write(state(1))

    with pytest.raises(TrainingError, match="it is from another network"):
        folder.read([np.zeros((3, 3)), *LIKE[1:]])


def test_a_full_disk_loses_only_the_new_checkpoint(
    folder: CheckpointFolder, tmp_path: Path
) -> None:
    last = folder.write(state(1))

    with (
        largest_file(1000),
        pytest.raises(TrainingError, match=rf"File too large.*resumes from {last}"),
    ):
        folder.write(state(2))

    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [last.name]
    read = folder.read(LIKE)
    assert read is not None
    assert read.position == Position(1)


def test_a_position_is_shown_in_words() -> None:
    texts = [str(position) for position in (Position(), Position(2), Position(2, 5))]
    assert texts == ["the beginning", "the end of epoch 2", "step 5 of epoch 3"]
