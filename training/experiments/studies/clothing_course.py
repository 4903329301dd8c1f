"""Clothing, as in a course: how many epochs, which batch size, how many neurons and layers."""

from training.experiments.factors import setting, variants
from training.experiments.studies.study import Study

STUDY = Study(
    name="clothing-course",
    what="epochs, batch size, neurons, and a second hidden layer of the dense network",
    recipe="clothing-dense800-sgd",
    factors=(
        setting("epochs", 50, 75, 100, 125),
        setting("batch_size", 50, 100, 200, 400),
        setting("network.units", 500, 700, 900, 1200),
        variants(
            "second hidden layer",
            {
                "none": ["network.second_units=0"],
                "500": ["network.second_units=500"],
                "700": ["network.second_units=700"],
                "900": ["network.second_units=900"],
                "1200": ["network.second_units=1200"],
            },
        ),
    ),
)
