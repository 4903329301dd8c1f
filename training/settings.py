"""The parts of a recipe: validated settings, each with its bounds and description beside it.

`@settings` makes a class of such fields. No framework is imported here: recipes are read and listed
within a moment. The networks other than backbones are modules of `training.networks`, each with its
settings and layers.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, TypeVar, dataclass_transform

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

Tensor = Any
"""Keras's symbolic tensor, of any backend."""

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


class Network(ABC):
    """The architecture that a recipe trains: settings (`@settings`) and the layers they describe.

    Attributes:
        any_size: whether it takes photos of another size while fitting (`fit_size`).
    """

    any_size: ClassVar[bool] = True

    @abstractmethod
    def features(self, image: Tensor, folded: bool) -> Tensor:
        """Build the layers from pixels to the features that the last layer weighs.

        Import Keras in here, not in the module: listing recipes needs the settings alone.

        Args:
            image: symbolic, uint8 `[batch, height, width, channels]`.
            folded: with batch normalisation folded into the convolutions, as it is served.

        Returns:
            Symbolic, `[batch, features]`.
        """

    def shape_problem(self, shape: tuple[int, int, int]) -> str:
        """Return why it can't take photos of this height, width and channels; empty if it can.

        The text begins with the name of the setting that has to change.
        """
        return ""


@settings
class BackboneNetwork:
    """A network of `keras.applications` with pretrained weights, under a head of its own.

    Its features are computed once and cached; only the head is fitted, and what `FineTuning` says.
    """

    backbone: str = "MobileNet"
    """The network's name in `keras.applications`."""
    cut: str = ""
    """The layer whose output is the features; empty: the last one below the classifier."""
    weights: str = "imagenet"
    """`imagenet`: those that Keras publishes, from a file where data sets are (also in the
    sub-folder `pretrained`) whose layers fit, from Keras's own cache, or downloaded; `random`; or
    a file of Keras weights: a path, or a name that is looked for in the same folders."""
    alpha: NotNegative = 0.0
    """Width, for the MobileNets; 0: the backbone's own."""
    scaling: Literal["own", "255"] = "own"
    """`own`: as the backbone's `preprocess_input` scales pixels; `255`: divided by 255."""
    mirrored: bool = False
    """Also fit to the features of each mirrored photo."""
    varied: Count = 0
    """Also fit to the features of this many variations of each photo, made by `augmentation`."""


@settings
class Head:
    """The layers that turn the features of a backbone into probabilities."""

    pooling: Literal["average", "flatten"] = "average"
    """`average` over all positions, or `flatten`."""
    units: Count = 256
    """Width of a hidden layer of rectified units; 0: no hidden layer."""
    layers: AtLeastOne = 1
    """Number of such hidden layers."""
    dropout: Fraction = 0.5
    """Fraction of the last features dropped while fitting."""
    output: Literal["softmax", "sigmoid"] = "softmax"
    """`softmax`, or `sigmoid`: one unit, for two classes; served as two columns."""

    def __post_init__(self) -> None:
        """Check what concerns several settings."""
        if self.layers > 1 and not self.units:
            raise UsageError("layers has no effect with units=0: set units, or layers=1")


@settings
class FineTuning:
    """How the upper layers of a backbone are fitted, after its head.

    Batch normalisation keeps the averages that the weights came with.
    """

    after: str = ""
    """The last frozen layer; its output is cached, and the layers after it are fitted with the
    recipe's own epochs and learning rate."""
    head_epochs: Count = 5
    """Epochs in which the head alone is fitted first."""
    head_learning_rate: NotNegative = 0.001
    """Adam's learning rate in those epochs."""


@settings
class Augmentation:
    """How each training photo is varied in each epoch; the defaults vary nothing."""

    flip: bool = False
    """Mirror half of the photos, left to right."""
    shift: Count = 0
    """Move by up to this many pixels each way; the edge's pixels are repeated."""
    crop_area: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The smallest fraction of the area that a random crop keeps; it is resized back."""
    crop_aspect: Factor = 1.0
    """A crop's width and height differ by up to this factor."""
    brightness: Factor = 1.0
    """Multiply all pixels by up to this factor, or divide them by it."""
    contrast: Fraction = 0.0
    """Scale the distance from the photo's mean by 1 ± up to this."""
    colour: Fraction = 0.0
    """Scale each channel by 1 ± up to this."""
    jpeg: Annotated[int, Field(ge=0, le=95)] = 0
    """Encode half of the photos as JPEG, with a quality from this one to 95; 0: none."""
    cutout: Count = 0
    """The side in pixels of a square, centred anywhere, that is filled with the photo's mean."""


@settings
class Snapshots:
    """Which training photos are made to look like a phone's, once they are prepared, and how.

    For gray photos of things on black (`training.data.snapshots`).
    """

    share: Share = 0.4
    """Fraction of the photos; other photos in each epoch."""
    worn: Share = 0.6
    """Fraction of those that are shown on a person; for Fashion-MNIST's garments."""
    turn: NotNegative = 8.0
    """Rotate by up to this many degrees each way."""
    zoom: NotNegative = 0.1
    """Enlarge or shrink by up to this factor's logarithm."""
    stretch: NotNegative = 0.1
    """Likewise, width against height."""
    gamma: NotNegative = 0.5
    """Raise the levels to a power of up to this logarithm."""
    gain: NotNegative = 0.3
    """Scale the levels by 1 ± up to this."""
    sharpness: NotNegative = 0.8
    """Blur or sharpen by up to this fraction of the difference from the mean of 3×3 pixels."""
    noisy: Share = 0.15
    """Fraction of the snapshots with noise."""
    noise: NotNegative = 14.0
    """The largest standard deviation of the noise, in levels."""
