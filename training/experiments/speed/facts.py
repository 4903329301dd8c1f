"""What measurements of speed are of: they can only be compared if it is the same for all."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.data.datasets import DataSet
from training.errors import TrainingError
from training.experiments.speed.timings import TIMINGS
from training.fitting.devices import Devices
from training.json_files import write_json
from training.pipeline.opened_run import identity_of
from training.publishing.card import circumstances
from training.recipe import Recipe
from training.runs.identity import changes

FACTS = "facts.json"


def note_facts(
    folder: Path, recipe: Recipe, data: DataSet, devices: Devices, seconds: float
) -> None:
    """Note what is measured, on what; or compare it with what a folder's measurements are of.

    Raises:
        TrainingError: they are of something else, or can't be read.
    """
    path = folder / FACTS
    identity = asdict(identity_of(recipe, data, deterministic=False))
    del identity["parameters"]["batch_size"]
    facts = {**circumstances(str(devices)), **identity, "seconds": seconds}
    if path.exists() and (folder / TIMINGS).exists():
        found = _differences(_read_facts(path), facts, recipe)
        if found:
            raise TrainingError(
                f"{folder} has measurements of something else ({'; '.join(found)}): choose"
                " another --output, or remove that folder"
            )
    else:
        write_json(path, facts)


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text("utf-8"))
        facts["parameters"], facts["recipe"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path} can't be read ({error}): choose another --output") from error
    return dict(facts)


def _differences(then: Mapping[str, Any], now: Mapping[str, Any], recipe: Recipe) -> list[str]:
    # The same batch size for both: `changes` would take its absence for the default.
    before, after = (
        {**each, "parameters": {**each["parameters"], "batch_size": 0}} for each in (then, now)
    )
    found = changes(before, after, recipe)
    was, is_now = then.get("hardware", {}), now["hardware"]
    found += [f"{n} {was.get(n)}, now {is_now[n]}" for n in is_now if was.get(n) != is_now[n]]
    if then.get("seconds") != now["seconds"]:
        found.append(f"--seconds {then.get('seconds'):g}, now {now['seconds']:g}")
    return found
