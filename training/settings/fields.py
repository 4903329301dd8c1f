"""Validated settings: the decorator `@settings`, and types with bounds for their fields."""

import functools
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from training.errors import UsageError

AtLeastOne = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
"""At least 0 and below 1."""
Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=1)]

_CONFIG = ConfigDict(
    strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
)
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a number",
    "bool": "true or false",
    "string": "a word",
    "tuple": "a tuple of whole numbers",
}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}

Class = TypeVar("Class", bound=type)


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def settings(described: Class) -> Class:
    """Make a class of annotated fields a frozen data class that is validated when it is made.

    Annotations have the bounds (`Fraction`, or `Annotated[int, Field(ge=1)]`), and the docstring
    below a field has its meaning. The constructor raises `UsageError` with one line about the first
    wrong field; a `__post_init__` that checks several fields together raises it too.
    """
    made: Any = dataclass(described, frozen=True, config=_CONFIG)
    validate: Callable[..., None] = made.__init__

    @functools.wraps(validate)
    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807 -- replaces pydantic's.
        try:
            validate(self, *values, **named)
        except ValidationError as error:
            raise UsageError(_explained(made, error)) from None

    made.__init__ = __init__
    return made  # type: ignore[no-any-return]  # Pydantic replaces the class.


def description(made: Any, name: str) -> str:
    """Return what the docstring below a field says."""
    return made.__pydantic_fields__[name].description or ""


def _explained(made: Any, error: ValidationError) -> str:
    """Describe the first wrong field in one line, which begins with the field's name."""
    first = error.errors(include_url=False)[0]
    name, kind, value = str(first["loc"][0]), first["type"], first["input"]
    context = first.get("ctx", {})
    field = made.__pydantic_fields__.get(name)
    if field is None:
        known = ", ".join(made.__pydantic_fields__)
        return f"{name}: {made.__name__} has no such setting; it has {known}"
    if "class" in context or "class_name" in context:
        wanted = f"an instance of {context.get('class', context.get('class_name'))}"
    elif kind == "literal_error":
        wanted = f"one of {', '.join(field.annotation.__args__)}"
    elif kind.removesuffix("_type") in _KINDS:
        wanted = _KINDS[kind.removesuffix("_type")]
    elif len(first["loc"]) > 1 and "ge" in context:
        return f"{name}: each number is at least {context['ge']}, not {value}"
    else:
        bounds = [
            f"{word} {getattr(bound, limit):.16g}"
            for bound in field.metadata
            for limit, word in _BOUNDS.items()
            if hasattr(bound, limit)
        ]
        wanted = " and ".join(bounds)
    if kind == "missing" or not wanted:
        return f"{name}: {first['msg']}"
    return f"{name} is {wanted}, not {value!r}"
