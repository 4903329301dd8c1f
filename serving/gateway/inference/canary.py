"""Which version of a model takes a request that names none: `stable`, or for a share `canary`."""

import hashlib
import random
import time
from collections.abc import Callable
from typing import TypeVar

from serving.errors import UnknownVersion
from serving.gateway.model_client.model_ref import ModelRef

STABLE, CANARY = "stable", "canary"
FORGET_SECONDS = 5.0

Result = TypeVar("Result")


class Canary:
    """Sends a share of the unpinned requests to the label `canary`, the rest to `stable`.

    Without a share all go to `stable`: a canary is only ever asked on purpose. A model without
    these labels is asked unpinned. That a label is missing is remembered for a few seconds, so that
    such a model does not cost a call more each time.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._missing_until: dict[ModelRef, float] = {}

    def route(self, ref: ModelRef, caller: str | None, ask: Callable[[ModelRef], Result]) -> Result:
        """Ask the version that a request is for.

        Args:
            ref: what the request names.
            caller: who asks, where the request tells: the same caller gets the same label.
            ask: asks one version.

        Raises:
            PhotolabelError: as `ask` does.
        """
        for label in self._labels(ref, caller):
            labelled = ModelRef(ref.name, label=label)
            if self._clock() < self._missing_until.get(labelled, 0.0):
                continue
            try:
                return ask(labelled)
            except UnknownVersion:
                self._missing_until[labelled] = self._clock() + FORGET_SECONDS
        return ask(ref)

    def _labels(self, ref: ModelRef, caller: str | None) -> tuple[str, ...]:
        if ref.version is not None or ref.label is not None:
            return ()
        return (CANARY, STABLE) if _place(ref.name, caller) < self._share else (STABLE,)


def _place(name: str, caller: str | None) -> float:
    """Return a caller's fixed place in [0, 1) for a model, or a random one for nobody."""
    if caller is None:
        return random.random()  # noqa: S311 - nothing secret
    digest = hashlib.sha256(f"{name}\0{caller}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
