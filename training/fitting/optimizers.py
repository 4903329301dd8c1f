"""The optimizer of a recipe, with its learning rate schedule."""

import keras

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
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if rising else recipe.learning_rate,
        decay_steps=max(1, recipe.epochs * steps - rising),
        warmup_target=recipe.learning_rate if rising else None,
        warmup_steps=rising,
    )


def shared_epochs(recipe: Recipe) -> int:
    """Return the number of first epochs whose course does not depend on `epochs`."""
    return recipe.epochs if recipe.schedule == "constant" else 0
