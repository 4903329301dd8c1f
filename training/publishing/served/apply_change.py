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
from training.publishing.served.changes import STABLE, also_loading, only_labelled, with_label
from training.publishing.served.checks import check_files_or_load, check_labels
from training.publishing.served.place import Place, State

if TYPE_CHECKING:
    from training.publishing.served.model_servers import ModelServers  # Imports gRPC.

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
    label: str | None
    load_first: bool


Plan = Callable[[State], Change]


class _Changed(Exception):
    """Somebody else has changed policy or labels since they were read."""


def apply_change(place: Place, plan: Plan) -> State:
    """Change policy and labels, and return the state after that.

    Args:
        place: where.
        plan: what to change, from the state that is found.

    Raises:
        Refused: the version has other labels.
        TrainingError: it is damaged, or a step failed. The same version serves as before.
    """
    checked: set[int] = set()
    for _ in range(_ATTEMPTS):
        state = place.state()
        change = plan(state)
        if change.version is not None and change.version not in checked:
            _check(place, state, change.version)
            checked.add(change.version)
        with suppress(_Changed):
            if change.version is not None and change.load_first and not place.target.loads_labels:
                if change.version not in (state.selected or ()):
                    _load(place, state, change, change.version)
                    continue
                if place.servers:
                    place.servers.wait_until_available(place.name, change.version)
            _finish(place, state, change)
            return place.state()
    raise TrainingError(f"somebody else keeps changing what serves of {place.name}: try again")


def _finish(place: Place, state: State, change: Change) -> None:
    settings = change.settings
    if place.unload:
        settings = only_labelled(settings, state.settings)
    _write(place, state.settings, settings)
    version = change.version
    if version is not None:
        _or_put_back(
            place,
            state.settings,
            settings,
            lambda servers: servers.wait_until_answering(place.name, version, change.label),
        )


def _check(place: Place, state: State, version: int) -> None:
    if state.published is None:
        who = "only the model server checks whether it loads" if place.servers else "not checked"
        say(place.console, f"version {version}: {state.base} is not on this machine, {who}")
        return
    folder = state.base / str(version)
    check_files_or_load(folder, place.console)
    if state.serving in state.published and state.serving != version:
        check_labels(folder, state.base / str(state.serving), place.force)


def _load(place: Place, state: State, change: Change, version: int) -> None:
    """Let the model servers load a version besides the others, and wait until they have."""
    if place.servers is None:
        raise TrainingError(
            f"nothing has changed: version {version} of {place.name} has to be loaded first, which"
            " only the model server tells: name it with --model-server HOST:PORT"
        )
    selected = state.selected or place.servers.available(place.name)
    settings = also_loading(state.settings, version, selected)
    if state.serving is not None and change.settings.labels.get(STABLE) == state.serving:
        # Without the label, a newer version would get all requests as soon as it is loaded.
        settings = with_label(settings, STABLE, state.serving)
    _write(place, state.settings, settings)
    say(place.console, f"waiting until version {version} is loaded…")
    _or_put_back(
        place,
        state.settings,
        settings,
        lambda servers: servers.wait_until_available(place.name, version),
    )


def _or_put_back(
    place: Place,
    old: ModelSettings,
    new: ModelSettings,
    wait: "Callable[[ModelServers], None]",
) -> None:
    """Wait for the model servers; if they do not follow, put the settings back as they were."""
    if place.servers is None:
        return
    try:
        wait(place.servers)
    except BaseException as error:
        with suppress(_Changed):
            _write(place, new, old)
        if isinstance(error, TrainingError):
            raise TrainingError(f"{error}. Policy and labels are as before") from error
        raise


def _write(place: Place, old: ModelSettings, new: ModelSettings) -> None:
    """Replace policy and labels; raise _Changed if they are not the old ones any longer."""

    def change(now: ModelSettings) -> ModelSettings:
        if (now.policy, dict(now.labels)) != (old.policy, dict(old.labels)):
            raise _Changed
        return new

    place.target.change(change)
