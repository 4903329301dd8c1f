"""Whether a version may replace the one that serves, as far as the two model cards tell."""

from collections.abc import Iterator
from typing import Any

from training.console import say
from training.errors import Refused, TrainingError
from training.model_cards import VERSION_CARD, read_card, stated_accuracy
from training.publishing.rollback.served_model import ServedModel, State


def check_promotion(model: ServedModel, state: State, version: int, tolerance: float) -> None:
    """Check a version against the one that serves, by what the publishing gate has noted.

    Nothing is scored again. An older version is a way back, and always allowed.

    Args:
        model: whose versions.
        state: of the model.
        version: that a label is to name.
        tolerance: percentage points of accuracy that it may lose.

    Raises:
        Refused: it was published by force, or is worse, and nobody forces it again.
    """
    serving = state.serving
    if version == serving:
        return
    if serving is not None and version < serving:
        say(model.console, f"version {version} is older than version {serving}: not compared")
        return
    card = _card(state, version)
    if card is None:
        say(model.console, f"version {version} has no model card here: the gate can't judge it")
        return
    old = None if serving is None else _card(state, serving)
    try:
        faults = [*_forced(card), *_losses(card, old, serving, tolerance)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        say(model.console, f"version {version} has another kind of model card ({error!r:.80})")
        return
    if faults and not model.force:
        raise Refused(
            f"nothing has changed: version {version} {'. Also, it '.join(faults)}."
            " --force promotes it anyway"
        )
    for fault in faults:
        say(model.console, f"promoted by force: version {version} {fault}")
    if not faults and old is not None and not _compared(card, serving) and not _same(card, old):
        say(
            model.console,
            f"version {version} and version {serving}, which serves, were tested on different"
            " photos: their accuracies are not compared",
        )


def _card(state: State, version: int) -> dict[str, Any] | None:
    try:
        return read_card(state.base / str(version) / VERSION_CARD)
    except TrainingError:  # Models made elsewhere have none; others are not on this machine.
        return None


def _forced(card: dict[str, Any]) -> Iterator[str]:
    gate = card.get("gate") or {}
    if gate.get("forced"):
        yield f"was published against the publishing gate: {'; '.join(map(str, gate['faults']))}"


def _losses(
    card: dict[str, Any], old: dict[str, Any] | None, serving: int | None, tolerance: float
) -> Iterator[str]:
    if old is None or _compared(card, serving) or not _same(card, old):
        return
    new_accuracy, old_accuracy = stated_accuracy(card), stated_accuracy(old)
    if new_accuracy is None or old_accuracy is None:
        return
    loss = round(100 * (old_accuracy - new_accuracy), 9)
    if loss > tolerance:
        yield (
            f"is less accurate than version {serving}, which serves: {new_accuracy:.2%} instead of"
            f" {old_accuracy:.2%} on the same test photos; --tolerance {loss:.2g} accepts that"
        )


def _compared(card: dict[str, Any], serving: int | None) -> bool:
    """Whether the publishing gate has compared the version with the one that serves, and agreed."""
    gate = card.get("gate") or {}
    return bool(serving is not None and gate.get("serving") == serving and gate.get("difference"))


def _same(card: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether two versions were tested on the same photos."""
    digests = [(each.get("data") or {}).get("sha256") for each in (card, old)]
    return digests[0] is not None and digests[0] == digests[1]
