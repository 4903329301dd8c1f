"""Digits, as in a course: how few neurons are enough."""

from training.experiments.factors import variants
from training.experiments.studies.study import Study

STUDY = Study(
    name="digits-course",
    what="800 neurons, 10, two layers of 10, or a single neuron",
    recipe="digits-dense800-adam",
    factors=(
        variants(
            "neurons",
            {
                "800": ["network.units=800"],
                "10": ["network.units=10"],
                "10 + 10": ["network.units=10", "network.second_units=10"],
                "1": ["network.units=1"],
            },
        ),
    ),
)
