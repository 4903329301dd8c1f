"""Client for Photolabel's HTTP API: classify photos from Python or from the command line.

    from client import Client

    with Client("http://127.0.0.1:8080") as photolabel:
        answer = photolabel.classify("cats-dogs", "photo.jpg")
        print(answer.predictions[0].label, answer.predictions[0].probability)

The command line is `python -m client --help`.
"""

from .answers import (
    Answer,
    ClassProbability,
    ExplainedPrediction,
    Explanation,
    Model,
    Prediction,
)
from .client import DEFAULT_TIMEOUT, DEFAULT_URL, Client
from .errors import BadAnswer, ClientError, Refused, TimedOut, Unreachable
from .multipart import Photo

__all__ = [
    "DEFAULT_TIMEOUT",
    "DEFAULT_URL",
    "Answer",
    "BadAnswer",
    "ClassProbability",
    "Client",
    "ClientError",
    "ExplainedPrediction",
    "Explanation",
    "Model",
    "Photo",
    "Prediction",
    "Refused",
    "TimedOut",
    "Unreachable",
]
