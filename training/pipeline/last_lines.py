"""The last lines of a run: its report, its accuracy, and the command that publishes it."""

import shlex
from pathlib import Path
from typing import Any

from rich.console import Console

from training.console import say
from training.errors import TrainingError
from training.model_cards import times
from training.publishing.gate_policy import TOLERANCE, GatePolicy


def write_run_report(run: Path, console: Console) -> None:
    """Write the report of a run; if it can't be written, only say so."""
    try:
        from training.report import write_report

        say(console, f"report: {write_report(run)}")
    except (TrainingError, ModuleNotFoundError) as error:
        say(console, f"no report: {error}")


def summary(card: dict[str, Any]) -> str:
    """Return the only line of a run with the test accuracy."""
    metrics = card["metrics"]
    validation = metrics.get("validation")
    shown = f"validation {validation['accuracy']:.2%}" if validation else "no validation photos"
    own = metrics.get("own")
    with_own = f"; own photos {own['accuracy']:.2%} (on {own['photos']:,})" if own else ""
    return (
        f"{card['recipe']}: {shown}, test {metrics['test']['accuracy']:.2%} (accuracy on"
        f" {metrics['test']['photos']:,} photos){with_own}, {times(card['trained'])}"
    )


def publish_command(
    run: Path,
    models: Path,
    policy: GatePolicy | None = None,
    data: Path | None = None,
    recipe: str | None = None,
) -> str:
    """Return the command that publishes a run, with the options that are not the default ones."""
    policy = policy or GatePolicy()
    options = {
        "--data": data,
        "--recipe": recipe,
        "--model_config_file": policy.model_config_file,
        "--models": None if models == Path("models") else models,
        "--tolerance": None if policy.tolerance == TOLERANCE else f"{policy.tolerance:g}",
    }
    words = ["python", "-m", "training", "publish", str(run)]
    for option, value in options.items():
        words += [option, str(value)] if value is not None else []
    flags = ["--without-report"] * (not policy.report) + ["--force"] * policy.force
    return shlex.join(words + flags)
