"""The figures: a recipe compared with a published program, and the required result."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """The result of one run.

    Attributes:
        seconds: from arrays in memory to the trained model.
        test: accuracy on the test photos.
        training: accuracy on the training photos in the last epoch.
    """

    seconds: float
    test: float
    training: float


@dataclass(frozen=True)
class Figure:
    """A comparison.

    Attributes:
        recipe: the name of our recipe.
        program: a key of `benchmarks.training.published.PROGRAMS`.
        times: required speed-up, with each seed reaching the program's accuracy; 0: the recipe,
            with its changes, has the program's hyperparameters and must reach the published result.
        published: test accuracy reported by the program's author; 0: none.
        min_training: required accuracy on the training photos, for each seed.
        changes: hyperparameters changed for this comparison, as for `--set`.
    """

    recipe: str
    program: str
    times: float = 0.0
    published: float = 0.0
    min_training: float = 0.0
    changes: tuple[str, ...] = ()

    @property
    def ours(self) -> str:
        """The recipe's name and its changed hyperparameters."""
        return " ".join((self.recipe, *self.changes))


_ALL = ("held_out=0.0",)
"""As the programs, which fit to all training photos."""
_HALF = ("epochs=2", "warmup_epochs=0.4", "batch_size=512", *_ALL)
"""Hyperparameters with which `clothing-fast` reaches the accuracy of two of the programs."""

FIGURES = {
    "fast-128": Figure("clothing-fast", "dense128-adam", times=10, changes=_HALF),
    "fast-512": Figure("clothing-fast", "dense512-adam", times=10, changes=_ALL),
    "fast-800": Figure("clothing-fast", "dense800-sgd", times=60, changes=_HALF),
    "dense128": Figure("clothing-dense128-adam", "dense128-adam", published=0.8793, changes=_ALL),
    "dense512": Figure("clothing-dense512-adam", "dense512-adam", min_training=0.9, changes=_ALL),
    "dense800": Figure("clothing-dense800-sgd", "dense800-sgd", published=0.8687),
}

_TOLERANCE = 0.007  # Of published accuracies.


def ratio(theirs: Sequence[Outcome], ours: Sequence[Outcome]) -> float:
    """Return the speed-up of our recipe, from medians over the seeds."""
    return _seconds(theirs) / _seconds(ours)


def is_met(figure: Figure, theirs: Sequence[Outcome], ours: Sequence[Outcome]) -> bool:
    """Whether our recipe reaches the required result."""
    if figure.times:
        reached = statistics.median(outcome.test for outcome in theirs)
        accurate = all(outcome.test >= reached for outcome in ours)
        return accurate and ratio(theirs, ours) >= figure.times
    mean = statistics.mean(outcome.test for outcome in ours)
    near = not figure.published or abs(mean - figure.published) <= _TOLERANCE
    return near and all(outcome.training >= figure.min_training for outcome in ours)


def row(name: str, theirs: Sequence[Outcome], ours: Sequence[Outcome]) -> tuple[str, ...]:
    """Return a figure's row of the table; `HEADINGS` names the columns."""
    figure = FIGURES[name]
    required = f"≥ {figure.times:g} ×" if figure.times else ""
    if figure.published:
        required = f"{figure.published:.2%} ± {100 * _TOLERANCE:.1f} test"
    if figure.min_training:
        required = f"≥ {figure.min_training:.0%} training"
    return (
        name,
        *_cells(theirs),
        figure.ours,
        *_cells(ours),
        f"{ratio(theirs, ours):.1f} ×",
        required,
        "yes" if is_met(figure, theirs, ours) else "no",
    )


HEADINGS = (
    "figure",
    "published, s",
    "test",
    "training",
    "recipe",
    "s",
    "test",
    "training",
    "speed-up",
    "required",
    "met",
)


def _cells(outcomes: Sequence[Outcome]) -> tuple[str, str, str]:
    test = [outcome.test for outcome in outcomes]
    training = statistics.median(outcome.training for outcome in outcomes)
    spread = f"{statistics.median(test):.2%} ({min(test):.2%} to {max(test):.2%})"
    return f"{_seconds(outcomes):.1f}", spread, f"{training:.2%}"


def _seconds(outcomes: Sequence[Outcome]) -> float:
    return statistics.median(outcome.seconds for outcome in outcomes)
