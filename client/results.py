"""The API's results as dataclasses, and how they are read from JSON.

Members that a newer server adds are ignored; a missing or malformed one raises `BadAnswer`.
"""

import contextlib
from collections.abc import Iterator, Mapping
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
        image: the photo's path or name as it was given; `photo-1` and so on if it has none.
        model: the model that answered.
        version: the version of it that answered.
        label: the most probable class.
        probability: its probability, from 0 to 1.
        probabilities: every class (or the `top` requested), most probable first.
        recognized: whether the photo shows the kind of thing that the model was trained on;
            None if the model does not report it.
    """

    image: str
    model: str
    version: int
    label: str
    probability: float
    probabilities: tuple[ClassProbability, ...]
    recognized: bool | None = None


@dataclass(frozen=True, slots=True)
class Explanation(Prediction):
    """A prediction with a heat map of its evidence.

    Attributes:
        heat: a grid over the photo as the model sees it, row by row from the top left. Values
            range from 0 (no evidence for `label`) to 1 (the strongest evidence).
    """

    heat: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class BadPhoto:
    """A photo that can't be classified.

    Attributes:
        image: as in `Prediction`.
        type: URN that identifies the kind of error.
        title: the kind of error in words.
        status: HTTP status; 0 if the file can't be read, so that it was not sent.
        detail: what is wrong with the photo, and what to do.
    """

    image: str
    type: str
    title: str
    status: int
    detail: str

    @classmethod
    def unreadable(cls, image: str, error: OSError) -> "BadPhoto":
        """Return the result for a photo whose file can't be read."""
        kind = "urn:photolabel:client:unreadable-file"
        return cls(image, kind, "The file can't be read", 0, error.strerror or str(error))

    @classmethod
    def refused(cls, image: str, problem: Mapping[str, Any], status: int) -> "BadPhoto":
        """Return the result for a photo that the server refused with a problem document."""
        kind, title, detail = (str(problem.get(name, "")) for name in ("type", "title", "detail"))
        own = problem.get("status")
        return cls(image, kind, title, own if isinstance(own, int) else status, detail)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model, and its state in the words of the model server."""

    version: int
    state: str


@dataclass(frozen=True, slots=True)
class VersionLabel:
    """A label such as "stable" or "canary", and the version that has it.

    Attributes:
        label: its name.
        version: the version.
        share: which share of the requests without version and label goes to it, from 0 to 1.
    """

    label: str
    version: int
    share: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the server knows.

    Attributes:
        name: its name.
        state: "ready" or "unavailable".
        detail: why it is unavailable.
        version: the version described here: the one asked for, else the one that most requests
            without version and label get.
        versions: all versions that the model server reports, newest first.
        input_shape: height, width and channels of its input, in pixels.
        preparation: name and revision of the way from photo to pixels.
        labels: its classes, in the order of the model's output.
        card: the model card (recipe, data set, metrics and more); None in a list of models.
        explains: whether it can return heat maps.
        version_labels: the labels `stable` and `canary`, where they exist, with their versions;
            empty if the server does not tell.
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
    version_labels: tuple[VersionLabel, ...] = ()


@contextlib.contextmanager
def _bad_answer_if_malformed() -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise BadAnswer(f"the response does not have Photolabel's format ({reason})") from error


@_bad_answer_if_malformed()
def read_predictions(document: Any, images: list[str]) -> list[Prediction]:
    """Read the response to `:classify` for photos of these names, or raise `BadAnswer`."""
    return [Prediction(**members) for members, _ in _predictions(document, images)]


@_bad_answer_if_malformed()
def read_explanations(document: Any, images: list[str]) -> list[Explanation]:
    """Read the response to `:explain` for photos of these names, or raise `BadAnswer`."""
    return [
        Explanation(**members, heat=tuple(tuple(map(float, row)) for row in each["heat"]))
        for members, each in _predictions(document, images)
    ]


@_bad_answer_if_malformed()
def read_models(document: Any) -> list[Model]:
    """Read the list of models, or raise `BadAnswer`."""
    return [read_model(each) for each in document["models"]]


@_bad_answer_if_malformed()
def read_model(document: Any) -> Model:
    """Read the description of one model, or raise `BadAnswer`."""
    shape = document.get("input")
    versions = document.get("versions", ())
    return Model(
        name=_text(document["name"]),
        state=_text(document["state"]),
        detail=_text(document.get("detail", "")),
        version=document.get("version"),
        versions=tuple(Version(int(each["version"]), _text(each["state"])) for each in versions),
        input_shape=shape and (int(shape["height"]), int(shape["width"]), int(shape["channels"])),
        preparation=None if (named := document.get("preparation")) is None else _text(named),
        labels=tuple(_text(label) for label in document.get("labels", ())),
        card=document.get("card"),
        explains=bool(document.get("explains")),
        version_labels=tuple(
            VersionLabel(_text(each["label"]), int(each["version"]), float(each["share"]))
            for each in document.get("version_labels", ())
        ),
    )


def _predictions(document: Any, images: list[str]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield the members of each prediction, and its JSON."""
    model, version = _text(document["model"]), int(document["version"])
    found = document["predictions"]
    if len(found) != len(images):
        raise ValueError(f"{len(found)} predictions for {len(images)} photos")
    for image, each in zip(images, found, strict=True):
        members = {
            "image": image,
            "model": model,
            "version": version,
            "label": _text(each["label"]),
            "probability": float(each["probability"]),
            "probabilities": tuple(
                ClassProbability(_text(one["label"]), float(one["probability"]))
                for one in each["probabilities"]
            ),
            "recognized": _yes_or_no(each.get("recognized")),
        }
        yield members, each


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def _yes_or_no(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true, false or null")
    return value
