"""Which models a gateway serves, and why it does not serve others; how that changes."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_LOOK_SECONDS = 2.0  # Each look asks the model server about every model.
_STABLE_SECONDS = 3.0  # A reason that passes sooner, such as loading, isn't shown.


@dataclass(frozen=True)
class ModelState:
    """Whether a model is served: the version that answers, or the reason why none does."""

    version: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        """Return it in words, to follow the model's name."""
        return f"not served: {self.reason}" if self.reason else f"version {self.version} serves"


States = Mapping[str, ModelState]


def read_states(url: str) -> States | None:
    """Return the state of each model, as `/readyz` has it; None if the gateway does not answer."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        models = json.load(connection.getresponse())["models"]
        return {
            each["name"]: ModelState(each["version"])
            if each["state"] == "ready"
            else ModelState(reason=each.get("detail") or each["state"])
            for each in models
        }
    except (OSError, http.client.HTTPException, ValueError, LookupError):
        return None
    finally:
        connection.close()


class StateChanges:
    """The changes of the models' states, in lines for people.

    Args:
        read: returns the states; None if they are unknown.
        shown: the states that have been shown.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        read: Callable[[], States | None],
        shown: States,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._shown = dict(shown)
        self._clock = clock
        self._looked_at = clock()
        self._since: dict[str, tuple[ModelState, float]] = {}

    def lines(self) -> list[str]:
        """Return what has changed since the last call; it looks every two seconds."""
        now = self._clock()
        if now - self._looked_at < _LOOK_SECONDS:
            return []
        self._looked_at = now
        states = self._read()
        if states is None:
            return []
        changed = [
            name
            for name, state in states.items()
            if state != self._shown.get(name) and self._is_stable(name, state, now)
        ]
        removed = [name for name in self._shown if name not in states]
        self._shown.update((name, states[name]) for name in changed)
        for name in removed:
            del self._shown[name]
        lines = [f"{name}: {states[name]}" for name in changed]
        return lines + [f"{name}: no longer served, its folder is gone" for name in removed]

    def _is_stable(self, name: str, state: ModelState, now: float) -> bool:
        before, since = self._since.get(name, (None, now))
        if before != state:
            since = now
            self._since[name] = state, now
        return not state.reason or now - since >= _STABLE_SECONDS
