"""What a study is: a recipe, and which of its settings vary."""

from dataclasses import dataclass

from training.experiments.factors import Design, Factor, Goal


@dataclass(frozen=True)
class Study:
    """A question about a recipe that a sweep answers.

    Attributes:
        name: of the study; letters, digits and dashes.
        what: varies, in one line.
        recipe: its name, or a file of your own, relative to that of the study.
        factors: what varies.
        design: whether all combinations of the factors are trained, or each alone.
        goal: what the best setting is best in.
    """

    name: str
    what: str
    recipe: str
    factors: tuple[Factor, ...]
    design: Design = "one-at-a-time"
    goal: Goal = "validation_accuracy"
