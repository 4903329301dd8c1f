"""What a sweep shows: a bar for the trial that is fitted, and a line for each that has ended."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from training.console import say
from training.experiments.queue import Queue, Result
from training.experiments.sweeps.sweep import Sweep
from training.overrides import changed_settings, hyperparameters, shown_value
from training.progress_bars import ProgressCallback, bar
from training.recipe import Recipe


def changes_text(recipe: Recipe, own: Recipe) -> str:
    """Return the settings of a trial that are not those of the sweep's recipe."""
    changed = changed_settings(hyperparameters(recipe), own)
    return " ".join(f"{name}={shown_value(value)}" for name, value in changed.items())


class TrialLines:
    """Prints a line for each trial that has ended since the last time, in any process."""

    def __init__(self, sweep: Sweep, queue: Queue, console: Console) -> None:
        self._sweep = sweep
        self._queue = queue
        self._console = console
        self._shown: set[int] = set()

    def show(self) -> Sequence[Result]:
        """Print the new lines, and return the results of all trials."""
        results = self._queue.results()
        count = self._sweep.trials or len(results)
        for result in results:
            if result.state in ("waiting", "running") or result.position in self._shown:
                continue
            self._shown.add(result.position)
            recipe = self._sweep.recipe_of(result.position, result.params)
            name = changes_text(recipe, self._sweep.recipe) or "as in the recipe"
            say(self._console, f"trial {result.position + 1}/{count}  {name}  {_outcome(result)}")
        return results


@contextmanager
def fitting(console: Console, name: str, epochs: int) -> Iterator[ProgressCallback]:
    """Show a bar with the epochs of a fit; yield a function for the epoch and their number."""
    shown = bar(console)
    task = shown.add_task(name, total=epochs)
    shown.start()
    try:
        yield lambda done, total: shown.update(task, completed=done, total=total)
    finally:
        shown.stop()


def _outcome(result: Result) -> str:
    if result.state == "failed":
        return f"failed: {result.reason}"
    found = result.facts
    accuracy, loss = found.get("validation_accuracy"), found.get("validation_loss")
    figures = f"validation {accuracy:.2%}" if accuracy is not None else ""
    figures += f"  loss {loss:.4f}" if loss is not None else "  loss not finite"
    if result.state == "pruned":
        return f"ended early after {found['epochs']} epochs: {figures}"
    return f"{figures}  {found['seconds']:.0f} s"
