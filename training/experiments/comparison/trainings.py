"""The trainings of a comparison: as many as are left, with what has been loaded once."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from training.console import say
from training.data.datasets import DataSet
from training.experiments.comparison.judged_error import judged_error
from training.experiments.comparison.plan import Plan
from training.experiments.comparison.random_splits import random_split, split_data
from training.experiments.queue import Claim, Queue, finished_elsewhere
from training.fitting.devices import Devices
from training.fitting.feature_cache import with_features
from training.networks.backbone import load_backbone
from training.pipeline.opened_run import identity_of
from training.progress_bars import counting
from training.recipe import Recipe
from training.settings import BackboneNetwork


@contextmanager
def progress(queue: Queue, console: Console) -> Iterator[Callable[[], None]]:
    """Yield a function that shows how many trainings are over, of all processes."""
    with counting(console, "trainings") as show:

        def count() -> None:
            results = queue.results()
            over = [each for each in results if each.state not in ("waiting", "running")]
            show(len(over), len(results))

        yield count


@dataclass
class Trainings:
    """Performs the trainings of a plan, one after the other, until none is left.

    Attributes:
        plan: what is trained.
        output: folder for checkpoints.
        data: folder of the data sets, also searched for pretrained weights.
        devices: to compute on.
        console: shows each training.
    """

    plan: Plan
    output: Path
    data: Path | None
    devices: Devices
    console: Console
    _ready: dict[str, DataSet] = field(default_factory=dict)

    def work(self, queue: Queue) -> None:
        """Train what nobody has trained yet, while other processes may do the same.

        Raises:
            TrainingError: the database can't be used. A training that fails is noted there.
            KeyboardInterrupt, Preempted: asked to stop.
        """
        while claim := queue.claim():
            with claim:
                self._train(claim)

    def _train(self, claim: Claim) -> None:
        """Train one recipe on one split, or take over the result of an earlier comparison."""
        competitor, number = self.plan.what(claim.position)
        recipe = competitor.on_split(number)
        pool = self._pool(competitor.label, recipe)
        key = self._key(recipe, pool, number)
        found = finished_elsewhere(self.plan.storage, key)
        if found and found.value is not None:
            claim.finish(found.value, **found.facts)
            return
        began = time.monotonic()
        split = random_split(len(pool.training), self.plan.share, number)
        data = split_data(pool, split, self.plan.validation[competitor.label], number)
        checkpoints = self.output / f"checkpoints-{key}"
        error = judged_error(recipe, data, checkpoints, self.devices.backend.spread)
        seconds = round(time.monotonic() - began, 2)
        claim.finish(error, key=key, seconds=seconds)
        shutil.rmtree(checkpoints, ignore_errors=True)
        line = f"split {number}, {competitor.label}: error {error:.2f}% in {seconds:.0f} s"
        say(self.console, line)

    def _pool(self, label: str, recipe: Recipe) -> DataSet:
        """Return the photos of a recipe, with the features of its backbone if it has one."""
        if label not in self._ready:
            pool = self.plan.pools[label]
            if isinstance(recipe.network, BackboneNetwork):
                backbone = load_backbone(recipe, self.data, self.console)
                pool = with_features(recipe, pool, backbone, self.console)
            self._ready[label] = pool
        return self._ready[label]

    def _key(self, recipe: Recipe, pool: DataSet, number: int) -> str:
        """Return what names a training in all comparisons."""
        named = replace(recipe, name="compared") if not recipe.file else recipe
        identity = identity_of(named, pool, deterministic=False)
        return f"{identity.key}-{self.plan.share:g}-{number}"
