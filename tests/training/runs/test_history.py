import json
from pathlib import Path
from typing import Any

import pytest

from training.errors import TrainingError
from training.runs.history import read_history
from training.runs.history_writer import HistoryWriter


def epoch(writer: HistoryWriter, number: int, steps: range = range(4), **figures: float) -> None:
    """Call a writer during an epoch as Keras does."""
    writer.on_epoch_begin(number)
    for step in steps:
        writer.on_train_batch_begin(step)
        writer.on_train_batch_end(step)
    writer.on_epoch_end(number, {"loss": 1.0, "accuracy": 0.5, **figures})


def without_time(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in entry.items() if "second" not in name} for entry in history
    ]


def test_each_epoch_is_written_as_soon_as_it_ends(tmp_path: Path) -> None:
    writer = HistoryWriter(tmp_path, batch_size=10)
    epoch(writer, 0, loss=2.0, val_loss=3.0, val_accuracy=0.25, learning_rate=1.0)

    (entry,) = read_history(tmp_path)
    assert entry.pop("seconds") >= 0
    assert entry.pop("images_per_second") > 0
    assert entry == {
        "epoch": 1,
        "loss": 2.0,
        "accuracy": 0.5,
        "val_loss": 3.0,
        "val_accuracy": 0.25,
    }
    epoch(writer, 1)
    assert [entry["epoch"] for entry in read_history(tmp_path)] == [1, 2]


def test_a_resumed_run_keeps_earlier_epochs_and_replaces_those_it_fits_again(
    tmp_path: Path,
) -> None:
    writer = HistoryWriter(tmp_path, batch_size=10)
    for number in range(3):
        epoch(writer, number, loss=float(number))

    epoch(HistoryWriter(tmp_path, batch_size=10), 1, loss=7.0)

    assert without_time(read_history(tmp_path)) == [
        {"epoch": 1, "loss": 0.0, "accuracy": 0.5},
        {"epoch": 2, "loss": 7.0, "accuracy": 0.5},
    ]


def test_speed_counts_the_steps_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter((0.0, *(2.0,) * 2, 5.0))
    monkeypatch.setattr("training.runs.history_writer.time.monotonic", lambda: next(now))
    epoch(HistoryWriter(tmp_path, batch_size=10), 0, steps=range(2, 4))

    (entry,) = read_history(tmp_path)
    assert entry["images_per_second"] == 10.0  # Two steps of ten photos in two seconds.
    assert entry["seconds"] == 5.0


def test_a_nan_loss_is_written_as_null(tmp_path: Path) -> None:
    epoch(HistoryWriter(tmp_path, batch_size=10), 0, val_loss=float("nan"))

    assert read_history(tmp_path)[0]["val_loss"] is None
    assert "NaN" not in (tmp_path / "history.json").read_text()


@pytest.mark.parametrize("content", ["[", "7", '[{"loss": 1}]', json.dumps([3])])
def test_a_damaged_history_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "history.json").write_text(content)

    with pytest.raises(TrainingError, match=r"history\.json is not the history of a run"):
        read_history(tmp_path)
