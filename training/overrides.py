"""Numbers of a recipe by name: listing them, and changing them with `--set name=value`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from training.errors import UsageError
from training.recipe import BackboneNetwork, DenseNetwork, PatchNetwork, Recipe

# What a recipe is about, rather than a number of it.
_FIXED = (
    "name",
    "model",
    "what",
    "expected",
    "published",
    "floor",
    "dataset",
    "preparation",
    "shape",
)

_CHOICES = {
    "optimizer": ("adam", "adamw", "sgd"),
    "schedule": ("constant", "cosine"),
    "precision": ("float32", "mixed_bfloat16", "mixed_float16"),
    "recognition": ("distance", "probability", "energy", "virtual-logit", "none"),
    "jit": ("auto", "on", "off"),
    "network.scaling": ("own", "255"),
    "head.pooling": ("average", "flatten"),
    "head.output": ("softmax", "sigmoid"),
}
_AT_LEAST_ONE = (
    "epochs",
    "batch_size",
    "split",
    "steps_per_call",
    "network.units",
    "network.stage_blocks",
    "network.width",
    "network.side",
    "network.channels",
    "augmentation.crop_aspect",
    "augmentation.brightness",
)
_FRACTIONS = (
    "held_out",
    "label_smoothing",
    "network.dropout",
    "momentum",
    "averaging",
    "head.dropout",
    "augmentation.contrast",
    "augmentation.colour",
)


def settings(recipe: Recipe) -> dict[str, Any]:
    """Return every number of a recipe by the dotted name that `--set` takes."""
    known: dict[str, Any] = {}
    for name, value in _members(recipe):
        if is_dataclass(value):
            known |= {f"{name}.{inner}": number for inner, number in _members(value)}
        elif value is not None and name not in _FIXED:
            known[name] = value
    return known


def override(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """Return the recipe with `name=value` assignments applied, in order.

    Raises:
        UsageError: no `=`, an unknown name, or a value of the wrong type or out of range.
    """
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set takes name=value, not {assignment!r}")
        known = settings(recipe)
        if name not in known:
            raise UsageError(
                f"{recipe.name} has no setting {name!r}; it has {', '.join(sorted(known))}"
            )
        recipe = _replaced(recipe, name, _parsed(name, text, known[name]))
    if recipe.fit_size and isinstance(recipe.network, DenseNetwork | PatchNetwork):
        raise UsageError(f"{recipe.name} flattens its photos: its fit_size can only be 0")
    if recipe.fit_size and isinstance(recipe.network, BackboneNetwork):
        raise UsageError(f"{recipe.name} fits to cached features: its fit_size can only be 0")
    _check_squares(recipe)
    return recipe


def restored(recipe: Recipe, model: str, numbers: Mapping[str, Any]) -> Recipe:
    """Return the recipe as a run of it was, by what JSON has kept of that.

    Args:
        recipe: as it is now.
        model: the name under which it was to be published.
        numbers: of `settings`.

    Raises:
        UsageError: the recipe does not have these settings any more.
    """
    assignments = [f"{name}={_shown(value)}" for name, value in numbers.items()]
    return replace(override(recipe, assignments), model=model)


def _check_squares(recipe: Recipe) -> None:
    height, width, _ = recipe.shape
    side = recipe.network.side if isinstance(recipe.network, PatchNetwork) else 1
    if height % side or width % side:
        raise UsageError(f"network.side divides {height} and {width}, which {side} does not")


def _members(holder: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(holder, field.name)) for field in fields(holder)]


def _replaced(recipe: Recipe, name: str, value: Any) -> Recipe:
    group, _, inner = name.rpartition(".")
    if group:
        return replace(recipe, **{group: replace(getattr(recipe, group), **{inner: value})})
    return replace(recipe, **{name: value})


def _parsed(name: str, text: str, present: Any) -> Any:
    """Read a value of the type that the setting has now."""
    parse, kind = _PARSERS[type(present)]
    try:
        value = parse(text)
    except ValueError:
        raise UsageError(f"{name} is {kind} (now {_shown(present)}), not {text!r}") from None
    _check_range(name, value)
    if isinstance(present, tuple) and len(value) != len(present):
        raise UsageError(f"{name} has {len(present)} numbers (now {_shown(present)}), not {text!r}")
    return value


def _check_range(name: str, value: Any) -> None:
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UsageError(f"{name} is one of {', '.join(_CHOICES[name])}, not {value!r}")
    if name in _AT_LEAST_ONE and value < 1:
        raise UsageError(f"{name} is at least 1, not {value}")
    if name in _FRACTIONS and not 0 <= value < 1:
        raise UsageError(f"{name} is at least 0 and below 1, not {value}")
    if isinstance(value, tuple) and any(number < 1 for number in value):
        raise UsageError(f"the numbers of {name} are at least 1, not {_shown(value)}")
    if isinstance(value, int | float) and value < 0:
        raise UsageError(f"{name} is at least 0, not {value}")
    if name == "seed" and value >= 2**32:
        raise UsageError(f"seed is below 2**32, not {value}")
    if name == "augmentation.crop_area" and not 0 < value <= 1:
        raise UsageError(f"{name} is above 0 and at most 1, not {value}")


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _truth(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _finite(text: str) -> float:
    value = float(text)
    if not abs(value) < float("inf"):
        raise ValueError(text)
    return value


_PARSERS: dict[type, tuple[Callable[[str], Any], str]] = {
    bool: (_truth, "true or false"),
    int: (int, "a whole number"),
    float: (_finite, "a number"),
    str: (str, "a word"),
    tuple: (lambda text: tuple(int(part) for part in text.split(",")), "whole numbers with commas"),
}
