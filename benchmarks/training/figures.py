"""What is compared: a recipe of ours with a published program, and what it has to show."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What one run came to.

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
        recipe: ours.
        program: of `benchmarks.training.published`.
        times: ours is to be so many times faster, with each seed reaching the program's accuracy;
            0: it has the program's own numbers and is to reach what was published.
        published: test accuracy that its author reports; 0: none.
        least_training: accuracy on the training photos that each seed is to reach.
        numbers: of the recipe, changed for this comparison, as `--set` takes them.
    """

    recipe: str
    program: str
    times: float = 0.0
    published: float = 0.0
    least_training: float = 0.0
    numbers: tuple[str, ...] = ()

    @property
    def ours(self) -> str:
        """The recipe with its changed numbers, in words."""
        return " ".join((self.recipe, *self.numbers))


_HALF = ("epochs=2", "warmup_epochs=0.4", "batch_size=512")
"""What `clothing-fast` needs for the accuracy of two of the programs."""

FIGURES = {
    "fast-128": Figure("clothing-fast", "dense128-adam", times=10, numbers=_HALF),
    "fast-512": Figure("clothing-fast", "dense512-adam", times=10),
    "fast-800": Figure("clothing-fast", "dense800-sgd", times=60, numbers=_HALF),
    "dense128": Figure("clothing-dense128-adam", "dense128-adam", published=0.8793),
    "dense512": Figure("clothing-dense512-adam", "dense512-adam", least_training=0.9),
    "dense800": Figure("clothing-dense800-sgd", "dense800-sgd", published=0.8687),
}

_SPREAD = 0.007  # Of published accuracies.


def ratio(theirs: Sequence[Outcome], ours: Sequence[Outcome]) -> float:
    """Return how many times faster ours is: medians over the seeds."""
    return _seconds(theirs) / _seconds(ours)


def is_met(figure: Figure, theirs: Sequence[Outcome], ours: Sequence[Outcome]) -> bool:
    """Whether ours shows what the figure asks for."""
    if figure.times:
        reached = statistics.median(outcome.test for outcome in theirs)
        accurate = all(outcome.test >= reached for outcome in ours)
        return accurate and ratio(theirs, ours) >= figure.times
    mean = statistics.mean(outcome.test for outcome in ours)
    near = not figure.published or abs(mean - figure.published) <= _SPREAD
    return near and all(outcome.training >= figure.least_training for outcome in ours)


def row(name: str, theirs: Sequence[Outcome], ours: Sequence[Outcome]) -> tuple[str, ...]:
    """Return a figure's line of the table, as `HEADINGS` names its columns."""
    figure = FIGURES[name]
    wanted = f"≥ {figure.times:g} ×" if figure.times else ""
    if figure.published:
        wanted = f"{figure.published:.2%} ± {100 * _SPREAD:.1f} test"
    if figure.least_training:
        wanted = f"≥ {figure.least_training:.0%} training"
    return (
        name,
        *_cells(theirs),
        figure.ours,
        *_cells(ours),
        f"{ratio(theirs, ours):.1f} ×",
        wanted,
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
    "faster",
    "wanted",
    "met",
)


def _cells(outcomes: Sequence[Outcome]) -> tuple[str, str, str]:
    test = [outcome.test for outcome in outcomes]
    training = statistics.median(outcome.training for outcome in outcomes)
    spread = f"{statistics.median(test):.2%} ({min(test):.2%} to {max(test):.2%})"
    return f"{_seconds(outcomes):.1f}", spread, f"{training:.2%}"


def _seconds(outcomes: Sequence[Outcome]) -> float:
    return statistics.median(outcome.seconds for outcome in outcomes)
