"""Settings that a sampler chooses, and trials that end early because they are hopeless."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import optuna

from training.experiments.queue.items import Choices, Param, Range
from training.experiments.queue.storage import quiet


@dataclass(frozen=True)
class Search:
    """How a search chooses settings: Bergstra et al. 2011 (TPE), and Li et al. 2018 (Hyperband).

    Attributes:
        space: for each setting, what it may be.
        seed: of the sampler. With one process, the same seed gives the same settings, also if it
            was killed and resumed.
        pruning: the first epoch after which a trial may end, and the last one; None: never.
    """

    space: Mapping[str, Range | Choices]
    seed: int
    pruning: tuple[int, int] | None

    def sample(
        self, storage: optuna.storages.BaseStorage, study_name: str, trial_id: int, position: int
    ) -> tuple[dict[str, Param], Callable[[], bool]]:
        """Return the settings of a trial that runs, and whether the pruner calls it hopeless."""
        text = f"{self.seed} {position}".encode()
        seed = int.from_bytes(hashlib.sha256(text).digest()[:4])  # Another for each trial.
        with quiet():
            study = optuna.load_study(
                study_name=study_name,
                storage=storage,
                sampler=optuna.samplers.TPESampler(
                    seed=seed, multivariate=True, constant_liar=True
                ),
                pruner=self._pruner(),
            )
            trial = optuna.Trial(study, trial_id)
            for name, values in self.space.items():
                _suggest(trial, name, values)

        def prune() -> bool:
            return study.pruner.prune(study, storage.get_trial(trial_id))

        return dict(trial.params), prune

    def _pruner(self) -> optuna.pruners.BasePruner:
        if self.pruning is None:
            return optuna.pruners.NopPruner()
        first, last = self.pruning
        return optuna.pruners.HyperbandPruner(min_resource=first, max_resource=last)


def _suggest(trial: optuna.Trial, name: str, values: Range | Choices) -> None:
    """Sample one setting; one that the trial has already stays as it is."""
    if isinstance(values, Choices):
        trial.suggest_categorical(name, values.values)
    elif values.whole:
        trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
    else:
        trial.suggest_float(name, values.low, values.high, log=values.log)
