"""Publishing a run: when it is refused, and what is left when it fails."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from rich.console import Console

from serving.repository.versions import published_versions
from tests.training.conftest import largest_file
from tests.training.signals import DIGEST, LABELS, LETTERS, data_set, evaluation, published
from training.__main__ import main
from training.errors import Refused, TrainingError
from training.pipeline import publish_run as publishing
from training.pipeline.finalize import Evaluated
from training.pipeline.publish_run import publish_evaluated
from training.publishing.gate import judge
from training.publishing.gate_policy import GatePolicy
from training.runs.folders import Run, existing_run

PHOTOS, COMMAND = 1000, "python -m training publish runs/letters/1"
DATA = data_set(900, 100)  # `published` makes a model that gets 900 of them right.


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "letters"
    folder.mkdir(parents=True)
    return folder


def evaluated_run(folder: Path, status: str = "evaluated") -> Run:
    folder.mkdir(parents=True)
    facts = {"id": folder.name, "model": "letters", "recipe": "letters-dense", "status": status}
    (folder / "run.json").write_text(json.dumps(facts))
    return Run(folder)


def facts_of(run: Run) -> tuple[Any, Any]:
    facts = run.facts()
    return facts["status"], facts.get("version")


def publish(run: Run, base: Path, right: int = 900, policy: GatePolicy | None = None) -> Path:
    """Publish a network that is said to get `right` of 1,000 test photos right."""
    image = keras.Input((2, 2, 1), dtype="uint8", name="image")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    head = keras.layers.Dense(3, activation="softmax", use_bias=False)
    network = keras.Model(image, head(flat))
    head.set_weights([8 * np.eye(4, 3, dtype=np.float32)])
    test = evaluation(DATA, np.arange(PHOTOS) < right)
    card = {
        "name": "letters",
        "recipe": "letters-dense",
        "labels": list(LABELS),
        "preparation": "squash/1",
        "data": {"sha256": DIGEST},
        "metrics": {"test": {"accuracy": right / PHOTOS, "photos": PHOTOS}},
        "trained": {"seconds": 1.0, "run": run.folder.name},
    }
    console = Console(quiet=True)
    return publish_evaluated(
        Evaluated(network, None, card, test),
        LETTERS,
        DATA,
        run,
        base,
        policy or GatePolicy(),
        COMMAND,
        console,
    )


def gate_of(version: Path) -> dict[str, Any]:
    card = json.loads((version / "assets.extra" / "model_card.json").read_text("utf-8"))
    return dict(card["gate"])


@pytest.mark.parametrize(
    ("status", "what"),
    [
        ("new", "it has not been trained yet"),
        ("fitting", "it ended while it was trained"),
        ("stopped", "it was stopped before its end"),
        ("failed", "it failed (out of memory)"),
    ],
)
def test_a_run_that_has_not_ended_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str, what: str
) -> None:
    run = evaluated_run(tmp_path / "runs" / "letters" / "0", status)
    run.note(reason="out of memory")

    assert main(["publish", "letters/0"]) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert what in error
    assert "the same command of `run` goes on with it" in error
    assert not Path("models").exists()


def test_a_run_that_another_process_works_on_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evaluated_run(tmp_path / "runs" / "letters" / "0")
    with existing_run(run.folder):
        assert main(["publish", str(run.folder)]) == 1

    error = capsys.readouterr().err
    assert error.startswith("error: process ")
    assert error.endswith("runs/letters/0): wait for it\n")


def test_the_former_name_of_the_command_still_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "no-such-run"]) == 1
    assert "there is no run 'no-such-run'" in capsys.readouterr().err


def test_a_refused_run_has_the_reason_and_can_be_forced(tmp_path: Path, base: Path) -> None:
    run = evaluated_run(tmp_path / "1")
    with pytest.raises(Refused) as raised:
        publish(run, base, right=400)

    assert str(raised.value).endswith(f"--force publishes it anyway: {COMMAND} --force")
    assert facts_of(run) == ("refused", None)
    assert run.facts()["reason"].startswith("its test accuracy of 40.00%")
    version = publish(run, base, right=400, policy=GatePolicy(force=True))
    assert facts_of(run) == ("published", str(version))

    with pytest.raises(Refused):
        publish(run, base, right=400)
    assert facts_of(run) == ("published", str(version)), "published it stays"


def test_a_model_is_judged_again_if_another_is_published_meanwhile(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were good enough as the first version; the second is worse than the first."""
    run = evaluated_run(tmp_path / "1")
    verdicts: list[Any] = []

    def judge_while_another_publishes(*arguments: Any) -> Any:
        verdicts.append(judge(*arguments))
        if len(verdicts) == 1:
            published(base, accuracy=0.9)
        return verdicts[-1]

    monkeypatch.setattr(publishing, "judge", judge_while_another_publishes)
    with pytest.raises(Refused, match="it is worse than version 1, which serves"):
        publish(run, base, right=600)

    assert [verdict.serving for verdict in verdicts] == [None, 1]
    assert published_versions(base) == [1]
    assert facts_of(run) == ("refused", None)


def test_the_choice_of_the_versions_that_serve_is_part_of_what_is_judged(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, calls = evaluated_run(tmp_path / "1"), []

    def judge_while_others_roll_back(*arguments: Any) -> Any:
        calls.append(1)
        (base / ".serving.config").write_text(f"# {len(calls)}")
        return judge(*arguments)

    monkeypatch.setattr(publishing, "judge", judge_while_others_roll_back)
    monkeypatch.setattr(publishing, "_TRIES", 2)
    with pytest.raises(TrainingError, match="the versions of letters changed 2 times while it was"):
        publish(run, base)

    assert len(calls) == 2
    assert published_versions(base) == []
    assert facts_of(run) == ("evaluated", None)


def test_two_publishers_at_the_gate_are_judged_one_after_the_other(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are judged before either publishes; one of them then meets the other's version."""
    both = threading.Barrier(2)
    first = threading.local()

    def judge_at_once(*arguments: Any) -> Any:
        verdict = judge(*arguments)
        if not getattr(first, "judged", False):
            first.judged = True
            both.wait(timeout=300)
        return verdict

    monkeypatch.setattr(publishing, "judge", judge_at_once)
    runs = [evaluated_run(tmp_path / name) for name in ("1", "2")]
    threads = [threading.Thread(target=publish, args=(run, base)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert published_versions(base) == [1, 2]
    assert [gate_of(base / number)["serving"] for number in ("1", "2")] == [None, 1]
    assert {facts_of(run) for run in runs} == {
        ("published", str(base / "1")),
        ("published", str(base / "2")),
    }


def test_a_full_disk_leaves_the_old_versions_and_an_evaluated_run(
    tmp_path: Path, base: Path
) -> None:
    published(base)
    run = evaluated_run(tmp_path / "1")
    with largest_file(20_000), pytest.raises(TrainingError) as raised:
        publish(run, base)

    assert str(raised.value).startswith("not published: cannot write the model (")
    assert str(raised.value).endswith(f"The run is kept, to publish it later: {COMMAND}")
    assert facts_of(run) == ("evaluated", None)
    assert published_versions(base) == [1]
    assert not list(base.glob(".staging-*"))
    assert publish(run, base) == base / "2"


@pytest.mark.parametrize("moment", ["judge", "check_saved_model"])
def test_a_volume_lost_while_publishing_is_not_mistaken_for_an_empty_one(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    published(base)
    run, away = evaluated_run(tmp_path / "1"), tmp_path / "away"
    module = "training.pipeline.publish_run" if moment == "judge" else "training.publishing.publish"
    with monkeypatch.context() as patched:

        def lose(*arguments: Any) -> Any:
            found = judge(*arguments) if moment == "judge" else None
            base.rename(away)
            return found

        patched.setattr(f"{module}.{moment}", lose)
        with pytest.raises(TrainingError, match="not published: ") as raised:
            publish(run, base)

    assert "The run is kept, to publish it later" in str(raised.value)
    assert facts_of(run) == ("evaluated", None)
    assert published_versions(base) == []
    shutil.rmtree(base, ignore_errors=True)
    away.rename(base)
    assert published_versions(base) == [1]
    assert publish(run, base) == base / "2"


def test_a_run_whose_folder_is_full_after_publishing_says_that_it_is_published(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise TrainingError("cannot write model_card.json (No space left on device)")

    monkeypatch.setattr(publishing, "write_json", full)
    run = evaluated_run(tmp_path / "1")
    with pytest.raises(TrainingError, match=f"published as {base}/1, but cannot write model_card"):
        publish(run, base)

    assert published_versions(base) == [1]
