"""What to say about the version that serves."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import text_format
from rich.console import Console

from training.errors import TrainingError
from training.publishing.served.changes import STABLE
from training.publishing.served.place import Place, State
from training.publishing.served.targets import ConfigFile, ModelFolder, Target


def change_lines(place: Place, before: State, after: State, seconds: float) -> Iterator[str]:
    """Yield the lines to show after a change.

    Args:
        place: where it was.
        before: the state before.
        after: the state after.
        seconds: that it took.
    """
    name, version = place.name, after.serving
    now = _newest(version)
    if before.settings == after.settings:
        yield f"{name}: {now} serves already, {how(after)}; nothing has changed"
        return
    was = "before: unknown" if before.serving is None else f"before: version {before.serving}"
    yield f"{name}: {now} serves now, {how(after)}; {was}, {how(before)}"
    for label in sorted({*before.settings.labels, *after.settings.labels} - {STABLE}):
        new, old = after.settings.labels.get(label), before.settings.labels.get(label)
        if new != old:
            yield f"label {label}: {_version(new)}; before: {_version(old)}"
    policy = before.settings.policy
    if after.settings.policy != policy and policy.WhichOneof("policy_choice") in ("all", "latest"):
        text = text_format.MessageToString(policy, as_one_line=True)
        yield f"the version policy was {text}; versions published from now on are not loaded"
    idle = sorted((after.loaded or set()) - {*after.settings.labels.values()} - {before.serving})
    if after.settings.labels and idle and after.settings.policy.HasField("specific"):
        yield f"without a label, but loaded: {', '.join(map(str, idle))} (--unload)"
    if place.servers:
        yield f"the model server answers with it after {seconds:.1f} s"
    else:
        yield "the model server follows when it reads that again: `make serve` within a second"


def _version(number: int | None) -> str:
    return "none" if number is None else f"version {number}"


def _newest(number: int | None) -> str:
    return "the newest version" if number is None else f"version {number}"


def how(state: State) -> str:
    """Say why a version serves."""
    if STABLE in state.settings.labels:
        return f"with the label {STABLE}"
    if state.settings.policy.HasField("specific"):
        return "pinned"
    return "as the newest"


def serving_line(state: State) -> str:
    """Say which version serves, and why."""
    name, version = state.settings.name, state.serving
    return f"{name}: {_newest(version)} serves, {how(state)}"


def served_note(base: Path, published: int, model_config_file: Path | None = None) -> str:
    """Say which version goes on serving after another one was published; "" if that is the new one.

    Args:
        base: the model's folder.
        published: number of the new version.
        model_config_file: of the model server, where it has one.
    """
    try:
        target: Target = (
            ConfigFile(model_config_file, base.name)
            if model_config_file
            else ModelFolder(base.parent, base.name)
        )
        state = Place(base.name, target, Console(), base.parent).state()
    except TrainingError as error:
        return f"which version serves is unknown: {error}"
    if state.serving == published:
        return ""
    why = "is pinned" if how(state) == "pinned" else f"has the label {STABLE}"
    words = ["python", "-m", "training", "rollback", base.name, "newest", *target.options]
    return f"version {state.serving} {why} and goes on serving; to change that: {shlex.join(words)}"
