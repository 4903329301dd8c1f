"""Lets another version serve, or points a label at another version."""

from training.errors import TrainingError, UsageError
from training.publishing.rollback.apply_change import Change, apply_change
from training.publishing.rollback.served_model import ServedModel, State
from training.publishing.rollback.settings import (
    STABLE,
    default_version,
    pinned,
    unpinned,
    with_label,
    without_label,
)

NEWEST, PREVIOUS = "newest", "previous"


def roll_back(model: ServedModel, wanted: str) -> tuple[State, State]:
    """Let another version serve, and return the states before and after.

    The label `stable` moves if the model has labels; otherwise the version is pinned.

    Args:
        model: whose version.
        wanted: a version number, `previous`, or `newest`, which also removes a pin.

    Raises:
        Refused: the version has other labels.
        TrainingError: there is no such version, it is damaged, or a step failed. The version that
            serves is the same as before.
    """
    before = model.state()
    version = number_of(wanted, before, model.name)

    def plan(state: State) -> Change:
        settings = state.settings
        # Without `stable`, TensorFlow Serving answers with the highest version that is loaded,
        # whatever it was loaded for; the embedded model server with that of the policy.
        if STABLE in settings.labels or (settings.labels and not model.config.loads_labels):
            return Change(
                with_label(settings, STABLE, _known(version)), version, STABLE, load_first=True
            )
        if wanted == NEWEST:
            return Change(unpinned(settings), version)
        # A folder that is not seen from here may lack the version: then nothing would serve.
        first = state.elsewhere and (model.config.in_cluster or bool(model.servers))
        return Change(pinned(settings, _known(version)), version, load_first=first)

    return before, apply_change(model, plan)


def set_label(model: ServedModel, label: str, wanted: str) -> tuple[State, State]:
    """Point a label at a version, and return the states before and after.

    What requests without version and label get stays the same.

    Raises:
        TrainingError: as of `roll_back`.
    """
    before = model.state()
    version = _known(number_of(wanted, before, model.name))

    def plan(state: State) -> Change:
        settings = with_label(state.settings, label, version)
        added = () if model.config.loads_labels else (version,)
        serving = default_version(settings, {*(state.selected or ()), *added})
        if label != STABLE and state.serving not in (None, serving):
            settings = with_label(settings, STABLE, _known(state.serving))
        return Change(settings, version, label, load_first=True)

    return before, apply_change(model, plan)


def remove_label(model: ServedModel, label: str) -> tuple[State, State]:
    """Remove a label, and return the states before and after.

    Raises:
        TrainingError: there is no such label, or the version that serves then is damaged.
    """
    before = model.state()

    def plan(state: State) -> Change:
        if label not in state.settings.labels:
            listed = ", ".join(sorted(state.settings.labels)) or "none"
            raise TrainingError(f"{model.name} has no label {label}; it has: {listed}")
        settings = without_label(state.settings, label)
        is_stable = label == STABLE  # Then another version serves.
        return Change(settings, default_version(settings, state.selected) if is_stable else None)

    return before, apply_change(model, plan)


def number_of(wanted: str, state: State, name: str) -> int | None:
    """Return the number of a version; None for `newest` where the disk is not seen from here.

    Raises:
        UsageError: it is neither a number nor `newest` or `previous`.
        TrainingError: there is no such version.
    """
    if wanted == NEWEST:
        return state.published[-1] if state.published else None
    if wanted == PREVIOUS:
        older = [each for each in state.published or () if each < (state.serving or 0)]
        if not older:
            raise TrainingError(f"{name} has no version before {state.serving} in {state.base}")
        return older[-1]
    if not wanted.isascii() or not wanted.isdigit() or not 0 < int(wanted) < 2**63:
        raise UsageError(f"a version is a number, {NEWEST} or {PREVIOUS}, not {wanted!r}")
    if state.published is not None and int(wanted) not in state.published:
        listed = ", ".join(map(str, state.published))
        raise TrainingError(f"{name} has no version {wanted} in {state.base}; it has {listed}")
    return int(wanted)


def _known(version: int | None) -> int:
    if version is None:
        raise TrainingError(
            "the folder of the versions is not on this machine: give the number of the version"
        )
    return version
