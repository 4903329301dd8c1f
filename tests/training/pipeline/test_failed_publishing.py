"""Publishing that meets other publishers, a full disk, or a lost volume."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from serving.repository.versions import published_versions
from tests.training.conftest import largest_file
from tests.training.pipeline.evaluated_runs import COMMAND, evaluated_run, facts_of, publish
from tests.training.signals import published
from training.errors import Refused, TrainingError
from training.pipeline import publish_run as publishing
from training.publishing.gate import judge


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "letters"
    folder.mkdir(parents=True)
    return folder


def gate_of(version: Path) -> dict[str, Any]:
    card = json.loads((version / "assets.extra" / "model_card.json").read_text("utf-8"))
    return dict(card["gate"])


def test_a_model_is_judged_again_if_another_is_published_meanwhile(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were good enough as the first version; the second is worse than the first."""
    run = evaluated_run(tmp_path / "1")
    verdicts: list[Any] = []

    def judge_while_another_publishes(*arguments: Any, **named: Any) -> Any:
        verdicts.append(judge(*arguments, **named))
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

    def judge_while_others_roll_back(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        (base / ".serving.config").write_text(f"# {len(calls)}")
        return judge(*arguments, **named)

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

    def judge_at_once(*arguments: Any, **named: Any) -> Any:
        verdict = judge(*arguments, **named)
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

        def lose(*arguments: Any, **named: Any) -> Any:
            found = judge(*arguments, **named) if moment == "judge" else None
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
