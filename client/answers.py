"""The API's answers as values, and their reading from JSON.

Members that a newer server adds are ignored; a missing or wrong one is a `BadAnswer`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from client.errors import BadAnswer

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class ClassProbability:
    """How probable one class is, from 0 to 1."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says about one photo.

    Attributes:
        image: the photo's file name, or `photo-1` and so on for bytes without a name.
        label: the most probable class.
        probability: its probability, from 0 to 1.
        probabilities: every class (or the `top` asked for), most probable first.
        recognized: whether the photo shows something of the kind that the model was trained on;
            None if the model does not say.
    """

    image: str
    label: str
    probability: float
    probabilities: tuple[ClassProbability, ...]
    recognized: bool | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request: one prediction for each photo, in the order of the photos."""

    model: str
    version: int
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class ExplainedPrediction(Prediction):
    """A prediction and where its evidence is.

    Attributes:
        heat: rows from the top, each from the left, of a grid laid over the photo as the model
            sees it: 1 where most speaks for `label`, 0 where nothing does.
    """

    heat: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation(Answer):
    """An answer with a heat map for each photo."""

    predictions: tuple[ExplainedPrediction, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model and its state in the model server, such as AVAILABLE or LOADING."""

    version: int
    state: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the server knows. All but name, state and detail is empty until it is ready.

    Attributes:
        name: what to call it in requests.
        state: "ready" when it can answer, else "unavailable".
        detail: why it is unavailable.
        version: the version described here.
        versions: all versions that the model server tells of, newest first.
        input_shape: height, width and channels of its input, in pixels.
        preparation: name and revision of the way from photo to pixels.
        labels: its classes, in the order of the model's output.
        card: recipe, data set, metrics and more; None in a list of models.
        explains: whether it can be asked why it says what it says.
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


def read_answer(document: Any) -> Answer:
    """Read the answer to a request to classify.

    Raises:
        BadAnswer: it is not of the API's form.
    """
    return _read(_answer, document)


def read_explanation(document: Any) -> Explanation:
    """Read the answer to a request to explain.

    Raises:
        BadAnswer: it is not of the API's form.
    """
    return _read(_explanation, document)


def read_models(document: Any) -> tuple[Model, ...]:
    """Read the list of models.

    Raises:
        BadAnswer: it is not of the API's form.
    """
    return _read(lambda members: tuple(_model(each) for each in members["models"]), document)


def read_model(document: Any) -> Model:
    """Read the description of one model.

    Raises:
        BadAnswer: it is not of the API's form.
    """
    return _read(_model, document)


def _read(build: Callable[[Any], _Value], document: Any) -> _Value:
    try:
        return build(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise BadAnswer(f"the answer is not of Photolabel's form ({reason})") from error


def _answer(members: Any) -> Answer:
    return Answer(
        model=_text(members["model"]),
        version=int(members["version"]),
        predictions=tuple(_prediction(each) for each in members["predictions"]),
    )


def _explanation(members: Any) -> Explanation:
    return Explanation(
        model=_text(members["model"]),
        version=int(members["version"]),
        predictions=tuple(
            ExplainedPrediction(**_of_prediction(each), heat=_heat(each["heat"]))
            for each in members["predictions"]
        ),
    )


def _heat(rows: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in rows)


def _prediction(members: Any) -> Prediction:
    return Prediction(**_of_prediction(members))


def _of_prediction(members: Any) -> dict[str, Any]:
    return {
        "image": _text(members["image"]),
        "label": _text(members["label"]),
        "probability": float(members["probability"]),
        "probabilities": tuple(
            ClassProbability(_text(each["label"]), float(each["probability"]))
            for each in members["probabilities"]
        ),
        "recognized": members.get("recognized"),
    }


def _model(members: Any) -> Model:
    shape = members.get("input")
    return Model(
        name=_text(members["name"]),
        state=_text(members["state"]),
        detail=_text(members.get("detail", "")),
        version=members.get("version"),
        versions=tuple(
            Version(int(each["version"]), _text(each["state"]))
            for each in members.get("versions", ())
        ),
        input_shape=shape and (int(shape["height"]), int(shape["width"]), int(shape["channels"])),
        preparation=members.get("preparation"),
        labels=tuple(_text(label) for label in members.get("labels", ())),
        card=members.get("card"),
        explains=bool(members.get("explains")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
