from dataclasses import replace

from training.experiments.factors import read_factor
from training.experiments.sweeps.plan import epochs_to_fit, planned
from training.recipes import RECIPES

DENSE = RECIPES["clothing-dense800-sgd"]  # 100 epochs at a constant rate, batches of 200.


def test_with_a_constant_rate_longer_trials_go_on_from_shorter_ones() -> None:
    plan = planned(DENSE, [read_factor("epochs=50,75,100,125")], "grid")
    assert [trial.after for trial in plan] == [None, 0, 1, 2]
    assert [trial.epochs for trial in plan] == [50, 25, 25, 25]
    assert epochs_to_fit(plan, [0, 0, 0, 0]) == 125


def test_the_order_in_which_epochs_are_named_does_not_matter() -> None:
    plan = planned(DENSE, [read_factor("epochs=125,50,100,75")], "grid")
    assert [trial.setting.recipe.epochs for trial in plan] == [50, 75, 100, 125]


def test_trials_with_other_settings_share_nothing() -> None:
    factors = [read_factor("batch_size=100,400"), read_factor("epochs=10,20")]
    plan = planned(DENSE, factors, "grid")
    settings = [(each.setting.recipe.batch_size, each.setting.recipe.epochs) for each in plan]
    assert settings == [(100, 10), (100, 20), (400, 10), (400, 20)]
    assert [trial.after for trial in plan] == [None, 0, None, 2]


def test_with_a_falling_rate_only_what_comes_before_the_decay_is_shared() -> None:
    epochs = [read_factor("epochs=10,20")]
    cosine = planned(replace(DENSE, schedule="cosine"), epochs, "grid")
    assert [trial.epochs for trial in cosine] == [10, 20]
    late = replace(DENSE, schedule="warmup-stable-decay", decay_share=0.2)
    assert [trial.epochs for trial in planned(late, epochs, "grid")] == [10, 12]


def test_one_factor_at_a_time_trains_the_recipes_own_setting_once() -> None:
    factors = [read_factor("epochs=50,100"), read_factor("batch_size=100,200")]
    plan = planned(DENSE, factors, "one-at-a-time")
    assert [each.setting.levels for each in plan] == [
        {"epochs": "50", "batch_size": "200"},
        {"epochs": "100", "batch_size": "200"},
        {"epochs": "100", "batch_size": "100"},
    ]


def test_what_is_there_already_is_not_fitted_again() -> None:
    plan = planned(DENSE, [read_factor("epochs=50,75,100")], "grid")
    assert epochs_to_fit(plan, [50, 75, 0]) == 25
    assert epochs_to_fit(plan, [30, 0, 0]) == 20 + 25 + 25
