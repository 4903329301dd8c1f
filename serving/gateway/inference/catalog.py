"""What the gateway knows of its models: learned from the model server, kept for each version."""

import threading
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from serving.deadline import Deadline
from serving.errors import (
    DeadlineExceeded,
    ModelNotReady,
    PhotolabelError,
    UnknownModel,
    UnknownVersion,
)
from serving.gateway.model_client.contract import Description, Prediction
from serving.gateway.model_client.grpc_errors import unknown_version
from serving.gateway.model_client.model_ref import ModelRef, VersionState
from serving.photos import PREPARATIONS

AVAILABLE = "AVAILABLE"


class ModelSource(Protocol):
    """What the catalog and the classification need of a model server; see `ModelServer`."""

    def check(self) -> None:
        """Raise `ModelServerUnavailable` where a call would fail at once."""

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        """Return the states of all versions, newest first."""

    def describe(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Return what a version says about itself."""

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        """Return the probabilities of every class."""

    def explain(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> np.ndarray:
        """Return heat maps, float32 `[photos, rows, columns]`."""


@dataclass
class _Known:
    """What is known of one model: its versions described, and which answered last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    described: dict[int, Description] = field(default_factory=dict)
    last: dict[str | None, int] = field(default_factory=dict)  # by label; None: unpinned
    refreshes: int = 0
    newest: tuple[ModelRef, Description | PhotolabelError] | None = None  # of the last refresh


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
        tells whether it still is (see `Classifier`).

        Raises:
            PhotolabelError: the model server's errors; `ModelNotReady` if the gateway lacks its
                preparation.
        """
        known = self._known[ref.name]
        version = ref.version if ref.version is not None else known.last.get(ref.label)
        described = known.described.get(version) if version is not None else None
        return _usable(ref.name, described or self.refresh(ref, deadline))

    def refresh(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Ask the model server which version answers `ref` now, and describe it.

        Requests that ask the same at once share one answer, or one failure.
        """
        known = self._known[ref.name]
        begun = known.refreshes
        if not known.lock.acquire(timeout=deadline.remaining()):
            raise DeadlineExceeded(f"Model {ref.name} was not described in time. Try again.")
        try:
            if known.refreshes == begun or known.newest is None or known.newest[0] != ref:
                known.newest = ref, self._describe(ref, deadline)
                known.refreshes += 1
            outcome = known.newest[1]
        finally:
            known.lock.release()
        if isinstance(outcome, PhotolabelError):
            raise outcome
        return _usable(ref.name, outcome)

    def _describe(self, ref: ModelRef, deadline: Deadline) -> Description | PhotolabelError:
        try:
            description = self._source.describe(ref, deadline)
        except PhotolabelError as error:
            return error
        self._known[ref.name].described[description.version] = description
        self.answered(ref, description.version)
        return description

    def answered(self, ref: ModelRef, version: int) -> None:
        """Remember which version answers a request that does not name one."""
        if ref.version is None:
            self._known[ref.name].last[ref.label] = version

    def find(self, ref: ModelRef, deadline: Deadline) -> tuple[Description, list[VersionState]]:
        """Return a version that can answer, the newest where none is named, and all states.

        Raises:
            PhotolabelError: it can't answer, and why.
        """
        states = self._source.states(ref.name, deadline)
        available = [state.version for state in states if state.state == AVAILABLE]
        if ref.label is not None:
            return self.refresh(ref, deadline), states
        if ref.version is not None:
            if ref.version not in available:
                raise unknown_version(ref)
            return self.expect(ref, deadline), states
        if not available:
            told = [f"version {s.version} is {s.state} {s.message}".strip() for s in states]
            raise ModelNotReady(
                f"No version of {ref.name} is available: {'; '.join(told) or 'it has none'}."
            )
        try:
            return self.expect(ModelRef(ref.name, available[0]), deadline), states
        except UnknownVersion:  # Another replica of the model server, which is not so far yet.
            return self.expect(ref, deadline), states


def _usable(name: str, description: Description) -> Description:
    """Return the description, if the gateway can prepare photos for it."""
    if description.preparation in PREPARATIONS:
        return description
    raise ModelNotReady(
        f"Model {name}, version {description.version}, wants its photos prepared as"
        f" {description.preparation!r}, which this gateway does not know; it knows"
        f" {', '.join(PREPARATIONS)}. Use a newer gateway."
    )
