"""The optimizer of a recipe, with its learning rate schedule."""

from typing import Any

import keras
from keras import ops

from training.fitting.shared_epochs import decay_epochs
from training.recipe import Recipe


def optimizer_of(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """Return the recipe's optimizer, with a learning rate schedule over all steps of the run."""
    rate = _learning_rate(recipe, steps)
    decay = recipe.weight_decay or None
    averaging = {"use_ema": True, "ema_momentum": recipe.averaging} if recipe.averaging else {}
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(rate, **averaging)
    if recipe.optimizer == "sgd":
        momentum = {"momentum": recipe.momentum, "nesterov": recipe.momentum > 0}
        optimizer = keras.optimizers.SGD(rate, weight_decay=decay, **momentum, **averaging)
    else:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **averaging)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _learning_rate(
    recipe: Recipe, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rising = round(recipe.warmup_epochs * steps)
    if recipe.schedule == "warmup-stable-decay":
        falling = decay_epochs(recipe) * steps
        first = recipe.epochs * steps - falling
        return WarmupStableDecay(recipe.learning_rate, rising, first, falling)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if rising else recipe.learning_rate,
        decay_steps=max(1, recipe.epochs * steps - rising),
        warmup_target=recipe.learning_rate if rising else None,
        warmup_steps=rising,
    )


@keras.saving.register_keras_serializable("photolabel")
class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras has no types.
    """A rate that rises linearly, stays, and falls to 0 as 1 - √(share of the decay that is over).

    Source: Hägele et al., 2024, https://arxiv.org/abs/2405.18392.
    """

    def __init__(self, peak: float, rising: int, falls_from: int, falling: int) -> None:
        """Describe a schedule.

        Args:
            peak: the largest rate.
            rising: steps of the rise, from 0.
            falls_from: the first step of the decay.
            falling: steps of the decay.
        """
        self._settings = {
            "peak": peak,
            "rising": rising,
            "falls_from": falls_from,
            "falling": falling,
        }

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step; before the decay it does not depend on where that begins."""
        its = self._settings
        done = ops.cast(step, "float32")
        risen = ops.minimum(done / max(1, its["rising"]), 1.0) if its["rising"] else 1.0
        fallen = ops.clip((done - its["falls_from"]) / max(1, its["falling"]), 0.0, 1.0)
        return its["peak"] * risen * (1.0 - ops.sqrt(fallen))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return dict(self._settings)
