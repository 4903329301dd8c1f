"""Clothing, as in a first tutorial: what epochs, neurons, layers and scaled pixels do."""

from training.experiments.factors import setting, variants
from training.experiments.studies.study import Study

STUDY = Study(
    name="clothing-intro",
    what="epochs, neurons, one more hidden layer, and pixels that are not normalised",
    recipe="clothing-dense128-adam",
    factors=(
        setting("epochs", 1, 5),
        setting("network.units", 10, 32, 64, 128, 256, 512),
        variants(
            "second hidden layer",
            {"none": ["network.second_units=0"], "128": ["network.second_units=128"]},
        ),
        variants(
            "pixels",
            {"0 to 1": ["network.scaled=true"], "0 to 255": ["network.scaled=false"]},
        ),
    ),
)
