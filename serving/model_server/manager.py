"""Brings what is served in line with what is on disk, and finds the version for a call.

One thread looks at the disk, loads and unloads; calls only read maps that it replaces as a whole,
so nothing that happens to one version holds up calls to another.

As TensorFlow Serving, it loads what the policy wants and nothing else: an older version does not
stand in for a broken newest one unless it serves already, and a folder that can be read and holds
no version unloads the model. Where TensorFlow Serving's ways do not suit one machine, they differ:

- A version that fails to load does not keep the server from starting. It is in state END with its
  error at once, not after five tries a minute apart, and is tried again when its files change and
  after a while.
- A model whose folder cannot be read goes on as it is, without holding up the others.
"""

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from serving.model_server import errors
from serving.model_server.errors import ServingError
from serving.model_server.load_retries import Failures, fingerprint
from serving.model_server.options import DEFAULT_BATCHING, BatchSettings
from serving.model_server.servable import Servable, load
from serving.model_server.warmup import warm_up
from serving.repository.model_config import ConfigError, ModelSettings, Source, check_labels
from serving.repository.version_policy import Action, aspired_versions, next_action
from serving.repository.versions import VersionsError, published_versions

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class VersionState:
    """What GetModelStatus says of a version.

    Attributes:
        state: a ``ModelVersionStatus.State``.
        code: a ``tensorflow.error.Code``; 0 unless loading failed.
        message: why loading failed.
    """

    state: int
    code: int = 0
    message: str = ""


class Manager:
    """The versions of all models: their states, and those that serve."""

    def __init__(
        self,
        source: Source,
        poll_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        batching: BatchSettings = DEFAULT_BATCHING,
    ) -> None:
        """Make a manager that serves nothing yet.

        Args:
            source: tells which models there are.
            poll_seconds: wait between two looks at the disk.
            clock: what time it is, in seconds; decides when failed versions are tried again.
            batching: how calls to one signature are joined.
        """
        self._source = source
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._batching = batching
        self._models: list[ModelSettings] = []
        self._failures: defaultdict[str, Failures] = defaultdict(Failures)
        self._said: dict[str, str] = {}
        # Read by calls in other threads: replaced as a whole, never changed.
        self._labels: Mapping[str, Mapping[str, int]] = {}
        self._serving: Mapping[str, Mapping[int, Servable]] = {}
        self._states: Mapping[str, Mapping[int, VersionState]] = {}
        self._stopping = threading.Event()
        self._first_pass = threading.Event()
        self._thread = threading.Thread(target=self._poll_until_stopped, name="poller")

    def servable(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """Return the version that answers a call.

        Args:
            name: the model.
            version: this very version; without version and label, the newest that serves.
            label: the version that this label stands for.

        Raises:
            ServingError: it does not serve, or the label is unknown.
        """
        if label is not None:
            version = self._labels.get(name, {}).get(label)
            if version is None:
                raise errors.unknown_label(label)
        serving = self._serving.get(name, {})
        found = serving.get(max(serving, default=0) if version is None else version)
        if found is None:
            raise errors.servable_not_found(name, version)
        return found

    def states(self, name: str) -> Mapping[int, VersionState]:
        """Return the state of every version of a model that was ever to be served."""
        return self._states.get(name, {})

    def start(self) -> None:
        """Begin to look at the disk, again and again, in a thread of its own."""
        self._thread.start()

    def wait_for_first_pass(self, timeout: float | None = None) -> bool:
        """Wait until every model on disk has been loaded or has failed; False after a timeout."""
        return self._first_pass.wait(timeout)

    def stop(self) -> None:
        """End the thread. A load that is under way is finished first."""
        self._stopping.set()
        self._thread.join()

    def _poll_until_stopped(self) -> None:
        while not self._stopping.is_set():
            try:
                self.poll()
            except Exception:  # Serving goes on whatever happens here.
                _logger.exception("looking for versions failed; trying again")
            self._first_pass.set()
            self._stopping.wait(self._poll_seconds)

    def poll(self) -> None:
        """Look at the disk once; load and unload until what serves is what should."""
        self._take_models()
        for model in self._models:
            self._poll_model(model)
        for name in self._serving.keys() - {model.name for model in self._models}:
            self._reach(name, set(), Path())

    def _take_models(self) -> None:
        try:
            models = self._source.models()
            check_labels(self._models, models, self._serves)
        except ConfigError as error:
            self._say("models to serve", f"{error}; going on as before")
            return
        self._say("models to serve", None)
        self._models = models
        self._labels = {model.name: model.labels for model in models}

    def _serves(self, name: str, version: int) -> bool:
        return version in self._serving.get(name, {})

    def _poll_model(self, model: ModelSettings) -> None:
        if not os.path.isdir(model.base_path):  # Unlike Path.is_dir, it never raises.
            self._say(model.name, f"cannot see the folder {model.base_path}; what serves goes on")
            return
        try:
            published = published_versions(model.base_path)
        except VersionsError as error:
            self._say(model.name, f"{error}; what serves goes on")
            return
        aspired = aspired_versions(model.policy, published)
        self._say(model.name, _lack(model, published, aspired))
        self._reach(model.name, aspired, model.base_path)

    def _reach(self, name: str, aspired: set[int], base_path: Path) -> None:
        """Load and unload versions of one model until its aspired ones serve, or failed."""
        failures = self._failures[name]
        failures.keep_only(aspired)
        now = self._clock()
        loadable = {
            version
            for version in aspired.difference(self._serving.get(name, {}))
            if failures.may_load(version, base_path / str(version), now)
        }
        for version in loadable:
            self._set_state(name, version, VersionState(ModelVersionStatus.START))
        while not self._stopping.is_set():
            step = next_action(aspired, set(self._serving.get(name, {})), loadable)
            if step is None:
                return
            action, version = step
            if action is Action.UNLOAD:
                self._unload(name, version)
            else:
                loadable.discard(version)
                self._load(name, version, base_path / str(version))

    def _load(self, name: str, version: int, path: Path) -> None:
        self._set_state(name, version, VersionState(ModelVersionStatus.LOADING))
        _logger.info("%s version %d: loading from %s", name, version, path)
        tried = fingerprint(path)
        try:
            started = time.monotonic()
            servable = load(name, version, path, self._batching)
            seconds = time.monotonic() - started
            _logger.info("%s version %d: loaded in %.1f s", name, version, seconds)
            records = warm_up(servable, path)
            if records:
                _logger.info("%s version %d: warmed up with %d records", name, version, records)
        except ServingError as error:
            self._failures[name].note(version, tried, self._clock())
            message = errors.shortened(" ".join(error.message.split()))
            _logger.error("%s version %d: failed: %s", name, version, message)
            end = VersionState(ModelVersionStatus.END, error.number, message)
            self._set_state(name, version, end)
            return
        self._serving = {**self._serving, name: {**self._serving.get(name, {}), version: servable}}
        self._set_state(name, version, VersionState(ModelVersionStatus.AVAILABLE))
        _logger.info("%s version %d: serving", name, version)

    def _unload(self, name: str, version: int) -> None:
        self._set_state(name, version, VersionState(ModelVersionStatus.UNLOADING))
        left = {number: one for number, one in self._serving[name].items() if number != version}
        self._serving = {**self._serving, name: left}
        self._set_state(name, version, VersionState(ModelVersionStatus.END))
        _logger.info("%s version %d: unloaded", name, version)

    def _set_state(self, name: str, version: int, state: VersionState) -> None:
        self._states = {**self._states, name: {**self._states.get(name, {}), version: state}}

    def _say(self, subject: str, message: str | None) -> None:
        """Log a trouble when it begins or changes, not each time it is seen; None ends it."""
        if message and self._said.get(subject) != message:
            _logger.warning("%s: %s", subject, message)
        self._said[subject] = message or ""


def _lack(model: ModelSettings, published: Collection[int], aspired: set[int]) -> str | None:
    """Say what a model's folder should hold and does not."""
    absent = sorted(set(model.policy.specific.versions).difference(published))
    if absent:
        return f"the config asks for versions that are not in {model.base_path}: {absent}"
    return None if aspired else f"no version in {model.base_path}"
