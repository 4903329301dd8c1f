"""What the gateway knows of its models: learned from the model server, kept for each version."""

import threading
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from serving.deadline import Deadline
from serving.errors import BudgetSpent, ModelNotReady, PhotolabelError, UnknownModel
from serving.model_ref import ModelRef
from serving.model_server import Description, Prediction, VersionState
from serving.photos import PREPARATIONS

AVAILABLE = "AVAILABLE"


class ModelSource(Protocol):
    """What the catalog and the classification need of a model server; see `ModelServer`."""

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        """Return the states of all versions, newest first."""

    def describe(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Return what a version says about itself."""

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        """Return the probabilities of every class."""


@dataclass
class _Known:
    """What is known of one model: its versions described, and which answered last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    described: dict[int, Description] = field(default_factory=dict)
    last: dict[str | None, int] = field(default_factory=dict)  # by label; None: unpinned


class Catalog:
    """The models served, and what their versions say about themselves, asked once for each."""

    def __init__(self, names: tuple[str, ...], source: ModelSource) -> None:
        self.names = names
        self._source = source
        self._known = {name: _Known() for name in names}

    def check_name(self, name: str) -> None:
        """Check that a model is served, without any call.

        Raises:
            UnknownModel: it is not.
        """
        if name not in self._known:
            raise UnknownModel(f"There is no model {name!r}; served are {', '.join(self.names)}.")

    def expect(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Return the description of the version that will most likely answer.

        For an unpinned request and for a label this is the version that answered last; the answer
        tells whether it still is (see `Classification`).

        Raises:
            PhotolabelError: the model server's errors; `ModelNotReady` if the gateway lacks its
                preparation.
        """
        known = self._known[ref.name]
        version = ref.version if ref.version is not None else known.last.get(ref.label)
        if version in known.described:
            return known.described[version]
        return self.refresh(ref, deadline)

    def refresh(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Ask the model server which version answers `ref` now, and describe it if it is new."""
        known = self._known[ref.name]
        if not known.lock.acquire(timeout=deadline.remaining()):
            raise BudgetSpent(f"Model {ref.name} was not described in time. Try again.")
        try:
            if ref.version in known.described:
                return known.described[ref.version]
            description = self._source.describe(ref, deadline)
        finally:
            known.lock.release()
        _check_preparation(ref.name, description)
        known.described[description.version] = description
        self.answered(ref, description.version)
        return description

    def answered(self, ref: ModelRef, version: int) -> None:
        """Remember which version answers a request that does not name one."""
        if ref.version is None:
            self._known[ref.name].last[ref.label] = version

    def ready(self, name: str, deadline: Deadline) -> tuple[Description, list[VersionState]]:
        """Return the newest version that can answer, with the states of all.

        Raises:
            PhotolabelError: the model can't answer, and why.
        """
        states = self._source.states(name, deadline)
        newest = next((state for state in states if state.state == AVAILABLE), None)
        if newest is None:
            told = "; ".join(
                f"version {s.version} is {s.state} {s.message}".strip() for s in states
            )
            raise ModelNotReady(f"No version of {name} is available: {told or 'it has none'}.")
        return self.expect(ModelRef(name, newest.version), deadline), states

    def problem(self, name: str, deadline: Deadline) -> PhotolabelError | None:
        """Return why a model can't answer, or None if it can."""
        try:
            self.ready(name, deadline)
        except PhotolabelError as error:
            return error
        return None


def _check_preparation(name: str, description: Description) -> None:
    if description.preparation not in PREPARATIONS:
        raise ModelNotReady(
            f"Model {name}, version {description.version}, wants its photos prepared as"
            f" {description.preparation!r}, which this gateway does not know; it knows"
            f" {', '.join(PREPARATIONS)}. Use a newer gateway."
        )
