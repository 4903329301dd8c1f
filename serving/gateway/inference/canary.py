"""Which version answers an unpinned request: label `stable`, or `canary` for a share of them."""

import hashlib
import random
import time
from collections.abc import Callable

from serving.gateway.inference.canary_shares import CanaryShares
from serving.gateway.inference.results import VersionLabel
from serving.gateway.model_client.model_ref import ModelRef

STABLE, CANARY = "stable", "canary"
MISSING_SECONDS = 0.5


class Canary:
    """Sends a share of the unpinned requests to the label `canary`, the rest to `stable`.

    Without a share, all go to `stable`: a canary is asked only on purpose. A model without these
    labels is asked unpinned, and a missing label is remembered for a moment to spare calls.
    """

    def __init__(self, shares: CanaryShares, clock: Callable[[], float] = time.monotonic) -> None:
        self._shares = shares
        self._clock = clock
        self._missing_until: dict[ModelRef, float] = {}

    def candidates(self, ref: ModelRef, client: str | None) -> list[ModelRef]:
        """Return the versions to ask, in order: the next one only where a label is missing.

        Args:
            ref: what the request names; it comes last.
            client: who asks, if known: the same client gets the same label.
        """
        if ref.version is not None or ref.label is not None:
            return [ref]
        share = self._shares.of(ref.name)
        return self._candidates(ref, to_canary=_position(ref.name, client) < share)

    def usual_candidates(self, ref: ModelRef) -> list[ModelRef]:
        """Return `candidates` of the version that most requests for this unpinned `ref` get."""
        return self._candidates(ref, to_canary=self._shares.of(ref.name) > 0.5)

    def _candidates(self, ref: ModelRef, to_canary: bool) -> list[ModelRef]:
        labels = (CANARY, STABLE) if to_canary else (STABLE,)
        labelled = [ModelRef(ref.name, label=label) for label in labels]
        return [*(each for each in labelled if not self.is_missing(each)), ref]

    def is_missing(self, ref: ModelRef) -> bool:
        """Whether the model had no such label a moment ago."""
        return self._clock() < self._missing_until.get(ref, 0.0)

    def missing(self, ref: ModelRef) -> None:
        """Remember for `MISSING_SECONDS` that the model has no such label."""
        self._missing_until[ref] = self._clock() + MISSING_SECONDS

    def with_shares(self, name: str, versions: dict[str, int]) -> list[VersionLabel]:
        """Return a model's labels and versions, with the share of the unpinned requests of each."""
        shares = {CANARY: self._shares.of(name) if CANARY in versions else 0.0}
        shares[STABLE] = round(1.0 - shares[CANARY], 9)  # 0.9 rather than 0.900…02
        return [
            VersionLabel(label, version, shares.get(label, 0.0))
            for label, version in versions.items()
        ]


def _position(name: str, client: str | None) -> float:
    """Return a client's fixed position in [0, 1) for a model; a random one if it is unknown."""
    if client is None:
        return random.random()  # noqa: S311 - nothing secret
    digest = hashlib.sha256(f"{name}\0{client}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
