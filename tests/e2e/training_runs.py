"""Real training processes on a copy of the sources, which nobody changes meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from serving.repository.versions import published_versions
from tests.idx import write_fashion_mnist
from tests.training.conftest import TINY

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0  # Seconds; a machine may be busy with other things.

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "200"}  # JAX, once imported, sets another level.


def variables(**chosen: str) -> dict[str, str]:
    """Return the environment of a process that nobody has set anything for but what is chosen."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PHOTOLABEL_")}
    return {**inherited, **_QUIET, "KERAS_BACKEND": "tensorflow", **chosen}


class Workplace:
    """Sources, drawn photos, runs and models of one test."""

    def __init__(self, folder: Path) -> None:
        for part in ("training", "serving"):
            ignore = shutil.ignore_patterns("__pycache__", "starters", "web")
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        write_fashion_mnist(folder / "garments")
        self.folder = folder

    def start(
        self, *arguments: str, where: str = "", epochs: int = 4, **environment: str
    ) -> "Training":
        """Start `run` of a tiny recipe, with runs and models in the folder `where`."""
        tiny = (*TINY, "batch_size=20", f"epochs={epochs}")
        numbers = [word for number in tiny for word in ("--set", number)]
        places = ["--runs", f"runs{where}", "--models", f"models{where}", "--data", "garments"]
        command = ["run", "clothing-cnn", *numbers, *places, "--force", *arguments]
        return self.command(*command, **environment)

    def command(self, *arguments: str, **environment: str) -> "Training":
        """Start any command."""
        return Training(self, list(arguments), variables(**environment))

    def run_folder(self, where: str = "") -> Path:
        """Return the only run's folder."""
        (folder,) = (self.folder / f"runs{where}" / "clothing-cnn").iterdir()
        return folder

    def checkpoints(self, where: str = "") -> list[str]:
        """Return the names of the run's checkpoints in order; none before it has a folder."""
        found = (self.folder / f"runs{where}").glob("clothing-cnn/*/checkpoints/[0-9]*.npz")
        return sorted(path.name for path in found)

    def has_reached(self, name: str) -> bool:
        """Whether the run has kept the checkpoint of a name, or a later one."""
        return any(found >= name for found in self.checkpoints())

    def versions(self, where: str = "") -> list[int]:
        """Return the published versions, each of which has to be whole."""
        base = self.folder / f"models{where}" / "clothing"
        versions = published_versions(base)
        for version in versions:
            files = {path.name for path in (base / str(version)).rglob("*")}
            assert {"saved_model.pb", "variables.index", "model_card.json"} <= files
        return versions

    def weights(self, where: str = "") -> list[np.ndarray]:
        """Return the weights that the run has trained."""
        network = keras.models.load_model(self.run_folder(where) / "trained.keras", compile=False)
        return list(network.get_weights())


class Training:
    """A training process."""

    def __init__(self, place: Workplace, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "training", *command],
            cwd=place.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, condition: Callable[[], object]) -> bool:
        """Wait until the condition holds or the process has ended; return whether it holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None:
                return bool(condition())
            assert time.monotonic() < end, "not in time"
            time.sleep(0.005)
        return True

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.communicate()

    def ask(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal and wait for the end, as `end` does."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> tuple[int, str, str]:
        """Return exit status, output and errors."""
        try:
            output, error = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return self.process.returncode, output, error

    def done(self) -> str:
        """Wait for a good end and return the output."""
        status, output, error = self.end()
        assert status == 0, f"{output}\n{error}"
        return output
