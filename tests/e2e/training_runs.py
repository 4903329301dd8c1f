"""Real training processes on a copy of the sources, which nobody edits during a test."""

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
TIMEOUT_SECONDS = 300.0  # The machine may be busy with other things.

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "200"}  # JAX changes the level on import.
# What JAX compiles runs for milliseconds: optimizing it would take longer.
_QUICK = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}


def variables(**chosen: str) -> dict[str, str]:
    """Return an environment with no other settings than the chosen variables."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PHOTOLABEL_")}
    return {**inherited, **_QUIET, **_QUICK, "KERAS_BACKEND": "tensorflow", **chosen}


class Workspace:
    """The sources, drawn photos, runs and models of one test."""

    def __init__(self, folder: Path) -> None:
        for part in ("training", "serving"):
            ignore = shutil.ignore_patterns("starters")
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        write_fashion_mnist(folder / "garments")
        self.folder = folder

    def start(
        self,
        *arguments: str,
        suffix: str = "",
        epochs: int = 4,
        publish: bool = True,
        **environment: str,
    ) -> "Training":
        """Start `run` with a tiny recipe; the names of its folders end in the suffix."""
        tiny = (*TINY, "batch_size=20", f"epochs={epochs}")
        overrides = [word for override in tiny for word in ("--set", override)]
        folders = ["--runs", f"runs{suffix}", "--models", f"models{suffix}", "--data", "garments"]
        command = ["run", "clothing-cnn", *overrides, *folders, *arguments]
        published = ("--publish", "--force") if publish else ()
        return self.command(*command, *published, **environment)

    def command(self, *arguments: str, **environment: str) -> "Training":
        """Start any command."""
        return Training(self, list(arguments), variables(**environment))

    def run_folder(self, suffix: str = "") -> Path:
        """Return the folder of the only run."""
        (folder,) = (self.folder / f"runs{suffix}" / "clothing-cnn").iterdir()
        return folder

    def checkpoints(self, suffix: str = "") -> list[str]:
        """Return the sorted names of the run's checkpoints, if any."""
        found = (self.folder / f"runs{suffix}").glob("clothing-cnn/*/checkpoints/[0-9]*.npz")
        return sorted(path.name for path in found)

    def has_reached(self, name: str) -> bool:
        """Return whether the run has saved this checkpoint or a later one."""
        return any(found >= name for found in self.checkpoints())

    def versions(self, suffix: str = "") -> list[int]:
        """Return the published versions; check that each is complete."""
        base = self.folder / f"models{suffix}" / "clothing"
        versions = published_versions(base)
        for version in versions:
            files = {path.name for path in (base / str(version)).rglob("*")}
            assert {"saved_model.pb", "variables.index", "model_card.json"} <= files
        return versions

    def weights(self, suffix: str = "") -> list[np.ndarray]:
        """Return the weights of the run's trained network."""
        network = keras.models.load_model(self.run_folder(suffix) / "trained.keras", compile=False)
        return list(network.get_weights())


class Training:
    """A training process."""

    def __init__(
        self, workspace: Workspace, command: list[str], environment: dict[str, str]
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "training", *command],
            cwd=workspace.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, condition: Callable[[], object]) -> bool:
        """Wait until the condition holds or the process has ended; return whether it holds."""
        end = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            if self.process.poll() is not None:
                return bool(condition())
            assert time.monotonic() < end, "timed out"
            time.sleep(0.005)
        return True

    def kill(self) -> None:
        """Kill it like `kill -9`."""
        self.process.kill()
        self.process.communicate()

    def send_signal(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal and wait, as `wait` does."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str, str]:
        """Wait for its end; return its exit status, output and errors."""
        try:
            output, error = self.process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return self.process.returncode, output, error

    def succeed(self) -> str:
        """Wait until it has succeeded; return its output."""
        status, output, error = self.wait()
        assert status == 0, f"{output}\n{error}"
        return output
