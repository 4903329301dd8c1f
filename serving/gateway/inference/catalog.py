"""What the gateway knows about its models: learned from the model server, kept by version."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

import numpy as np

from serving.deadline import Deadline
from serving.gateway.inference.canary import CANARY, STABLE, Canary
from serving.gateway.inference.canary_shares import CanaryShares
from serving.gateway.inference.results import VersionLabel
from serving.gateway.model_client.contract import Description, Prediction
from serving.gateway.model_client.grpc_errors import unknown_version
from serving.gateway.model_client.model_ref import ModelRef, VersionState
from serving.http_errors import (
    DeadlineExceeded,
    ModelNotReady,
    ModelServerUnavailable,
    UnknownModel,
    UnknownVersion,
)
from serving.photos import PREPARATIONS, Shape

AVAILABLE = "AVAILABLE"
MAX_VERSION = 2**63 - 1


class ModelSource(Protocol):
    """What inference needs of a model server; see `ModelServer`."""

    def check(self) -> None:
        """Raise `ModelServerUnavailable` if a call would fail at once."""

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        """Return the states of all versions, newest first."""

    def resolve(self, ref: ModelRef, deadline: Deadline) -> int:
        """Return the version that answers, such as that of a label."""

    def describe(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Return what a version says about itself."""

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        """Return the probabilities of every class."""

    def explain(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> np.ndarray:
        """Return heat maps, float32 `[photos, rows, columns]`."""

    def report(self, ref: ModelRef, shape: Shape, deadline: Deadline) -> bytes:
        """Return the report of the training of a version, which has one: an HTML page."""


class Catalog:
    """The models served, and the descriptions of their versions, each asked for once.

    Args:
        names: of the models, or what returns them, if they change.
        source: the model server.
        canary: which labels unpinned requests get; by default never `canary`.
    """

    def __init__(
        self,
        names: tuple[str, ...] | Callable[[], tuple[str, ...]],
        source: ModelSource,
        canary: Canary | None = None,
    ) -> None:
        self._names = names
        self.canary = canary or Canary(CanaryShares())
        self._source = source
        self._described: dict[ModelRef, Description] = {}  # By version.
        self._last: dict[ModelRef, ModelRef] = {}  # The version that answered a request last.
        self._refreshes: dict[ModelRef, Future[Description]] = {}  # Under way.
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models. Don't keep them: they change."""
        return self._names() if callable(self._names) else self._names

    def forget(self, name: str) -> None:
        """Forget a model that is no longer served: another one may get its name and versions."""
        for kept in (self._described, self._last):
            for ref in [ref for ref in list(kept) if ref.name == name]:
                kept.pop(ref, None)

    def check_name(self, name: str) -> None:
        """Raise `UnknownModel` if a model is not served, without a call."""
        names = self.names
        if name not in names:
            raise UnknownModel(f"There is no model {name!r}; served are {', '.join(names)}.")

    def ref(self, name: str, version: str | None, label: str | None = None) -> ModelRef:
        """Return the model that a request names.

        Raises:
            UnknownModel, UnknownVersion: without a call: it is not served, or no version number.
        """
        self.check_name(name)
        if version is None:
            return ModelRef(name, label=label)
        digits = version.isascii() and version.isdigit() and len(version) < 20
        if not digits or int(version) > MAX_VERSION:
            raise UnknownVersion(f"{version!r} is not a version number.")
        return ModelRef(name, version=int(version))

    def expect(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Return the description of the version that will most likely answer.

        For an unpinned request and for a label this is the version that answered last; the next
        response shows whether it still does (see `Classifier`).

        Raises:
            PhotolabelError: of the model server; `ModelNotReady`: the preparation is unknown.
        """
        described = self._described.get(self._last.get(ref, ref))
        return _usable(ref.name, described or self.refresh(ref, deadline))

    def refresh(self, ref: ModelRef, deadline: Deadline) -> Description:
        """Ask the model server which version answers `ref` now, and describe it.

        Requests that ask for the same at once share one call, and its error if it fails.
        """
        mine: Future[Description] = Future()
        with self._lock:
            shared = self._refreshes.setdefault(ref, mine)
        if shared is mine:
            try:
                mine.set_result(self._describe(ref, deadline))
            except BaseException as error:
                mine.set_exception(error)
            del self._refreshes[ref]
        try:
            description = shared.result(0 if shared is mine else deadline.remaining())
        except TimeoutError:
            raise DeadlineExceeded(f"Model {ref} was not described in time. Try again.") from None
        return _usable(ref.name, description)

    def _describe(self, ref: ModelRef, deadline: Deadline) -> Description:
        description = self._source.describe(ref, deadline)
        self._described[ModelRef(ref.name, description.version)] = description
        self.answered(ref, description.version)
        return description

    def answered(self, ref: ModelRef, version: int) -> None:
        """Remember which version answered a request that did not name one."""
        if ref.version is None:
            self._last[ref] = ModelRef(ref.name, version)

    def find(self, ref: ModelRef, deadline: Deadline) -> tuple[Description, list[VersionState]]:
        """Return the version that answers, and the states of all.

        If the request names none, this is the version that most such requests get.
        """
        try:
            states = self._source.states(ref.name, deadline)
        except (ModelNotReady, ModelServerUnavailable):
            self._forget_all_but(ref.name, [])
            raise
        available = [state.version for state in states if state.state == AVAILABLE]
        self._forget_all_but(ref.name, available)
        if ref.label is not None:
            return self.refresh(ref, deadline), states
        if ref.version is not None:
            if ref.version not in available:
                raise unknown_version(ref)
            return self.expect(ref, deadline), states
        if not available:
            reasons = "; ".join(map(_reason, states)) or "it has none"
            raise ModelNotReady(f"No version of {ref.name} is available: {reasons}.")
        if len(available) > 1:  # A label or a pin may have chosen an older one.
            for asked in self.canary.usual_candidates(ref):
                try:
                    return self.refresh(asked, deadline), states
                except UnknownVersion:
                    self.canary.missing(asked)
        try:
            return self.expect(ModelRef(ref.name, available[0]), deadline), states
        except UnknownVersion:  # Another replica of the model server may not have it yet.
            return self.expect(ref, deadline), states

    def _forget_all_but(self, name: str, available: list[int]) -> None:
        """Forget descriptions of versions that are gone: a new volume counts from 1 again."""
        for described in list(self._described):
            if described.name == name and described.version not in available:
                self._described.pop(described, None)

    def version_labels(self, ref: ModelRef, deadline: Deadline) -> list[VersionLabel]:
        """Return the versions that the labels of a model name.

        Model servers resolve labels, but don't list them, so these are the labels that the gateway
        itself uses, and the one that `ref` names.
        """
        versions = {}
        for label in dict.fromkeys((STABLE, CANARY, ref.label)):
            labelled = ModelRef(ref.name, label=label)
            if label is None or self.canary.is_missing(labelled):
                continue
            try:
                versions[label] = self._source.resolve(labelled, deadline)
            except UnknownVersion:
                self.canary.missing(labelled)
        return self.canary.with_shares(ref.name, versions)

    def report(self, ref: ModelRef, deadline: Deadline) -> tuple[int, bytes | None]:
        """Return the version that answers as in `find`, and its report if it has one.

        It is not kept.
        """
        described, _ = self.find(ref, deadline)
        if not described.reports:
            return described.version, None
        pinned = ModelRef(ref.name, described.version)
        return described.version, self._source.report(pinned, described.shape, deadline)


def _reason(state: VersionState) -> str:
    """Return why a version is not available."""
    if state.state == "END" and state.message:
        return f"version {state.version} could not be loaded: {state.message.rstrip('.')}"
    return f"version {state.version} is {state.state} {state.message.rstrip('.')}".strip()


def _usable(name: str, description: Description) -> Description:
    """Return the description, if the gateway can prepare photos for it."""
    if description.preparation in PREPARATIONS:
        return description
    raise ModelNotReady(
        f"Model {name}, version {description.version}, needs the preparation"
        f" {description.preparation!r}, which is unknown to this gateway; known are"
        f" {', '.join(PREPARATIONS)}. Use a newer gateway."
    )
