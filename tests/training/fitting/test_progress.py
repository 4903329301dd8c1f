import io

from rich.console import Console

from training.fitting.progress import FitProgress


def test_a_resumed_epoch_is_counted_among_all_epochs_of_the_run() -> None:
    """Keras fits it alone, and takes it for the last one."""
    console = Console(file=io.StringIO())
    progress = FitProgress(console, epochs=5)
    progress.set_params({"epochs": 2, "steps": 3, "verbose": 0})

    progress.on_train_begin()
    progress.on_epoch_begin(1)
    progress.on_train_batch_end(2)
    progress.on_epoch_end(1, {"loss": 0.5, "accuracy": 0.75, "val_accuracy": 0.7})
    progress.on_train_end()

    assert isinstance(console.file, io.StringIO)
    assert "epoch 2/5  loss 0.5000  accuracy 75.00%  validation 70.00%" in console.file.getvalue()
