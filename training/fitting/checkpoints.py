"""Checkpoint files: everything that a fit needs to resume after its process has died.

Each is a file `<epoch>-<step>.npz` with the variables of network and optimizer (the states of
Keras's random generators are variables of the layers that use them), the states of NumPy's and
Python's own generators, and the position of the fit. They are written atomically; the last two are
kept, because a disk may lose data that it has reported as written.
"""

import json
import random
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from serving.repository.atomic_write import atomic_write
from training.errors import TrainingError, explained

_KEPT = 2
_SHARED = "shared"


@dataclass(frozen=True, order=True)
class Position:
    """How far a fit has come: completed epochs, and steps of the epoch after them."""

    epoch: int = 0
    step: int = 0

    def __str__(self) -> str:
        if self.step:
            return f"step {self.step} of epoch {self.epoch + 1}"
        return f"the end of epoch {self.epoch}" if self.epoch else "the beginning"


@dataclass(frozen=True)
class BestEpoch:
    """The epoch with the lowest validation loss so far.

    Attributes:
        epoch: its number, from 1.
        loss: on the validation photos.
        weights: of the network after it, in Keras's order.
    """

    epoch: int
    loss: float
    weights: list[np.ndarray]


@dataclass(frozen=True)
class State:
    """The state of a fit at a position.

    Attributes:
        position: how far the fit has come.
        variables: their values, in Keras's order.
        seconds: time spent on fitting so far.
        figures: means over the steps of an incomplete epoch.
        best: with early stopping, the epoch whose weights are the result so far.
    """

    position: Position
    variables: list[np.ndarray]
    seconds: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)
    best: BestEpoch | None = None


class CheckpointFolder:
    """The checkpoints of one fit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, state: State) -> Path:
        """Write a state, and remove all earlier ones but the last."""
        position = state.position
        path = self._folder / f"{position.epoch:06d}-{position.step:08d}.npz"
        facts = {
            "epoch": position.epoch,
            "step": position.step,
            "seconds": state.seconds,
            "figures": state.figures,
            "random": _random_states(),
        }
        arrays = _numbered("variable", state.variables)
        if state.best:
            facts["best"] = {"epoch": state.best.epoch, "loss": state.best.loss}
            arrays |= _numbered("best", state.best.weights)
        arrays["facts"] = np.array(json.dumps(facts))
        last = self.last() or "the beginning"
        advice = f"free some space; the same command then resumes from {last}"
        with explained(f"cannot write the checkpoint {path}", advice):
            self._folder.mkdir(exist_ok=True)
            with atomic_write(path) as temporary:
                np.savez(temporary, **arrays)
        for old in self._paths()[:-_KEPT]:
            old.unlink(missing_ok=True)
        return path

    def read(self, like: Sequence[np.ndarray | Any]) -> State | None:
        """Return the last intact state, if any, and restore the random generators.

        Args:
            like: arrays or variables with the expected shapes.

        Raises:
            TrainingError: there are checkpoints, but none is intact or fits.
        """
        faults = []
        for path in reversed(self._paths()):
            try:
                state, generators = _read(path)
                if [v.shape for v in state.variables] != [tuple(v.shape) for v in like]:
                    raise ValueError("it is from another network")
            except (
                OSError,
                EOFError,
                ValueError,
                KeyError,
                zipfile.BadZipFile,
                zlib.error,
            ) as error:
                faults.append(f"{path}: {error}")
            else:
                _set_random_states(generators)
                return state
        if faults:
            raise TrainingError(
                f"no checkpoint can be read ({'; '.join(faults)}): begin another run with --fresh"
            )
        return None

    def last(self) -> Path | None:
        """Return the last checkpoint; None if there is none."""
        return next(reversed(self._paths()), None)

    def keep_last(self) -> None:
        """Remove all checkpoints but the last, which another run may continue with more epochs."""
        for path in self._paths()[:-1]:
            path.unlink(missing_ok=True)

    def share(self, path: Path) -> None:
        """Keep a checkpoint for runs of more epochs (`training.pipeline.shared_epochs`)."""
        with explained(f"cannot keep the checkpoint {path}", "free some space"):
            (self._folder / _SHARED).mkdir(exist_ok=True)
            with atomic_write(self._folder / _SHARED / path.name) as temporary:
                shutil.copyfile(path, temporary)

    def shared(self) -> Path | None:
        """Return the checkpoint that `share` has kept; None if there is none."""
        return next((self._folder / _SHARED).glob("[0-9]*.npz"), None)

    @staticmethod
    def epochs_of(path: Path) -> int:
        """Return the number of complete epochs of a checkpoint, by its name."""
        return int(path.name.partition("-")[0])

    def _paths(self) -> list[Path]:
        """Return the checkpoints in the order of their positions, without temporary files."""
        return sorted(self._folder.glob("[0-9]*.npz"))


def _numbered(kind: str, arrays: list[np.ndarray]) -> dict[str, Any]:
    return {f"{kind}{index:05d}": array for index, array in enumerate(arrays)}


def _read(path: Path) -> tuple[State, dict[str, Any]]:
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        facts = json.loads(str(file["facts"]))
        variables, weights = (
            [file[name] for name in sorted(file.files) if name.startswith(kind)]
            for kind in ("variable", "best")
        )
    position = Position(facts["epoch"], facts["step"])
    best = BestEpoch(**facts["best"], weights=weights) if "best" in facts else None
    return State(position, variables, facts["seconds"], facts["figures"], best), facts["random"]


def _random_states() -> dict[str, Any]:
    numpy = [np.asarray(part).tolist() for part in np.random.get_state()]
    version, words, gauss = random.getstate()
    return {"numpy": numpy, "python": [version, list(words), gauss]}


def _set_random_states(states: dict[str, Any]) -> None:
    np.random.set_state(tuple(states["numpy"]))
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
