"""Checks and applies a change of policy or labels, in one write or, if a version has to load, two.

A label moves to a version only after that is loaded: otherwise TensorFlow Serving would reject the
whole configuration. So the first write adds the version to those that are loaded. Each write fails
if somebody else has changed policy or labels since they were read; then they are read again.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serving.repository.model_config import ModelSettings
from training.console import say
from training.errors import TrainingError
from training.publishing.rollback.checks import check_files_or_load, check_labels
from training.publishing.rollback.served_model import ServedModel, State
from training.publishing.rollback.settings import STABLE, also_loading, only_labelled, with_label

if TYPE_CHECKING:
    from training.publishing.rollback.model_servers import ModelServer  # Imports gRPC.

_ATTEMPTS = 10


@dataclass(frozen=True)
class Change:
    """What is wanted.

    Attributes:
        settings: policy and labels.
        version: the version to check before, and to wait for; None if there is none.
        label: what to wait for the version with; None: without a label.
        load_first: whether the version has to be loaded before.
    """

    settings: ModelSettings
    version: int | None
    label: str | None = None
    load_first: bool = False


class _Changed(Exception):
    """Somebody else has changed policy or labels since they were read."""


def apply_change(model: ServedModel, plan: Callable[[State], Change]) -> State:
    """Change policy and labels, and return the state after that.

    Args:
        model: whose.
        plan: what to change, from the state that is found.

    Raises:
        Refused: the version has other labels.
        TrainingError: it is damaged, or a step failed. The same version serves as before.
    """
    checked: set[int] = set()
    for _ in range(_ATTEMPTS):
        state = model.state()
        change = plan(state)
        version = change.version
        if version is not None and version not in checked:
            _check(model, state, version)
            checked.add(version)
        with suppress(_Changed):
            if version is not None and change.load_first and not model.config.loads_labels:
                if version not in (state.selected or ()):
                    _load(model, state, change, version)
                    continue
                for server in model.servers:
                    server.wait_until_available(model.name, version)
            _finish(model, state, change)
            return model.state()
    raise TrainingError(f"somebody else keeps changing policy or labels of {model.name}: try again")


def _check(model: ServedModel, state: State, version: int) -> None:
    if state.published is None:
        who = "only the model server checks whether it loads" if model.servers else "not checked"
        say(model.console, f"version {version}: {state.base} is not on this machine, {who}")
        return
    folder = state.base / str(version)
    check_files_or_load(folder, model.console)
    if state.serving in state.published and state.serving != version:
        check_labels(folder, state.base / str(state.serving), model.force)


def _load(model: ServedModel, state: State, change: Change, version: int) -> None:
    """Let the model servers load a version besides the others, and wait until they have."""
    if not model.servers:
        raise TrainingError(
            f"nothing has changed: version {version} of {model.name} has to be loaded first, and"
            " only the model server can say when it is: add --model-server HOST:PORT"
        )
    selected = state.selected or model.available()
    settings = also_loading(state.settings, version, selected)
    if state.serving is not None and change.settings.labels.get(STABLE) == state.serving:
        # Without the label, a newer version would get all requests as soon as it is loaded.
        settings = with_label(settings, STABLE, state.serving)
    say(model.console, f"waiting until version {version} is loaded…")
    _write_and_wait(
        model, state, settings, lambda server: server.wait_until_available(model.name, version)
    )


def _finish(model: ServedModel, state: State, change: Change) -> None:
    settings, version = change.settings, change.version
    if model.unload:
        settings = only_labelled(settings, state.settings)

    def wait(server: "ModelServer") -> None:
        if version is not None:
            server.wait_until_answering(model.name, version, change.label)

    _write_and_wait(model, state, settings, wait)


def _write_and_wait(
    model: ServedModel, state: State, new: ModelSettings, wait: "Callable[[ModelServer], None]"
) -> None:
    """Write policy and labels; if the model servers do not follow, put the old ones back."""
    _write(model, state.settings, new)
    try:
        for server in model.servers:
            wait(server)
    except BaseException as error:
        with suppress(_Changed):
            _write(model, new, state.settings)
        if isinstance(error, TrainingError):
            raise TrainingError(f"{error}. Policy and labels are as before") from error
        raise


def _write(model: ServedModel, old: ModelSettings, new: ModelSettings) -> None:
    """Replace policy and labels; raise _Changed if they are not the old ones any longer."""

    def change(now: ModelSettings) -> ModelSettings:
        if (now.policy, dict(now.labels)) != (old.policy, dict(old.labels)):
            raise _Changed
        return new

    model.config.change(change)
