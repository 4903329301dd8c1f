"""The API's results as dataclasses, and how they are read from JSON.

Members that a newer server adds are ignored; a missing or malformed one raises `BadAnswer`.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import BadAnswer


@dataclass(frozen=True, slots=True)
class ClassProbability:
    """How probable one class is, from 0 to 1."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for one photo.

    Attributes:
        image: the photo's file name, or `photo-1` and so on for bytes without a name.
        label: the most probable class.
        probability: its probability, from 0 to 1.
        probabilities: every class (or the `top` requested), most probable first.
        recognized: whether the photo shows the kind of thing that the model was trained on;
            None if the model does not report it.
    """

    image: str
    label: str
    probability: float
    probabilities: tuple[ClassProbability, ...]
    recognized: bool | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one request: one prediction per photo, in the order of the photos."""

    model: str
    version: int
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class ExplainedPrediction(Prediction):
    """A prediction with a heat map of its evidence.

    Attributes:
        heat: a grid over the photo as the model sees it, row by row from the top left. Values
            range from 0 (no evidence for `label`) to 1 (the strongest evidence).
    """

    heat: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation(Answer):
    """The result of one request, with a heat map for each photo."""

    predictions: tuple[ExplainedPrediction, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model and its state in the model server, such as AVAILABLE or LOADING."""

    version: int
    state: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the server knows. Until it is ready, only name, state and detail are set.

    Attributes:
        name: its name in requests.
        state: "ready" if it can classify photos, otherwise "unavailable".
        detail: why it is unavailable.
        version: the version described here.
        versions: all versions that the model server reports, newest first.
        input_shape: height, width and channels of its input, in pixels.
        preparation: name and revision of the way from photo to pixels.
        labels: its classes, in the order of the model's output.
        card: the model card (recipe, data set, metrics and more); None in a list of models.
        explains: whether it can return heat maps.
    """

    name: str
    state: str
    detail: str = ""
    version: int | None = None
    versions: tuple[Version, ...] = ()
    input_shape: tuple[int, int, int] | None = None
    preparation: str | None = None
    labels: tuple[str, ...] = ()
    card: dict[str, Any] | None = None
    explains: bool = False


@contextlib.contextmanager
def _bad_answer_if_malformed() -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise BadAnswer(f"the response does not have Photolabel's format ({reason})") from error


@_bad_answer_if_malformed()
def read_answer(document: Any) -> Answer:
    """Read the response to `:classify`, or raise `BadAnswer`."""
    predictions = tuple(Prediction(**_prediction(each)) for each in document["predictions"])
    return Answer(_text(document["model"]), int(document["version"]), predictions)


@_bad_answer_if_malformed()
def read_explanation(document: Any) -> Explanation:
    """Read the response to `:explain`, or raise `BadAnswer`."""

    def explained(each: Any) -> ExplainedPrediction:
        heat = tuple(tuple(map(float, row)) for row in each["heat"])
        return ExplainedPrediction(**_prediction(each), heat=heat)

    predictions = tuple(map(explained, document["predictions"]))
    return Explanation(_text(document["model"]), int(document["version"]), predictions)


@_bad_answer_if_malformed()
def read_models(document: Any) -> tuple[Model, ...]:
    """Read the list of models, or raise `BadAnswer`."""
    return tuple(read_model(each) for each in document["models"])


@_bad_answer_if_malformed()
def read_model(document: Any) -> Model:
    """Read the description of one model, or raise `BadAnswer`."""
    shape = document.get("input")
    return Model(
        name=_text(document["name"]),
        state=_text(document["state"]),
        detail=_text(document.get("detail", "")),
        version=document.get("version"),
        versions=tuple(
            Version(int(each["version"]), _text(each["state"]))
            for each in document.get("versions", ())
        ),
        input_shape=shape and (int(shape["height"]), int(shape["width"]), int(shape["channels"])),
        preparation=document.get("preparation"),
        labels=tuple(_text(label) for label in document.get("labels", ())),
        card=document.get("card"),
        explains=bool(document.get("explains")),
    )


def _prediction(document: Any) -> dict[str, Any]:
    return {
        "image": _text(document["image"]),
        "label": _text(document["label"]),
        "probability": float(document["probability"]),
        "probabilities": tuple(
            ClassProbability(_text(each["label"]), float(each["probability"]))
            for each in document["probabilities"]
        ),
        "recognized": document.get("recognized"),
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value
