"""Versions that come and go, seen through the server."""

import logging
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus

from serving.model_server import manager as manager_module
from serving.model_server.manager import Manager, ServableState
from serving.model_server.options import BatchSettings
from serving.model_server.servable import Servable, load
from serving.repository.model_config import ModelSettings
from serving.repository.models_folder import ModelsFolder
from tests.serving.model_server.tiny import (
    SECONDS,
    Client,
    answering,
    gone,
    images,
    lines,
    predict_request,
    refusal,
    write_warmup,
)

Publish = Callable[..., Path]


def test_an_empty_folder_waits_for_models(
    client: Client, manager: Manager, publish: Publish
) -> None:
    manager.poll()
    assert refusal(client) == gone(None)
    publish(3)
    manager.poll()
    assert answering(client) == 3


def test_serves_the_newest_version_only(client: Client, manager: Manager, publish: Publish) -> None:
    publish(2)
    publish(10)
    manager.poll()
    assert answering(client) == 10
    assert client.states() == [(10, "AVAILABLE", 0)]


def test_passes_over_folders_that_are_no_versions(
    client: Client, manager: Manager, publish: Publish, tmp_path: Path
) -> None:
    publish(1)
    for name in ("2.tmp", ".3", "four", "-5"):
        shutil.copytree(tmp_path / "m" / "1", tmp_path / "m" / name)
    (tmp_path / "m" / "6").write_text("a file")
    manager.poll()
    assert client.states() == [(1, "AVAILABLE", 0)]


def test_switches_to_a_new_version_without_a_failed_call(
    client: Client, manager: Manager, publish: Publish
) -> None:
    publish(1)
    manager.poll()
    answered: set[int] = set()
    failed: list[Exception] = []
    enough = threading.Event()

    def call() -> None:
        while not enough.is_set():
            try:
                answered.add(answering(client))
            except Exception as error:
                failed.append(error)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    end = time.monotonic() + SECONDS
    for version in (2, 3, 4):
        publish(version)
        manager.poll()
        while version not in answered and time.monotonic() < end:
            time.sleep(0.01)
    enough.set()
    for caller in callers:
        caller.join()
    assert not failed
    assert {2, 3, 4} <= answered
    assert client.states() == [(4, "AVAILABLE", 0), (3, "END", 0), (2, "END", 0), (1, "END", 0)]
    assert refusal(client, version=1) == gone(1)


def test_the_old_version_serves_while_the_new_one_loads_and_warms_up(
    client: Client, manager: Manager, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(1)
    manager.poll()
    seen: list[tuple[int, list[tuple[int, str, int]]]] = []

    def look(servable: Servable, path: Path) -> int:
        seen.append((answering(client), client.states()))
        return 0

    monkeypatch.setattr(manager_module, "warm_up", look)
    publish(2)
    manager.poll()
    assert seen == [(1, [(2, "LOADING", 0), (1, "AVAILABLE", 0)])]
    assert answering(client) == 2


def test_unloaded_versions_are_freed_and_stopping_unloads_all(
    manager: Manager, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = []

    def watched(name: str, version: int, path: Path, batching: BatchSettings) -> Servable:
        servable = load(name, version, path, batching)
        sessions.append(weakref.ref(servable.session))
        return servable

    monkeypatch.setattr(manager_module, "load", watched)
    for version in (1, 2):
        publish(version)
        manager.poll()
        manager.servable("m").runner("serving_default").run({"image": images()}, ["probabilities"])
    assert [session() is None for session in sessions] == [True, False]
    manager.start()
    manager.stop()
    assert [session() is None for session in sessions] == [True, True]


def test_logs_one_line_an_event(
    client: Client, manager: Manager, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    write_warmup(publish(1), [predict_request()] * 3)
    manager.poll()
    publish(2)
    manager.poll()
    manager.poll()
    said = [
        record.getMessage().split(" from ")[0].split(" in ")[0]
        for record in caplog.records
        if record.name == manager_module.__name__
    ]
    assert said == [
        "m version 1: loading",
        "m version 1: loaded",
        "m version 1: warmed up with 3 records",
        "m version 1: serving",
        "m version 2: loading",
        "m version 2: loaded",
        "m version 2: serving",
        "m version 1: unloaded",
    ]


def test_falls_back_when_the_newest_version_is_removed(
    client: Client, manager: Manager, publish: Publish
) -> None:
    publish(1)
    newest = publish(2)
    manager.poll()
    shutil.rmtree(newest)
    manager.poll()
    assert answering(client) == 1
    assert client.states() == [(2, "END", 0), (1, "AVAILABLE", 0)]


def test_a_folder_without_versions_unloads_the_model(
    client: Client, manager: Manager, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    only = publish(1)
    manager.poll()
    shutil.rmtree(only)
    for _ in range(3):
        manager.poll()
    assert refusal(client) == gone(None)
    assert client.states() == [(1, "END", 0)]
    assert len(lines(caplog, "m: no version in ")) == 1
    publish(1)
    manager.poll()
    assert answering(client) == 1


def test_a_folder_that_is_away_changes_nothing(
    client: Client,
    manager: Manager,
    publish: Publish,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish(1)
    manager.poll()
    (tmp_path / "m").rename(tmp_path / ".away")
    for _ in range(3):
        manager.poll()
    assert answering(client) == 1
    assert len(lines(caplog, "loaded versions keep serving")) == 1
    (tmp_path / ".away").rename(tmp_path / "m")
    publish(2)
    manager.poll()
    assert answering(client) == 2


def test_polls_by_itself_until_it_is_stopped(publish: Publish, tmp_path: Path) -> None:
    publish(1)
    manager = Manager(ModelsFolder(tmp_path), poll_seconds=0.01)
    manager.start()
    try:
        assert manager.wait_for_first_pass(SECONDS)
        assert manager.servable("m").version == 1
        publish(2)
        end = time.monotonic() + SECONDS
        while manager.servable("m").version != 2:
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        manager.stop()
    publish(3)
    assert sorted(manager.states("m")) == [1, 2]


def test_a_fault_of_its_own_does_not_end_the_polling(
    publish: Publish, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(ModelsFolder):
        calls = 0

        def models(self) -> list[ModelSettings]:
            self.calls += 1
            if self.calls == 2:  # The first one is made while it is constructed.
                raise RuntimeError("a fault")
            return super().models()

    publish(1)
    manager = Manager(Faulty(tmp_path), poll_seconds=0.01)
    manager.start()
    end = time.monotonic() + SECONDS
    serves = {1: ServableState(ModelVersionStatus.AVAILABLE)}
    while manager.states("m") != serves:
        assert time.monotonic() < end
        time.sleep(0.01)
    manager.stop()
    assert lines(caplog, "polling for versions failed")
