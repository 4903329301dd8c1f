"""Lets another version serve, or a label name another version."""

from training.errors import TrainingError, UsageError
from training.publishing.served.apply_change import Change, apply_change
from training.publishing.served.changes import (
    STABLE,
    pinned,
    serving_version,
    unpinned,
    with_label,
    without_label,
)
from training.publishing.served.place import Place, State

NEWEST, PREVIOUS = "newest", "previous"


def roll_back(place: Place, wanted: str) -> tuple[State, State]:
    """Let another version serve, and return the states before and after.

    The label `stable` moves if the model has labels; otherwise the version is pinned.

    Args:
        place: where.
        wanted: a version number, `previous`, or `newest`, which also removes a pin.

    Raises:
        Refused: the version has other labels.
        TrainingError: there is no such version, it is damaged, or a step failed. The version that
            serves is the same as before.
    """
    before = place.state()
    version = resolve(wanted, before, place.name)

    def plan(state: State) -> Change:
        settings = state.settings
        # Without `stable`, TensorFlow Serving answers with the highest version that is loaded,
        # whatever it was loaded for; the embedded model server with that of the policy.
        if STABLE in settings.labels or (settings.labels and not place.target.loads_labels):
            return Change(with_label(settings, STABLE, _known(version)), version, STABLE, True)
        if wanted == NEWEST:
            return Change(unpinned(settings), version, None, False)
        # A folder that is not seen from here may lack the version: then nothing would serve.
        first = not state.is_its and (place.target.is_live or place.servers is not None)
        return Change(pinned(settings, _known(version)), version, None, first)

    return before, apply_change(place, plan)


def set_label(place: Place, label: str, wanted: str) -> tuple[State, State]:
    """Let a label name a version, and return the states before and after.

    What requests without version and label get stays the same.

    Raises:
        TrainingError: as of `roll_back`.
    """
    before = place.state()
    version = _known(resolve(wanted, before, place.name))

    def plan(state: State) -> Change:
        settings = with_label(state.settings, label, version)
        added = () if place.target.loads_labels else (version,)
        serving = serving_version(settings, {*(state.selected or ()), *added})
        if label != STABLE and state.serving not in (None, serving):
            settings = with_label(settings, STABLE, _known(state.serving))
        return Change(settings, version, label, True)

    return before, apply_change(place, plan)


def remove_label(place: Place, label: str) -> tuple[State, State]:
    """Remove a label, and return the states before and after.

    Raises:
        TrainingError: there is no such label, or the version that serves then is damaged.
    """
    before = place.state()

    def plan(state: State) -> Change:
        if label not in state.settings.labels:
            listed = ", ".join(sorted(state.settings.labels)) or "none"
            raise TrainingError(f"{place.name} has no label {label}; it has: {listed}")
        settings = without_label(state.settings, label)
        if label != STABLE:
            return Change(settings, None, None, False)
        return Change(settings, serving_version(settings, state.selected), None, False)

    return before, apply_change(place, plan)


def resolve(wanted: str, state: State, name: str) -> int | None:
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
        raise TrainingError("the folder of the versions is not on this machine: name the number")
    return version
