"""Pins and labels in a folder of models where something was deleted or damaged."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.model_server import goals
from serving.model_server.errors import ServingError
from serving.model_server.manager import Manager
from serving.repository import folder_names
from serving.repository.folder_names import GONE_SECONDS
from serving.repository.served_versions import SERVED
from serving.repository.versions import VersionsError, published_versions
from tests.serving.model_server.tiny import (
    Client,
    Clock,
    answering,
    available,
    gone,
    lines,
    refusal,
)

Publish = Callable[..., Path]
Choose = Callable[..., None]


def test_versions_deleted_by_hand_answer_while_a_pin_or_label_names_them(
    client: Client,
    manager: Manager,
    publish: Publish,
    choose: Choose,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for version in (1, 2, 3):
        publish(version)
    choose(2, canary=1)
    shutil.rmtree(tmp_path / "m" / "1")
    shutil.rmtree(tmp_path / "m" / "2")
    for _ in range(2):
        manager.poll()
        assert answering(client) == 2
        assert answering(client, version_label="canary") == 1
    (line,) = lines(caplog, "asks for versions that are not in")
    assert line.endswith("[1, 2]")
    choose()
    assert available(client) == [3]


def test_a_pin_to_a_version_that_was_never_there_serves_nothing_and_says_why(
    client: Client, publish: Publish, choose: Choose, caplog: pytest.LogCaptureFixture
) -> None:
    publish(2)
    choose(1)
    assert refusal(client) == gone(None)
    assert client.states() == [(1, "END", 5)]
    (status,) = client.status().model_version_status
    assert status.status.error_message.endswith("m/1 does not exist, and a pin or label names it")
    assert len(lines(caplog, "asks for versions that are not in")) == 1


@pytest.mark.parametrize("damage", ["rubbish", None])
def test_a_file_damaged_or_deleted_while_serving_changes_nothing(
    client: Client,
    manager: Manager,
    publish: Publish,
    choose: Choose,
    tmp_path: Path,
    damage: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for version in (1, 2, 3):
        publish(version)
    choose(1, canary=2)
    file = tmp_path / "m" / SERVED
    file.unlink() if damage is None else file.write_text(damage)
    for _ in range(3):
        manager.poll()
    assert (answering(client), answering(client, version_label="canary")) == (1, 2)
    assert available(client) == [2, 1]
    assert len(lines(caplog, SERVED)) == 1


def test_a_folder_away_for_a_moment_changes_nothing(
    client: Client, manager: Manager, publish: Publish, choose: Choose, tmp_path: Path
) -> None:
    for version in (1, 2, 3):
        publish(version)
    choose(1, canary=2)
    (tmp_path / "m").rename(tmp_path / ".away")
    manager.poll()
    assert available(client) == [2, 1]
    (tmp_path / ".away").rename(tmp_path / "m")
    choose(2, canary=2)
    assert available(client) == [2]


def test_a_file_damaged_from_the_start_keeps_no_other_model_from_serving(
    client: Client, manager: Manager, publish: Publish, tmp_path: Path
) -> None:
    publish(1)
    publish(1, "n")
    publish(3, "n")
    (tmp_path / "n" / SERVED).write_text("rubbish")
    manager.poll()
    assert answering(client) == 1
    (number, state), *others = manager.states("n").items()
    assert (number, others) == (3, [])
    assert "n/.serving.config: 1:1" in state.message
    (tmp_path / "n" / SERVED).unlink()
    manager.poll()
    assert manager.servable("n").version == 3


def test_a_model_whose_folder_stays_away_is_unloaded_and_may_come_back(
    manager: Manager, clock: Clock, publish: Publish, tmp_path: Path
) -> None:
    for name in ("m", "n"):
        publish(1, name)
    manager.poll()
    manager.servable("m")
    (tmp_path / "m").rename(tmp_path / ".away")
    clock.seconds += GONE_SECONDS
    manager.poll()
    with pytest.raises(ServingError, match=r"Servable not found for request: Latest\(m\)"):
        manager.servable("m")
    manager.servable("n")
    (tmp_path / ".away").rename(tmp_path / "m")
    manager.poll()
    manager.servable("m")


def test_why_the_folder_of_a_model_cannot_be_read_is_its_state_until_it_can(
    manager: Manager, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listing(base: Path) -> list[int]:
        if base.name == "closed":
            raise VersionsError(f"cannot list the versions in {base}: Permission denied")
        return published_versions(base)

    for name in ("m", "closed"):
        publish(1, name)
    with monkeypatch.context() as patch:
        for module in (goals, folder_names):
            patch.setattr(module, "published_versions", listing)
        manager.poll()
        (state,) = manager.states("closed").values()
        assert state.message.endswith("closed: Permission denied")
        manager.servable("m")
    manager.poll()
    manager.servable("closed")
    assert [*manager.states("closed")] == [1]
