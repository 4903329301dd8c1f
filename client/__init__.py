"""Client of Photolabel's HTTP API: classify photos from Python or from the command line.

    from photolabel import Photolabel

    with Photolabel("http://127.0.0.1:8080") as photolabel:
        prediction = photolabel.classify("photo.jpg", model="cats-dogs")
        print(prediction.label, prediction.probability)

The command line is `photolabel --help`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from .client import DEFAULT_RETRIES, DEFAULT_TIMEOUT, DEFAULT_URL, Photolabel

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


def __getattr__(name: str) -> Any:
    """Import the client on first use (PEP 562): before, the command line has to handle Ctrl-C."""
    if name in __all__:
        return getattr(import_module(".client", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
