"""Client of Photolabel's HTTP API: classify photos from Python or from the command line.

    from photolabel import Photolabel

    with Photolabel("http://127.0.0.1:8080") as photolabel:
        prediction = photolabel.classify("photo.jpg", model="cats-dogs")
        print(prediction.label, prediction.probability)

The command line is `photolabel --help`.
"""

from .client import DEFAULT_RETRIES, DEFAULT_TIMEOUT, DEFAULT_URL, Photolabel
from .errors import BadAnswer, PhotolabelError, Refused, TimedOut, Unreachable
from .photos import Photo
from .results import (
    BadPhoto,
    ClassProbability,
    Explanation,
    Model,
    Prediction,
    Version,
    VersionLabel,
)

__all__ = [
    "DEFAULT_RETRIES",
    "DEFAULT_TIMEOUT",
    "DEFAULT_URL",
    "BadAnswer",
    "BadPhoto",
    "ClassProbability",
    "Explanation",
    "Model",
    "Photo",
    "Photolabel",
    "PhotolabelError",
    "Prediction",
    "Refused",
    "TimedOut",
    "Unreachable",
    "Version",
    "VersionLabel",
]
