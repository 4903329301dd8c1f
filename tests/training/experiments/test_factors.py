from training.experiments.factors import combinations, setting
from training.recipes import RECIPES

RECIPE = RECIPES["clothing-dense128-adam"]
EPOCHS = setting("epochs", 1, 2)
UNITS = setting("network.units", 8, 16)
ALONE = setting("batch_size", 32, 64, alone=True)


def test_a_factor_that_varies_alone_is_not_combined_in_a_grid() -> None:
    found = [each.levels for each in combinations(RECIPE, (EPOCHS, ALONE, UNITS), "grid")]

    own = {"epochs": "5", "network.units": "128"}
    assert found == [
        *(
            {"epochs": epochs, "network.units": units, "batch_size": "32"}
            for epochs in ("1", "2")
            for units in ("8", "16")
        ),
        {**own, "batch_size": "32"},
        {**own, "batch_size": "64"},
    ]
    alone = [each.levels for each in combinations(RECIPE, (ALONE,), "grid")]
    assert alone == [{"batch_size": "32"}, {"batch_size": "64"}]
