"""What a search draws settings from: `--search learning_rate=1e-4..1e-2:log`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from training.errors import UsageError
from training.experiments.queue import Choices, Range
from training.overrides import hyperparameters, override, shown_value
from training.recipe import Recipe

_RANGE = re.compile(r"(?P<low>[^.:]+(?:\.[^.:]+)?)\.\.(?P<high>[^:]+?)(?P<log>:log)?")
_FORM = "--search takes name=low..high, name=low..high:log or name=value,value,…"


def read_space(recipe: Recipe, texts: Sequence[str]) -> dict[str, Range | Choices]:
    """Read what `--search` takes; both ends of each range are checked against the recipe.

    Raises:
        UsageError: a text has another form, or a setting is unknown, named twice or out of range.
    """
    space: dict[str, Range | Choices] = {}
    known = hyperparameters(recipe)
    for text in texts:
        name, equals, values = text.partition("=")
        if not (name and equals and values):
            raise UsageError(f"{_FORM}, not {text!r}")
        if name in space:
            raise UsageError(f"--search {name} is given twice: give it one range")
        present = known.get(name)
        ranged = ".." in values and present is not None
        space[name] = _range(name, present, values) if ranged else _choices(name, values)
        for each in _ends(space[name]):
            override(recipe, [f"{name}={shown_value(each)}"])
    return space


def assignments(params: Mapping[str, Any]) -> list[str]:
    """Return what a trial of a search sets, as `--set` takes it."""
    return [f"{name}={shown_value(value)}" for name, value in params.items()]


def _range(name: str, present: Any, text: str) -> Range:
    """Read a range of a setting, which has the type of its present value."""
    whole = isinstance(present, int) and not isinstance(present, bool)
    if not whole and not isinstance(present, float):
        raise UsageError(f"{name} is no number: --search {name}=value,value,…")
    match = _RANGE.fullmatch(text)
    try:
        low, high = float(match["low"]), float(match["high"])  # type: ignore[index]
    except (TypeError, ValueError):
        raise UsageError(f"{_FORM}, not {name}={text!r}") from None
    if whole and (low % 1 or high % 1):
        raise UsageError(f"{name} is a whole number, not {text!r}")
    log = bool(match and match["log"])
    if not low < high or (log and low <= 0):
        wanted = "0 < low < high" if log else "low < high"
        raise UsageError(f"--search {name}={text}: a range has {wanted}")
    return Range(low, high, log=log, whole=whole)


def _choices(name: str, text: str) -> Choices:
    values = tuple(value.strip() for value in text.split(";" if ";" in text else ","))
    if not all(values) or len(set(values)) < len(values):
        raise UsageError(f"--search {name}={text}: each value is named once")
    return Choices(values)


def _ends(space: Range | Choices) -> tuple[Any, ...]:
    if isinstance(space, Choices):
        return space.values
    ends = space.low, space.high
    return tuple(map(int, ends)) if space.whole else ends
