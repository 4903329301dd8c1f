"""Loads and unloads versions to match what is on disk, and finds the version for a call.

One thread polls the disk, loads and unloads. Calls only read maps that it replaces as a whole, so
loading one version never delays calls to another.

Like TensorFlow Serving, it loads what the policy wants and nothing else: an older version does not
replace a broken newest one unless it serves already, and a model is unloaded when its folder can be
read and has no version. Where TensorFlow Serving's behaviour does not suit one machine, it differs:

- A version that fails to load does not keep the server from starting. It is in state END with its
  error at once, not after five tries a minute apart, and is tried again when its files change and
  after a while.
- A model whose folder cannot be read keeps serving and does not delay the others.
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
from serving.model_server.load_retries import LoadRetries, fingerprint
from serving.model_server.options import DEFAULT_BATCHING, BatchSettings
from serving.model_server.servable import Servable, load
from serving.model_server.warmup import warm_up
from serving.repository.errors import ConfigError
from serving.repository.model_config import ModelSettings, check_labels
from serving.repository.models_folder import Source
from serving.repository.version_policy import Action, aspired_versions, next_action
from serving.repository.versions import VersionsError, published_versions

_logger = logging.getLogger(__name__)


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


class Manager:
    """The versions of all models and their states. It serves nothing before the first poll."""

    def __init__(
        self,
        source: Source,
        poll_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        batching: BatchSettings = DEFAULT_BATCHING,
    ) -> None:
        self._source = source
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._batching = batching
        self._models: list[ModelSettings] = []
        self._retries: defaultdict[str, LoadRetries] = defaultdict(LoadRetries)
        self._warnings: dict[str, str] = {}
        # Read by calls in other threads: replaced as a whole, never changed.
        self._labels: Mapping[str, Mapping[str, int]] = {}
        self._serving: Mapping[str, Mapping[int, Servable]] = {}
        self._states: Mapping[str, Mapping[int, ServableState]] = {}
        self._stopping = threading.Event()
        self._first_pass = threading.Event()
        self._thread = threading.Thread(target=self._poll_until_stopped, name="poller")

    def servable(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """Return the version that answers a call: by default the newest that serves.

        Raises:
            ServingError: the version does not serve, or the label is unknown.
        """
        if label is not None:
            version = self._labels.get(name, {}).get(label)
            if version is None:
                raise errors.invalid(f"Unrecognized servable version label: {label}")
        serving = self._serving.get(name, {})
        found = serving.get(max(serving, default=0) if version is None else version)
        if found is None:
            wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise errors.not_found(f"Servable not found for request: {wanted}")
        return found

    def states(self, name: str) -> Mapping[int, ServableState]:
        """Return the state of every version of a model that should be, or was, served."""
        return self._states.get(name, {})

    def start(self) -> None:
        """Poll the disk in a thread of its own until stopped."""
        self._thread.start()

    def wait_for_first_pass(self, timeout: float | None = None) -> bool:
        """Wait until every model on disk has loaded or failed; return False after a timeout."""
        return self._first_pass.wait(timeout)

    def stop(self) -> None:
        """End the thread and unload all versions. A load in progress is finished first."""
        self._stopping.set()
        self._thread.join()
        for name, servables in self._serving.items():
            for version in servables:
                self._unload(name, version)

    def _poll_until_stopped(self) -> None:
        while not self._stopping.is_set():
            try:
                self.poll()
            except Exception:  # Serving must go on.
                _logger.exception("polling for versions failed; trying again")
            self._first_pass.set()
            self._stopping.wait(self._poll_seconds)

    def poll(self) -> None:
        """Poll the disk once, and load and unload until the right versions serve."""
        self._update_models()
        for model in self._models:
            self._poll_model(model)
        for name in self._serving.keys() - {model.name for model in self._models}:
            self._reconcile(name, set(), Path())

    def _update_models(self) -> None:
        try:
            models = self._source.models()
            check_labels(self._models, models, self._serving)
        except ConfigError as error:
            self._warn("models to serve", f"{error}; keeping the models served so far")
            return
        self._warn("models to serve", None)
        self._models = models
        self._labels = {model.name: model.labels for model in models}

    def _poll_model(self, model: ModelSettings) -> None:
        try:
            if not os.path.isdir(model.base_path):  # Unlike Path.is_dir, it never raises.
                raise VersionsError(f"cannot find the folder {model.base_path}")
            published = published_versions(model.base_path)
        except VersionsError as error:
            self._warn(model.name, f"{error}; loaded versions keep serving")
            return
        aspired = aspired_versions(model.policy, published)
        self._warn(model.name, _lacking(model, published))
        self._reconcile(model.name, aspired, model.base_path)

    def _reconcile(self, name: str, aspired: set[int], base_path: Path) -> None:
        """Load and unload versions of one model until its aspired ones serve or have failed."""
        retries = self._retries[name]
        retries.keep_only(aspired)
        now = self._clock()
        loadable = {
            version
            for version in aspired.difference(self._serving.get(name, {}))
            if retries.may_load(version, base_path / str(version), now)
        }
        for version in loadable:
            self._set_state(name, version, ServableState(ModelVersionStatus.START))
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
        self._set_state(name, version, ServableState(ModelVersionStatus.LOADING))
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
            self._retries[name].record_failure(version, tried, self._clock())
            message = errors.truncate(" ".join(error.message.split()))
            _logger.error("%s version %d: failed: %s", name, version, message)
            end = ServableState(ModelVersionStatus.END, error.number, message)
            self._set_state(name, version, end)
            return
        self._serving = {**self._serving, name: {**self._serving.get(name, {}), version: servable}}
        self._set_state(name, version, ServableState(ModelVersionStatus.AVAILABLE))
        _logger.info("%s version %d: serving", name, version)

    def _unload(self, name: str, version: int) -> None:
        self._set_state(name, version, ServableState(ModelVersionStatus.UNLOADING))
        servables = dict(self._serving[name])
        del servables[version]
        self._serving = {**self._serving, name: servables}
        self._set_state(name, version, ServableState(ModelVersionStatus.END))
        _logger.info("%s version %d: unloaded", name, version)

    def _set_state(self, name: str, version: int, state: ServableState) -> None:
        self._states = {**self._states, name: {**self._states.get(name, {}), version: state}}

    def _warn(self, subject: str, message: str | None) -> None:
        """Log a problem when it begins or changes, not in every poll; None ends it."""
        if message and self._warnings.get(subject) != message:
            _logger.warning("%s: %s", subject, message)
        self._warnings[subject] = message or ""


def _lacking(model: ModelSettings, published: Collection[int]) -> str | None:
    """Return a message if the folder lacks versions that should be served."""
    absent = sorted(set(model.policy.specific.versions).difference(published))
    if absent:
        return f"the config asks for versions that are not in {model.base_path}: {absent}"
    return None if published else f"no version in {model.base_path}"
