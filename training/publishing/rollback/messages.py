"""What to say about the version that serves."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import text_format

from training.errors import TrainingError
from training.publishing.rollback.served_model import ServedModel, State
from training.publishing.rollback.serving_config import ConfigFile, ModelFolder, ServingConfig
from training.publishing.rollback.settings import STABLE
from training.publishing.rollback.text_file import LocalFile


def change_lines(model: ServedModel, before: State, after: State, seconds: float) -> Iterator[str]:
    """Yield the lines to show after a change.

    Args:
        model: that was changed.
        before: the state before.
        after: the state after.
        seconds: that it took.
    """
    if before.settings == after.settings:
        labels = sorted(after.settings.labels.items())
        others = [f"; label {each}: version {number}" for each, number in labels if each != STABLE]
        what = f"{_newest(after.serving)} serves already, {_how(after)}"
        yield "".join([f"{model.name}: {what}", *others])
        return
    now, was = f"{_newest(after.serving)} serves", f"{_newest(before.serving)}, {_how(before)}"
    if (after.serving, _how(after)) == (before.serving, _how(before)):
        yield f"{model.name}: {now} as before, {_how(after)}"
    else:
        yield f"{model.name}: {now} now, {_how(after)}; before: {was}"
    for label in sorted({*before.settings.labels, *after.settings.labels} - {STABLE}):
        new, old = after.settings.labels.get(label), before.settings.labels.get(label)
        if new != old:
            yield f"label {label}: {_version(new)}; before: {_version(old)}"
    yield from _policy_lines(model, before, after)
    yield f"effective after {seconds:.1f} s" if model.servers else model.config.hint
    if model.config.caution:
        yield model.config.caution


def _policy_lines(model: ServedModel, before: State, after: State) -> Iterator[str]:
    policy = before.settings.policy
    if after.settings.policy != policy and policy.WhichOneof("policy_choice") in ("all", "latest"):
        text = text_format.MessageToString(policy, as_one_line=True)
        yield f"the version policy was {text}"
    if _is_fixed(after) and not _is_fixed(before):
        yield f"versions published from now on do not serve until `rollback {model.name} newest`"
    used = {*after.settings.labels.values(), before.serving}
    idle = [each for each in after.settings.policy.specific.versions if each not in used]
    if idle and after.settings.labels and not model.config.loads_labels:
        yield f"loaded without a label: {', '.join(map(str, idle))} (--unload unloads them)"


def _is_fixed(state: State) -> bool:
    """Whether a version goes on serving when a newer one is published."""
    return STABLE in state.settings.labels or state.settings.policy.HasField("specific")


def _version(number: int | None) -> str:
    return "none" if number is None else f"version {number}"


def _newest(number: int | None) -> str:
    return "the newest version" if number is None else f"version {number}"


def _how(state: State) -> str:
    """Say why a version serves."""
    if STABLE in state.settings.labels:
        return f"with the label {STABLE}"
    if state.settings.policy.HasField("specific"):
        return "pinned"
    return "as the newest"


def serving_line(state: State) -> str:
    """Say which version serves, and why."""
    why = "" if state.serving is None else f", {_how(state)}"
    return f"{state.settings.name}: {_newest(state.serving)} serves{why}"


def served_note(base: Path, published: int, model_config_file: Path | None = None) -> str:
    """Say which version serves instead of a published one; "" if that one serves.

    Args:
        base: the model's folder.
        published: number of the version that was published, now or earlier.
        model_config_file: of the model server, where it has one.
    """
    try:
        state = ServedModel(base.name, _config(base, model_config_file), base.parent).state()
    except TrainingError as error:
        return f"which version serves is unknown: {error}"
    if state.serving == published:
        return ""
    newest = state.published is None or published == max(state.published)
    reasons = {"pinned": "is pinned", "as the newest": "is the newest"}
    why = reasons.get(_how(state), f"has the label {STABLE}")
    command = rollback_command(base, "newest" if newest else str(published), model_config_file)
    return f"version {state.serving} {why} and goes on serving; to change that: {command}"


def rollback_command(base: Path, version: str, model_config_file: Path | None = None) -> str:
    """Return the command that lets a version of a model serve, for a shell."""
    words = ["python", "-m", "training", "rollback", base.name, version]
    if model_config_file:
        words += ["--model_config_file", str(model_config_file)]
    elif base.parent != Path("models"):
        words += ["--models", str(base.parent)]
    return shlex.join(words)


def _config(base: Path, model_config_file: Path | None) -> ServingConfig:
    if model_config_file:
        return ConfigFile(LocalFile(model_config_file), base.name)
    return ModelFolder(base.parent, base.name)
