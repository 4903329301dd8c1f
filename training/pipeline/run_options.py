"""The folders that a run uses, and how a recipe is run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from training.data.datasets import DataSet
from training.fitting.devices import Devices
from training.pipeline.loaded_data import loaded
from training.pipeline.sources import Source
from training.publishing.gate_policy import GatePolicy
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.pipeline.finalize import Evaluated


@dataclass(frozen=True)
class Paths:
    """The folders that a run uses.

    Attributes:
        data: searched first for data sets; None: only PHOTOLABEL_DATA is searched.
        models: a version is published into its sub-folder with the model's name, if any is.
        runs: has a sub-folder for each run.
    """

    data: Path | None
    models: Path
    runs: Path


@dataclass(frozen=True)
class RunOptions:
    """How a recipe is run.

    Attributes:
        devices: what it computes on.
        policy: how strict the publishing gate is; None: nothing is published.
        fresh: start another run even if there is one with the same identity.
        deterministic: the same weights bit by bit each time, however often it is interrupted.
        checkpoint_minutes: time between two checkpoints within an epoch.
        tensorboard: folder for TensorBoard's event files; None: none are written.
        source: another run or a published version to start from.
        share_epochs: begin with the epochs of a shorter run that are the same as this one's
            (`training.pipeline.shared_epochs`).
        after_epoch: called after each epoch but the last with its entry in the history, once
            its checkpoint is written; what it raises ends the fit.
        load: returns the data of a recipe: `loaded`, or `KeptData` for many runs.
        after_evaluation: called with the evaluated network before it is published, to say more
            about it.
    """

    devices: Devices
    policy: GatePolicy | None = None
    fresh: bool = False
    deterministic: bool = False
    checkpoint_minutes: float = 10.0
    tensorboard: Path | None = None
    source: Source | None = None
    share_epochs: bool = False
    after_epoch: Callable[[dict[str, float]], None] | None = None
    load: Callable[[Recipe, Path | None, Console], DataSet] = loaded
    after_evaluation: "Callable[[Evaluated], None] | None" = None
