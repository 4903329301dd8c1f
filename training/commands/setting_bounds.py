"""What a setting of a recipe may be, in words."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

from training.console import counted
from training.errors import UsageError
from training.overrides import hyperparameters
from training.recipe import Recipe


def bounds(holder: Any, name: str, value: Any) -> str:
    """Return what a setting may be: `0 to 1`, `at least 1`, `softmax or sigmoid`; empty for a text.

    Args:
        holder: the recipe, or the part of it that has the setting.
        name: of the setting.
        value: it has now.
    """
    field = holder.__pydantic_fields__[name]
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, tuple):
        each = get_args(get_args(field.annotation)[0])
        return f"{counted(len(value), 'number')}, each {_range(each[1].metadata, whole=True)}"
    choices = get_args(field.annotation)
    if choices:
        return " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))
    return "" if isinstance(value, str) else _range(field.metadata, whole=isinstance(value, int))


def parts_off(recipe: Recipe) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the optional parts that a recipe could have and has not.

    Each with its name, what it is, and its settings by the names that they would have.
    """
    for field in fields(recipe):
        if getattr(recipe, field.name) is not None:
            continue
        part: Any = next(each for each in get_args(field.type) if is_dataclass(each))
        changed: dict[str, Any] = {field.name: part()}
        try:
            made = replace(recipe, **changed)
        except UsageError:
            continue
        settings = [each for each in hyperparameters(made) if each.startswith(f"{field.name}.")]
        yield field.name, str(part.__doc__).partition("\n")[0], settings


def _range(metadata: list[Any], *, whole: bool) -> str:
    limits = {
        limit: getattr(bound, limit)
        for bound in metadata
        for limit in ("ge", "gt", "le", "lt")
        if hasattr(bound, limit)
    }
    low = f"{limits['ge']:g}" if "ge" in limits else f"above {limits['gt']:g}"
    if "le" in limits:
        return f"{low} to {limits['le']:g}"
    if "lt" in limits:
        return f"{low} to {limits['lt'] - 1}" if whole else f"{low} to below {limits['lt']:g}"
    return f"at least {low}" if "ge" in limits else low
