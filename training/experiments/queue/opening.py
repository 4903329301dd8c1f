"""Create a study, or go on with the one that has its name."""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
import sqlalchemy
from optuna.distributions import CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from training.errors import UsageError
from training.experiments.queue.claim import FACTS, POSITION
from training.experiments.queue.items import Choices, Direction, Item, Range, Result, Timing
from training.experiments.queue.queue import Queue
from training.experiments.queue.search import Search
from training.experiments.queue.storage import Database, read_url, sqlite_file

ABOUT = "photolabel"
"""The attribute of a study that says what it is about."""


def open_queue(
    storage: str,
    name: str,
    facts: Mapping[str, str],
    items: Sequence[Item],
    direction: Direction,
    *,
    timing: Timing | None = None,
) -> Queue:
    """Create a study with these items, or go on with it.

    Any number of processes may do so at once.

    Args:
        storage: URL of the database: `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`.
        name: of the study in it.
        facts: what the study rests on, such as the recipe: the same each time.
        items: the same each time.
        direction: whether the lowest or the highest value is best.
        timing: of signs of life and retries.

    Raises:
        UsageError: the study of this name has other facts or items, or the URL is wrong.
        TrainingError: the database can't be reached or written.
    """
    described = [f"{dict(item.params)} after {list(item.after)}" for item in items]
    about = {"facts": dict(facts), "goal": direction, "items": described}
    database = Database(storage, timing or Timing())
    choices = _choices(items)
    trials = [_waiting(position, item, choices) for position, item in enumerate(items)]
    database.retried(lambda: _fill(database, name, about, direction, trials))
    return Queue(database, name, items)


def open_search(
    storage: str,
    name: str,
    facts: Mapping[str, str],
    space: Mapping[str, Range | Choices],
    trials: int,
    direction: Direction,
    *,
    seed: int,
    pruning: tuple[int, int] | None,
    timing: Timing | None = None,
) -> Queue:
    """Create a study whose settings a sampler chooses, or go on with it.

    Args:
        storage: as of `open_queue`.
        name: of the study in it.
        facts: what the study rests on: the same each time.
        space: what is searched: the same each time.
        trials: how many, of all processes together. A larger number continues the search.
        direction: whether the lowest or the highest value is best.
        seed: of the sampler.
        pruning: the first epoch after which a hopeless trial may end, and the last one; None:
            trials never end early.
        timing: of signs of life and retries.

    Raises:
        UsageError: the study of this name has other facts or another space, or the URL is wrong.
        TrainingError: the database can't be reached or written.
    """
    spaces = {f"space of {setting}": str(values) for setting, values in space.items()}
    about = {
        "facts": {**facts, **spaces, "seed": str(seed), "pruning": str(pruning)},
        "goal": direction,
    }
    database = Database(storage, timing or Timing())
    waiting = [_waiting(position, Item({}), {}) for position in range(trials)]
    database.retried(lambda: _fill(database, name, about, direction, waiting))
    return Queue(database, name, [], Search(space, seed, pruning))


def finished_elsewhere(storage: str, key: str) -> Result | None:
    """Return a done item of any study in this database with the fact `key`, None without one.

    Raises:
        UsageError: the URL is wrong.
        TrainingError: the database can't be reached.
    """
    file = sqlite_file(read_url(storage))
    if file and not file.is_file():
        return None
    database = Database(storage, Timing())
    trial = database.retried(lambda: _done_with_key(database, key))
    if trial is None:
        return None
    return Result(
        trial.user_attrs[POSITION],
        trial.params,
        "done",
        trial.value,
        trial.user_attrs[FACTS],
        began=trial.datetime_start,
        ended=trial.datetime_complete,
    )


def _done_with_key(database: Database, key: str) -> FrozenTrial | None:
    """Return the first finished trial that has noted a key."""
    query = sqlalchemy.text(
        "SELECT t.trial_id FROM trials t JOIN trial_user_attributes a ON a.trial_id = t.trial_id"
        " WHERE a.key = 'key' AND a.value_json = :key AND t.state = 'COMPLETE' ORDER BY t.trial_id"
    )
    with database.storage.engine.connect() as connection:
        found = connection.execute(query, {"key": f'"{key}"'}).scalar()
    return None if found is None else database.storage.get_trial(found)


def _fill(
    database: Database,
    name: str,
    about: dict[str, Any],
    direction: Direction,
    trials: Sequence[FrozenTrial],
) -> None:
    """Create the study and the trials, or those that a killed process has not come to."""
    with database.creating():
        storage = database.storage
        try:
            study_id = storage.get_study_id_from_name(name)
        except KeyError:
            best = StudyDirection[direction.upper()]
            study_id = storage.create_new_study([best], name)
        present = storage.get_all_trials(study_id, deepcopy=False)
        before = storage.get_study_user_attrs(study_id).get(ABOUT)
        if before is None and not present:
            storage.set_study_user_attr(study_id, ABOUT, about)
        else:
            _check(f"the study {name} in {database.shown}", before, about)
        positions = {trial.user_attrs.get(POSITION) for trial in present}
        for trial in trials:
            if trial.user_attrs[POSITION] not in positions:
                storage.create_new_trial(study_id, trial)


def _check(study: str, before: dict[str, Any] | None, about: dict[str, Any]) -> None:
    """Refuse a study about something else.

    Raises:
        UsageError: says what differs.
    """
    advice = "choose another name for this one, or repeat the command of that one"
    if before is None:
        raise UsageError(f"{study} was not made by Photolabel: choose another name")
    names = {**before["facts"], **about["facts"]}
    pairs = {each: (before["facts"].get(each), about["facts"].get(each)) for each in names}
    pairs["goal"] = (before["goal"], about["goal"])
    differing = [
        f"{each} {old or 'unset'}, not {new or 'unset'}"
        for each, (old, new) in pairs.items()
        if old != new
    ]
    if differing:
        raise UsageError(f"{study} is another one: it has {', '.join(differing)}: {advice}")
    old, new = before.get("items", []), about.get("items", [])
    if old != new:
        added = [each for each in new if each not in old]
        gone = [each for each in old if each not in new]
        raise UsageError(
            f"{study} has other trials: {len(old)}, now {len(new)}"
            f" ({len(added)} new, {len(gone)} gone{_first(added or gone)}): {advice}"
        )


def _first(trials: Sequence[str]) -> str:
    return f", such as {trials[0]}" if trials else ""


def _choices(items: Sequence[Item]) -> dict[str, CategoricalDistribution]:
    """Return for each param all values that it has: Optuna wants the same for all trials."""
    values: dict[str, dict[Any, None]] = {}
    for item in items:
        for name, value in item.params.items():
            values.setdefault(name, {})[value] = None
    return {name: CategoricalDistribution(tuple(each)) for name, each in values.items()}


def _waiting(
    position: int, item: Item, choices: Mapping[str, CategoricalDistribution]
) -> FrozenTrial:
    return optuna.trial.create_trial(
        state=TrialState.WAITING,
        params=dict(item.params),
        distributions={name: choices[name] for name in item.params},
        user_attrs={POSITION: position},
    )
