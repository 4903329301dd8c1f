"""The command that a run ends with keeps the options that were given."""

from pathlib import Path

import pytest

from training.pipeline.last_lines import publish_command
from training.publishing.gate_policy import GatePolicy

RUN, MODELS = Path("runs/a/1"), Path("models")


@pytest.mark.parametrize(
    ("policy", "options"),
    [
        (None, ""),
        (GatePolicy(), ""),
        (GatePolicy(0.5, model_config_file=Path("m.config")), "--model_config_file m.config"),
        (GatePolicy(0.5), "--tolerance 0.5"),
        (GatePolicy(force=True), "--force"),
    ],
)
def test_it_has_the_options_of_the_gate(policy: GatePolicy | None, options: str) -> None:
    command = publish_command(RUN, MODELS, policy)
    assert command.startswith("python -m training publish runs/a/1")
    assert options in command
    assert bool(options) == ("--" in command)


def test_it_has_the_other_options_that_are_not_the_default_ones() -> None:
    command = publish_command(RUN, Path("my models"), None, Path("data"), "recipe.py")
    assert command == (
        "python -m training publish runs/a/1 --data data --recipe recipe.py --models 'my models'"
    )
