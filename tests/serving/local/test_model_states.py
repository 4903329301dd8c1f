"""What changes while the stack runs, in lines for people."""

from serving.local.model_states import ModelState, StateChanges, States

SERVED = {"clothing": ModelState(1)}
LOADING = ModelState(reason="version 1 is LOADING.")
BROKEN = ModelState(reason="version 1 could not be loaded.")


class Told:
    """The lines at a second, with the states of that moment."""

    def __init__(self) -> None:
        self.now = 0.0
        self.states: States | None = SERVED
        self._changes = StateChanges(lambda: self.states, SERVED, lambda: self.now)

    def lines(self, now: float, states: States | None) -> list[str]:
        self.now, self.states = now, states
        return self._changes.lines()


def test_a_new_model_and_a_new_version_are_told_once() -> None:
    told = Told()
    new = {"clothing": ModelState(2), "flowers": ModelState(1)}
    assert told.lines(0.5, new) == []
    assert told.lines(2, new) == ["clothing: version 2 serves", "flowers: version 1 serves"]
    assert told.lines(4, new) == []


def test_a_reason_is_told_when_it_stays() -> None:
    told = Told()
    assert told.lines(2, {**SERVED, "flowers": LOADING}) == []
    assert told.lines(6, {**SERVED, "flowers": BROKEN}) == []
    assert told.lines(8, {**SERVED, "flowers": BROKEN}) == []
    line = "flowers: not served: version 1 could not be loaded."
    assert told.lines(12, {**SERVED, "flowers": BROKEN}) == [line]
    assert told.lines(14, {**SERVED, "flowers": BROKEN}) == []
    assert told.lines(16, {**SERVED, "flowers": ModelState(1)}) == ["flowers: version 1 serves"]


def test_a_removed_model_is_told_and_a_silent_gateway_is_no_change() -> None:
    told = Told()
    assert told.lines(2, None) == []
    assert told.lines(4, {}) == ["clothing: no longer served, its folder is gone"]
    assert told.lines(6, {}) == []
