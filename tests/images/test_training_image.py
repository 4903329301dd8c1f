"""The training image trains on a CPU, publishes what a model server serves, and continues."""

import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.drawing import encoded_photo
from tests.e2e.processes import gateway, model_server, wait_until_ready
from tests.idx import write_fashion_mnist
from tests.images.engine import RESTRICTED, WRITABLE, built, engine, run_engine

RUN = ("run", "clothing-cnn", "--data", "/data", "--runs", "/data/runs", "--models", "/models")
TINY = (
    *("network.stem=4", "network.stages=4,8", "network.blocks=0,0", "precision=float32"),
    *("batch_size=20", "optimizer=sgd", "momentum=0.9"),
)
INTERRUPTED = 75  # What the Job's podFailurePolicy does not count as a failure.


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `data` and `models`, which the image's user may write to."""
    folder = tmp_path_factory.mktemp("volumes")
    write_fashion_mnist(folder / "data" / "fashion-mnist")
    (folder / "models").mkdir()
    for path in ("data", "models"):
        (folder / path).chmod(0o777)
    return folder


def flags(volumes: Path) -> list[str]:
    mounts = [f"{volumes / name}:/{name}" for name in ("data", "models")]
    variables = ["PHOTOLABEL_CACHE=/data/cache", "KERAS_HOME=/data/keras", "TF_CPP_MIN_LOG_LEVEL=3"]
    return [
        *(*RESTRICTED, *WRITABLE),
        *(word for mount in mounts for word in ("--volume", mount)),
        *(word for variable in variables for word in ("--env", variable)),
    ]


def command(epochs: int) -> list[str]:
    settings = [word for each in (*TINY, f"epochs={epochs}") for word in ("--set", each)]
    return [built("train-cpu"), *RUN, *settings]


def test_one_epoch_is_trained_and_published_and_served(volumes: Path, tmp_path: Path) -> None:
    run_engine("run", "--rm", *flags(volumes), *command(1), "--publish", "--force")

    assert (volumes / "models/clothing/1/saved_model.pb").is_file()
    with (
        model_server(volumes / "models", tmp_path / "models.log") as (_, address),
        gateway(address, tmp_path / "gateway.log", models="clothing") as (_, url),
    ):
        wait_until_ready(url)
        photo = encoded_photo("JPEG", (600, 800))
        answer = httpx.post(f"{url}/v1/models/clothing:classify", content=photo, timeout=60)
    assert answer.status_code == 200, answer.text


def test_sigterm_saves_a_checkpoint_and_the_same_command_continues(volumes: Path) -> None:
    started = run_engine("run", "--detach", *flags(volumes), *command(200))
    name = started.stdout.strip()
    try:
        _wait_for_epoch(name)
        run_engine("stop", "--time", "120", name)
        assert run_engine("wait", name).stdout.strip() == str(INTERRUPTED)
    finally:
        run_engine("rm", "--force", name)
    assert any(volumes.glob("data/runs/clothing-cnn/*/checkpoints/*.npz"))

    started = run_engine("run", "--detach", *flags(volumes), *command(200))
    name = started.stdout.strip()
    try:
        _wait_for_epoch(name)
        assert "epoch 1/" not in _output(name)
    finally:
        run_engine("rm", "--force", "--time", "0", name)


def _wait_for_epoch(name: str) -> None:
    """Wait until training has reported an epoch."""
    end = time.monotonic() + 600
    while "epoch " not in _output(name):
        assert time.monotonic() < end, _output(name)
        time.sleep(0.5)


def _output(name: str) -> str:
    done = run_engine("logs", name)
    return done.stdout + done.stderr


def test_a_wrong_command_is_status_2(volumes: Path) -> None:
    wrong = [engine(), "run", "--rm", *flags(volumes), built("train-cpu"), "run", "no-such-recipe"]
    done = subprocess.run(wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no-such-recipe" in done.stderr
    assert "Traceback" not in done.stderr
