"""Runs that end before they are done, and the same command again."""

import json
import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serving.repository.versions import published_versions
from tests.training.conftest import CommandLine
from training.runs.trained_network import save_trained_network

# Keras stores weights by a conversion that NumPy wants to be another one some day.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MODELS = Path("models/clothing")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_run_is_finished_by_the_same_command_and_begun_again_by_fresh(
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


def test_a_run_that_died_as_soon_as_its_network_was_kept_is_published(
    train: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept_and_dead(network: object, folder: Path) -> None:
        save_trained_network(network, folder)
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("training.pipeline.train.save_trained_network", kept_and_dead)
        assert train() == 130
    assert published_versions(MODELS) == []

    assert train() == 0
    assert published_versions(MODELS) == [1]


def test_a_diverged_run_names_the_epoch_and_the_last_good_checkpoint(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first step's learning rate is 0, those after it are far too large."""
    numbers = ("optimizer=sgd", "learning_rate=1e35", "warmup_epochs=1")
    wrong = [word for number in numbers for word in ("--set", number)]

    assert train(*wrong, "--checkpoint-minutes", "0") == 1

    error = capsys.readouterr().err
    told = r"error: the \w+ became .* in epoch 1: try a smaller --set learning_rate. The last good "
    assert re.match(told, error)
    good = Path(error.strip().rpartition(" ")[2])
    assert good.name in ("000000-00000001.npz", "000000-00000002.npz")
    assert good.is_file()


def test_terminated_before_it_fits_it_ends_with_its_own_status(
    train: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.pipeline.train.load", lambda *_: signal.raise_signal(signal.SIGTERM)
    )

    assert train() == 75
    assert capsys.readouterr().err == "terminated\n"


@pytest.mark.parametrize("minutes", ["-1", "soon", "inf"])
def test_minutes_are_a_number(
    train: CommandLine, capsys: pytest.CaptureFixture[str], minutes: str
) -> None:
    with pytest.raises(SystemExit) as raised:
        train("--checkpoint-minutes", minutes)

    assert raised.value.code == 2
    assert f"invalid minutes value: '{minutes}'" in capsys.readouterr().err
