"""The states of versions, as GetModelStatus returns them."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import grpc
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from serving.model_server import errors
from serving.repository.version_policy import Goal

_NO_VERSION = 0  # Has the state of a model whose versions are unknown.


@dataclass(frozen=True)
class ServableState:
    """The state of a version, as GetModelStatus returns it.

    Attributes:
        state: a ``ModelVersionStatus.State``.
        code: a ``tensorflow.error.Code``; 0 unless loading failed.
        message: why loading failed.
    """

    state: int
    code: int = 0
    message: str = ""


def with_unloadable(
    states: Mapping[int, ServableState], goal: Goal, serving: Set[int], path: Callable[[int], Path]
) -> Mapping[int, ServableState]:
    """Return the states of a model with those of versions that can't be tried to load.

    TensorFlow Serving has no states of these, so there are none without ``goal.loads_labels``.
    """
    known = {number: states[number] for number in states if number or number in goal.published}
    if not goal.loads_labels:
        return known
    for number in goal.absent - serving:
        known[number] = _failed(
            grpc.StatusCode.NOT_FOUND, f"{path(number)} does not exist, and a pin or label names it"
        )
    if goal.problem:
        number = max(goal.published, default=_NO_VERSION)
        known[number] = _failed(grpc.StatusCode.FAILED_PRECONDITION, errors.truncate(goal.problem))
    return known


def _failed(code: grpc.StatusCode, message: str) -> ServableState:
    return ServableState(ModelVersionStatus.END, code.value[0], message)
