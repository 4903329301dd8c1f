"""Publishing a run that has been evaluated, if the gate lets it pass."""

from pathlib import Path
from typing import Any

from rich.console import Console

from serving.repository.errors import ModelChanged
from serving.repository.versions import VersionsError, model_state
from training.console import say
from training.data.loading import load
from training.errors import Refused, TrainingError
from training.json_files import write_json
from training.metrics import EVALUATION
from training.model_cards import CARD
from training.overrides import restored
from training.pipeline.finalize import Evaluated, evaluated_before, finalize
from training.pipeline.last_lines import publish_command, summary, write_run_report
from training.pipeline.published_report import published_report
from training.publishing.comparison import Candidate, reloading
from training.publishing.gate import judge
from training.publishing.gate_policy import GatePolicy
from training.publishing.mistakes import without_pictures
from training.publishing.model_folder import check_writable, version_of_run
from training.publishing.publish import publish
from training.publishing.rollback.messages import rollback_command, served_note
from training.publishing.training_overlap import note_training_photos
from training.publishing.verdict import Verdict
from training.recipe import Recipe
from training.recipes import recipe_of_run
from training.runs.folders import TRAINED, Run, existing_run
from training.runs.trained_network import load_trained_network

_TRIES = 5  # Each fails only if the model has changed during it.
_UNFINISHED = {
    "new": "has not been trained yet",
    "fitting": "ended while it was trained",
    "stopped": "was stopped before its end",
    "failed": "failed",
}


def publish_run(
    folder: Path,
    data_folder: Path | None,
    models: Path,
    policy: GatePolicy,
    console: Console,
    named: str | Recipe | None = None,
    also: Path | None = None,
) -> Path:
    """Publish a run that has ended, and return the folder of the version.

    Args:
        folder: the run's folder; may be a copy from another machine.
        data_folder: where data sets are looked for; None: where the run has found them.
        models: published into its sub-folder with the model's name.
        policy: how strict the publishing gate is.
        console: shows the outcome.
        named: the recipe, its name, or the path of its file; None: the one noted by the run.
        also: where the run's own photos are now; None: where it has found them.

    Raises:
        TrainingError: it is not a run that has ended, the data set differs, or a step failed.
        Refused: the gate refused.
    """
    with existing_run(folder) as run:
        facts = run.facts()
        _check_ended(folder, facts)
        base = models / facts["model"]
        check_writable(base)
        version = version_of_run(base, facts["id"])
        if version:
            run.note(status="published", version=str(version))
            say(console, f"{folder} is published as {version} already")
            _say_what_serves(base, int(version.name), policy, console)
            return version
        # First: a network of the recipe's own file may have layers that are defined there.
        own_photos = str(also or facts.get("own_photos") or "")
        found = recipe_of_run(facts, named)
        recipe = restored(found, facts["model"], facts["parameters"], own_photos)
        if not (folder / TRAINED).exists():
            raise TrainingError(f"{folder} has no {TRAINED}: run its recipe again")
        found_in = data_folder or _noted_data_folder(folder, facts)
        data = load(recipe, found_in, console)
        if data.whole_digest != facts["data"]:
            options = "--data and its own photos with --also" if recipe.own.photos else "--data"
            raise TrainingError(
                f"{folder} was trained on different data than the {data.name} found here: name"
                f" the folder of its data with {options}"
            )
        evaluated = evaluated_before(recipe, data, found_in, run)
        if evaluated is None:
            network = load_trained_network(folder)
            evaluated = finalize(network, recipe, data, found_in, run, console)
        name = named if isinstance(named, str) else None
        command = publish_command(folder, models, policy, data_folder, name)
        return publish_evaluated(evaluated, run, base, policy, command, console)


def _check_ended(folder: Path, facts: dict[str, Any]) -> None:
    status = facts["status"]
    # Earlier releases noted so of a run that the gate refused.
    refused = status == "failed" and all((folder / name).exists() for name in (EVALUATION, CARD))
    if status in _UNFINISHED and not refused:
        reason = f" ({facts['reason']})" if status == "failed" and facts.get("reason") else ""
        raise TrainingError(
            f"{folder} can't be published: it {_UNFINISHED[status]}{reason}; the same command of"
            f" `run` goes on with it (`python -m training runs show {folder}` shows it)"
        )


def _noted_data_folder(folder: Path, facts: dict[str, Any]) -> Path | None:
    noted = facts.get("data_folder")
    if noted and not Path(noted).exists():
        raise TrainingError(
            f"the data of {folder} is not in {noted} any more: name its folder with --data"
        )
    return Path(noted) if noted else None


def publish_evaluated(
    evaluated: Evaluated, run: Run, base: Path, policy: GatePolicy, command: str, console: Console
) -> Path:
    """Publish the network of a run, if the gate lets it pass; write the report in any case.

    Args:
        evaluated: the network.
        run: is published, refused, or stays as it is.
        base: the model's folder, which exists.
        policy: how strict the gate is.
        command: publishes the run, for messages.
        console: shows the outcome.

    Returns:
        The folder of the version.

    Raises:
        Refused: the gate refused.
        TrainingError: a step failed. Nothing has been published, unless the message says so.
    """
    try:
        number, verdict = _judge_and_publish(evaluated, run, base, policy, console)
    except Refused as error:
        write_run_report(run.folder, console)
        raise Refused(f"{error}: {command} --force") from error
    except (TrainingError, VersionsError) as error:
        write_run_report(run.folder, console)
        raise TrainingError(f"{error}. The run is kept, to publish it later: {command}") from error
    version = base / str(number)
    try:
        _write_verdict(run, evaluated, verdict)
        run.note(status="published", version=str(version))
    except TrainingError as error:
        raise TrainingError(f"published as {version}, but {error}") from error
    write_run_report(run.folder, console)
    for line in verdict.lines():
        say(console, line)
    say(console, f"{summary(evaluated.card)}, published as {version}")
    _say_what_serves(base, number, policy, console, verdict)
    return version


def _say_what_serves(
    base: Path, number: int, policy: GatePolicy, console: Console, verdict: Verdict | None = None
) -> None:
    config = policy.model_config_file
    note = served_note(base, number, config)
    if not note and verdict and verdict.faults and verdict.serving:  # Published by force.
        note = f"to take it back: {rollback_command(base, str(verdict.serving), config)}"
    if note:
        say(console, note)


def _judge_and_publish(
    evaluated: Evaluated, run: Run, base: Path, policy: GatePolicy, console: Console
) -> tuple[int, Verdict]:
    """Return the number of the new version, and the verdict on it."""
    recipe, data = evaluated.recipe, evaluated.data
    digests = note_training_photos(run.folder, data, recipe)
    reload = reloading(evaluated.data_folder, console)
    candidate = Candidate(recipe, data, evaluated.test, digests, reload, evaluated.own)
    had_versions = False
    for _ in range(_TRIES):
        expected = model_state(base)
        versions, _ = expected
        if not base.is_dir() or (had_versions and not versions):
            raise TrainingError(f"not published: {base} is gone; is its volume still there?")
        had_versions = bool(versions)
        verdict = judge(candidate, base, policy)
        try:
            verdict.check()
        except Refused:
            _write_verdict(run, evaluated, verdict)
            run.note_end("refused", reason="; ".join(verdict.faults))
            raise
        shown = evaluated.card if policy.report else without_pictures(evaluated.card)
        card = {**shown, "gate": verdict.record()}
        try:
            network, recognizer = evaluated.network, evaluated.recognizer
            report = None
            if policy.report:
                report = published_report(run.folder, card, recipe.dataset, console)
            number = publish(network, card, base, recognizer, digests, expected, report)
            return number, verdict
        except ModelChanged:
            say(
                console,
                f"another version of {base.name} was published or serves now: judging again",
            )
    raise TrainingError(
        f"not published: the versions of {base.name} changed {_TRIES} times while it was judged"
    )


def _write_verdict(run: Run, evaluated: Evaluated, verdict: Verdict) -> None:
    write_json(run.folder / CARD, {**evaluated.card, "gate": verdict.record()})
