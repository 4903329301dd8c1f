"""Versions that come, break and go, seen through the server."""

import itertools
import logging
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from serving.embedded import manager as manager_module
from serving.embedded.config import ConfigFile, ModelSettings, ModelsFolder
from serving.embedded.manager import Manager
from serving.embedded.servable import Servable, load
from serving.embedded.statuses import ServingError
from tests.serving.embedded.tiny import (
    SECONDS,
    Client,
    images,
    predict_request,
    publish_broken,
    serving,
    write_warmup,
)

Publish = Callable[..., Path]
NOT_FOUND, DATA_LOSS = 5, 15  # tensorflow.error.Code


class Clock:
    """Time that passes when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(tmp_path: Path, clock: Clock) -> Manager:
    """Return a manager of the models in the test's folder; the test polls it."""
    return Manager(ModelsFolder(tmp_path), clock=clock)


@pytest.fixture
def client(manager: Manager) -> Iterator[Client]:
    with serving(manager) as client:
        yield client


def answering(client: Client, **spec: int | str) -> int:
    """Return the version that answers."""
    version: int = client.predict(**spec).model_spec.version.value
    return version


def refusal(client: Client, **spec: int | str) -> tuple[grpc.StatusCode, str]:
    """Return code and message of a prediction that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        client.predict(**spec)
    return caught.value.code(), caught.value.details()


def gone(version: int | None) -> tuple[grpc.StatusCode, str]:
    which = "Latest(m)" if version is None else f"Specific(m, {version})"
    return grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {which}"


def lines(caplog: pytest.LogCaptureFixture, part: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if part in record.getMessage()]


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


def test_an_unloaded_version_is_freed(
    manager: Manager, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = []

    def watched(name: str, version: int, path: Path) -> Servable:
        servable = load(name, version, path)
        sessions.append(weakref.ref(servable.session))
        return servable

    monkeypatch.setattr(manager_module, "load", watched)
    for version in (1, 2):
        publish(version)
        manager.poll()
        manager.servable("m").runner("serving_default").run({"image": images()}, ["probabilities"])
    assert [session() is None for session in sessions] == [True, False]


def test_a_broken_version_takes_nothing_down(
    client: Client,
    manager: Manager,
    publish: Publish,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish(1)
    manager.poll()
    publish_broken(tmp_path / "m", 2)
    publish(1, name="other")
    for _ in range(5):
        manager.poll()
    assert answering(client) == 1
    assert answering(client, name="other") == 1
    assert client.states() == [(2, "END", DATA_LOSS), (1, "AVAILABLE", 0)]
    (status, _) = client.status().model_version_status
    assert "saved_model.pb" in status.status.error_message
    (line,) = lines(caplog, "m version 2: failed")
    assert "\n" not in line


def test_a_version_without_a_model_is_not_found(
    client: Client, manager: Manager, tmp_path: Path
) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    manager.poll()
    assert client.states() == [(1, "END", NOT_FOUND)]
    (status,) = client.status().model_version_status
    assert status.status.error_message.startswith(
        "Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
    )


def test_a_version_without_its_variables_fails(
    client: Client, manager: Manager, publish: Publish
) -> None:
    shutil.rmtree(publish(1) / "variables")
    manager.poll()
    ((version, state, code),) = client.states()
    assert (version, state) == (1, "END")
    assert code


def test_a_failed_version_is_tried_again_when_its_files_have_changed(
    client: Client, manager: Manager, publish: Publish, tmp_path: Path
) -> None:
    publish(1)
    manager.poll()
    broken = publish_broken(tmp_path / "m", 2)
    manager.poll()
    shutil.copytree(tmp_path / "m" / "1", broken, dirs_exist_ok=True)
    manager.poll()
    assert answering(client) == 1  # The copy might still be going on.
    manager.poll()
    assert answering(client) == 2
    assert client.states() == [(2, "AVAILABLE", 0), (1, "END", 0)]


def test_a_failed_version_is_tried_again_after_a_while(
    client: Client,
    manager: Manager,
    clock: Clock,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_memory(name: str, version: int, path: Path) -> Servable:
        raise ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, "no memory")

    publish(1)
    with monkeypatch.context() as patch:
        patch.setattr(manager_module, "load", no_memory)
        manager.poll()
    clock.seconds = 59
    manager.poll()
    assert refusal(client) == gone(None)
    clock.seconds = 60
    manager.poll()
    assert answering(client) == 1


def test_a_version_fails_with_its_warm_up(
    client: Client, manager: Manager, publish: Publish
) -> None:
    publish(1)
    manager.poll()
    write_warmup(publish(2), [predict_request(), predict_request(images().astype(np.float32))])
    manager.poll()
    assert answering(client) == 1
    (status, _) = client.status().model_version_status
    assert status.status.error_message == "Expects arg[0] to be uint8 but float is provided"


def test_logs_one_line_an_event(
    client: Client,
    manager: Manager,
    publish: Publish,
    caplog: pytest.LogCaptureFixture,
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
    assert len(lines(caplog, "what serves goes on")) == 1
    (tmp_path / ".away").rename(tmp_path / "m")
    publish(2)
    manager.poll()
    assert answering(client) == 2


def test_a_config_file_rules_policies_and_labels(
    publish: Publish, write_config: Callable[..., Path]
) -> None:
    for version in (1, 2, 3):
        publish(version)
    path = write_config(
        "model_version_policy { specific { versions: 1 versions: 2 } }"
        'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
        'version_labels { key: "early" value: 3 }'
    )
    manager = Manager(ConfigFile(path))
    manager.poll()
    with serving(manager) as client:
        assert client.states() == [(2, "AVAILABLE", 0), (1, "AVAILABLE", 0)]
        assert answering(client) == 2
        assert answering(client, version=1) == 1
        assert answering(client, version_label="stable") == 1
        assert answering(client, version_label="canary") == 2
        assert (
            client.metadata("signature_def", version_label="stable").model_spec.version.value == 1
        )
        assert refusal(client, version_label="early") == gone(3)
        assert refusal(client, version_label="beta") == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "Unrecognized servable version label: beta",
        )


def test_a_version_that_the_config_asks_for_and_nobody_published_is_named(
    publish: Publish, write_config: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    publish(1)
    manager = Manager(
        ConfigFile(write_config("model_version_policy { specific { versions: [1, 8, 9] } }"))
    )
    manager.poll()
    manager.poll()
    assert len(lines(caplog, "[8, 9]")) == 1


def test_a_config_file_read_again_changes_policies_labels_and_models(
    publish: Publish, write_config: Callable[..., Path], clock: Clock
) -> None:
    publish(1)
    publish(2)
    publish(5, name="other")
    path = write_config('version_labels { key: "stable" value: 2 }')
    manager = Manager(ConfigFile(path, reread_seconds=10, clock=clock), clock=clock)
    ticks = itertools.count(10, 10)

    def reread() -> None:
        clock.seconds = next(ticks)
        manager.poll()

    manager.poll()
    with serving(manager) as client:
        write_config('model_version_policy { all {} } version_labels { key: "stable" value: 2 }')
        reread()
        assert client.states() == [(2, "AVAILABLE", 0), (1, "AVAILABLE", 0)]
        write_config('model_version_policy { all {} } version_labels { key: "stable" value: 1 }')
        reread()
        assert answering(client, version_label="stable") == 1
        write_config(name="other", base_path=path.parent / "other")
        reread()
        assert answering(client, name="other") == 5
        assert refusal(client) == gone(None)
        assert client.states() == [(2, "END", 0), (1, "END", 0)]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("rubbish", "has no field named"),
        ('version_labels { key: "stable" value: 9 }', "not currently available for inference"),
    ],
)
def test_a_wrong_config_file_changes_nothing(
    publish: Publish,
    write_config: Callable[..., Path],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    wrong: str,
    reason: str,
) -> None:
    publish(1)
    path = write_config('version_labels { key: "stable" value: 1 }')
    manager = Manager(ConfigFile(path, reread_seconds=10, clock=clock), clock=clock)
    manager.poll()
    write_config(wrong)
    for clock.seconds in (10, 11, 12):
        manager.poll()
    with serving(manager) as client:
        assert answering(client) == 1
        assert answering(client, version_label="stable") == 1
    assert len(lines(caplog, reason)) == 1
    assert len(lines(caplog, "going on as before")) == 1


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
    assert manager.servable("m").version == 2


def test_a_fault_of_its_own_does_not_end_the_polling(
    publish: Publish, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(ModelsFolder):
        faults = 1

        def models(self) -> list[ModelSettings]:
            self.faults -= 1
            if self.faults == 0:
                raise RuntimeError("a fault")
            return super().models()

    publish(1)
    manager = Manager(Faulty(tmp_path), poll_seconds=0.01)
    manager.start()
    end = time.monotonic() + SECONDS
    while not manager.states("m") and time.monotonic() < end:
        time.sleep(0.01)
    manager.stop()
    assert manager.servable("m").version == 1
    assert lines(caplog, "looking for versions failed")
