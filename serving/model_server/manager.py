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
- In a folder of models, it also loads every version that a label names. A label moves once its new
  version serves, and what answers is not unloaded before something else can (``Goal``).
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, field
from functools import partial

from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from serving.model_server import errors
from serving.model_server.errors import ServingError
from serving.model_server.goals import Goals
from serving.model_server.load_retries import LoadRetries, fingerprint
from serving.model_server.options import DEFAULT_BATCHING, BatchSettings
from serving.model_server.poller import Poller
from serving.model_server.servable import Servable, load
from serving.model_server.servable_state import ServableState as ServableState
from serving.model_server.servable_state import with_unloadable
from serving.model_server.warmup import warm_up
from serving.repository.errors import ConfigError
from serving.repository.model_config import ModelSettings
from serving.repository.models_folder import Source
from serving.repository.version_policy import Action, Answers, next_action

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Served:
    """The loaded versions of one model, and which of them answers what."""

    servables: Mapping[int, Servable] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)


_NOTHING = _Served()


class Manager:
    """The versions of all models and their states. It serves nothing before the first poll."""

    def __init__(
        self,
        source: Source,
        poll_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        batching: BatchSettings = DEFAULT_BATCHING,
    ) -> None:
        self._clock = clock
        self._batching = batching
        self._goals = Goals(source)
        self._retries: defaultdict[str, LoadRetries] = defaultdict(LoadRetries)
        # Read by calls in other threads: replaced as a whole, never changed.
        self._served: Mapping[str, _Served] = {}
        self._states: Mapping[str, Mapping[int, ServableState]] = {}
        self._poller = Poller(self.poll, poll_seconds)
        self._reloading = threading.Lock()

    def servable(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """Return the version that answers a call: by default the newest that the policy selects.

        Raises:
            ServingError: the version does not serve, or the label is unknown.
        """
        served = self._served.get(name, _NOTHING)
        wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        if label is not None:
            version = served.answers.labels.get(label)
            if version is None:
                raise errors.invalid(f"Unrecognized servable version label: {label}")
            wanted = f"Specific({name}, {version})"
        elif version is None:
            version = served.answers.unnamed
        found = None if version is None else served.servables.get(version)
        if found is None:
            raise errors.not_found(f"Servable not found for request: {wanted}")
        return found

    def states(self, name: str) -> Mapping[int, ServableState]:
        """Return the state of every version of a model that should be, or was, served."""
        return self._states.get(name, {})

    def start(self) -> None:
        """Poll the disk in a thread of its own until stopped."""
        self._poller.start()

    def wait_for_first_pass(self, timeout: float | None = None) -> bool:
        """Wait until every model on disk has loaded or failed; return False after a timeout."""
        return self._poller.wait_for_first(timeout)

    def stop(self) -> None:
        """End the thread and unload all versions. A load in progress is finished first."""
        self._poller.stop()
        for name, served in self._served.items():
            for version in served.servables:
                self._unload(name, version)

    def reload(self, models: list[ModelSettings]) -> None:
        """Serve other models, and return once those that are new serve.

        Raises:
            ServingError: the models can't be changed so, or a new one does not load.
        """
        with self._reloading:
            try:
                new = self._goals.reload(models, self._serving())
            except ConfigError as error:
                raise errors.failed_precondition(str(error)) from error
            _logger.info(
                "serving %s, by request", ", ".join(each.name for each in models) or "nothing"
            )
            self._poller.poll_now()
        if missing := sorted(
            name for name in new if not self._served.get(name, _NOTHING).servables
        ):
            raise errors.unavailable_models(missing)

    def poll(self) -> None:
        """Poll the disk once, and load and unload until the right versions serve."""
        for name in self._update_goals():
            self._reconcile(name)

    def _update_goals(self) -> list[str]:
        """Read what should serve, and let it answer as far as it does; return the models read."""
        names = self._goals.update(self._serving())
        for name in names:
            self._set_servables(name, self._served.get(name, _NOTHING).servables)
        return names

    def _serving(self) -> dict[str, Collection[int]]:
        return {name: served.servables.keys() for name, served in self._served.items()}

    def _reconcile(self, name: str) -> None:
        """Load and unload versions of one model until its aspired ones serve or have failed."""
        aspired, serving = self._aspired(name)
        retries = self._retries[name]
        retries.keep_only(set(aspired))
        now = self._clock()
        loadable = {
            version
            for version in aspired - serving
            if retries.may_load(version, self._goals.path(name, version), now)
        }
        for version in loadable:
            self._set_state(name, version, ServableState(ModelVersionStatus.START))
        states = with_unloadable(
            self.states(name), self._goals[name], serving, partial(self._goals.path, name)
        )
        self._states = {**self._states, name: states}
        while not self._poller.stopping.is_set():
            step = next_action(aspired, serving, loadable & aspired)
            if step is None:
                return
            action, version = step
            if action is Action.UNLOAD:
                self._unload(name, version)
            else:
                loadable.discard(version)
                self._load(name, version)
            aspired, serving = self._aspired(name)

    def _aspired(self, name: str) -> tuple[Set[int], Set[int]]:
        """Return the versions that should serve, and those that do."""
        served = self._served.get(name, _NOTHING)
        serving = served.servables.keys()
        return self._goals[name].aspired(served.answers, serving), serving

    def _load(self, name: str, version: int) -> None:
        path = self._goals.path(name, version)
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
        self._update_goals()  # The version may have been taken back while it was loading.
        servables = self._served.get(name, _NOTHING).servables
        self._set_servables(name, {**servables, version: servable})
        self._set_state(name, version, ServableState(ModelVersionStatus.AVAILABLE))
        if servable.fault:
            unfit = "%s version %d: serving, but the gateway can't use it: %s (docs/contracts.md)"
            _logger.warning(unfit, name, version, servable.fault)
        else:
            _logger.info("%s version %d: serving", name, version)

    def _unload(self, name: str, version: int) -> None:
        self._set_state(name, version, ServableState(ModelVersionStatus.UNLOADING))
        servables = dict(self._served[name].servables)
        del servables[version]
        self._set_servables(name, servables)
        self._set_state(name, version, ServableState(ModelVersionStatus.END))
        _logger.info("%s version %d: unloaded", name, version)

    def _set_servables(self, name: str, servables: Mapping[int, Servable]) -> None:
        before = self._served.get(name, _NOTHING).answers
        answers = self._goals[name].answers(before, servables.keys())
        self._served = {**self._served, name: _Served(servables, answers)}

    def _set_state(self, name: str, version: int, state: ServableState) -> None:
        self._states = {**self._states, name: {**self._states.get(name, {}), version: state}}
