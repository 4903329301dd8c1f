"""Runs that end early, and the same command run again."""

import json
import re
import signal
from pathlib import Path

import pytest

from serving.repository.versions import published_versions
from tests.training.conftest import CommandLine, largest_file
from training.runs.trained_network import save_trained_network

MODELS = Path("models/clothing")


def test_the_same_command_finishes_a_run_and_fresh_starts_another(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    with largest_file(10_000):
        assert train() == 1
    error = capsys.readouterr().err
    assert error.startswith("error: cannot write the checkpoint runs/clothing-cnn/")
    assert "(File too large): free some space; the same command then resumes from" in error
    assert error.count("\n") == 1
    (run,) = Path("runs/clothing-cnn").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "failed"

    assert train() == 0
    assert published_versions(MODELS) == [1]
    capsys.readouterr()

    assert train() == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{run} is finished, published as models/clothing/1; --fresh begins again"

    assert train("--fresh", "--force") == 0
    assert published_versions(MODELS) == [1, 2]
    assert len(list(Path("runs/clothing-cnn").iterdir())) == 2


def test_a_run_killed_after_saving_its_network_is_published(
    train: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And an unfinished run of an earlier release is not continued, as it says."""
    earlier = Path("runs/clothing-cnn/earlier")
    earlier.mkdir(parents=True)
    facts = {
        "recipe": "clothing-cnn",
        "model": "clothing",
        "parameters": {"seed": 1, "split": 1},
        "code": "0123",
    }
    (earlier / "run.json").write_text(json.dumps({**facts, "status": "stopped"}))

    def save_and_interrupt(network: object, folder: Path) -> None:
        save_trained_network(network, folder)
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("training.pipeline.fit_run.save_trained_network", save_and_interrupt)
        assert train() == 130
    said = capsys.readouterr().out
    assert re.search(r"^not continued: \S+/earlier \(.*; the code has changed\)$", said, re.M)
    assert published_versions(MODELS) == []

    assert train() == 0
    assert published_versions(MODELS) == [1]
    assert "not continued" not in capsys.readouterr().out


def test_a_diverged_run_names_the_epoch_and_the_last_good_checkpoint(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    """The learning rate of the first step is 0, later ones are far too large."""
    overrides = ("optimizer=sgd", "learning_rate=1e35", "warmup_epochs=1")
    wrong = [word for override in overrides for word in ("--set", override)]

    assert train(*wrong, "--checkpoint-minutes", "0") == 1

    error = capsys.readouterr().err
    message = (
        r"error: the \w+ became .* in epoch 1: try a smaller --set learning_rate. The last good "
    )
    assert re.match(message, error)
    good = Path(error.strip().rpartition(" ")[2])
    assert good.name in ("000000-00000001.npz", "000000-00000002.npz")
    assert good.is_file()


def test_sigterm_before_fitting_has_its_own_exit_status(
    train: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.pipeline.loaded_data.load", lambda *_: signal.raise_signal(signal.SIGTERM)
    )

    assert train() == 75
    assert capsys.readouterr().err == "terminated\n"


def test_early_stopping_is_told_and_recorded(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ("epochs=4", "early_stopping=1", "learning_rate=0", "schedule=constant")
    constant = [word for each in (*overrides, "warmup_epochs=0") for word in ("--set", each)]

    assert train(*constant) == 0

    output = capsys.readouterr().out
    card = json.loads((MODELS / "1/assets.extra/model_card.json").read_text())
    (run,) = Path("runs/clothing-cnn").iterdir()
    history = json.loads((run / "history.json").read_text())
    epochs = card["trained"]["epochs"]
    assert epochs["fitted"] == len(history)
    best = min(history, key=lambda entry: entry["val_loss"])
    assert epochs["best"] == best["epoch"]
    assert f"the weights are those of epoch {best['epoch']} of {len(history)}, which" in output
    assert card["metrics"]["training"]["accuracy"] == best["accuracy"]
    assert sum(each["photos"] for each in card["metrics"]["training"]["classes"].values()) == 190


@pytest.mark.parametrize("minutes", ["-1", "soon", "inf"])
def test_invalid_checkpoint_minutes_are_refused(
    train: CommandLine, capsys: pytest.CaptureFixture[str], minutes: str
) -> None:
    with pytest.raises(SystemExit) as raised:
        train("--checkpoint-minutes", minutes)

    assert raised.value.code == 2
    assert f"invalid minutes value: '{minutes}'" in capsys.readouterr().err
