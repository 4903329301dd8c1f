"""Pins and labels in a folder of models, seen through the server."""

import itertools
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from serving.model_server import manager as manager_module
from serving.model_server.manager import Manager
from serving.model_server.servable import Servable
from serving.repository.served_versions import SERVED
from tests.serving.model_server.tiny import (
    SECONDS,
    Client,
    answering,
    available,
    publish_broken,
    refusal,
)

Publish = Callable[..., Path]
Choose = Callable[..., None]


def unknown(label: str) -> tuple[grpc.StatusCode, str]:
    return grpc.StatusCode.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"


def test_the_newest_and_those_with_labels_serve(
    client: Client, publish: Publish, choose: Choose
) -> None:
    for version in (1, 2, 3, 4):
        publish(version)
    choose(stable=1, canary=3)
    assert available(client) == [4, 3, 1]
    assert answering(client) == 4
    assert answering(client, version_label="stable") == 1
    assert answering(client, version_label="canary") == 3
    assert answering(client, version=3) == 3


def test_a_pinned_version_answers_before_a_newer_one_with_a_label(
    client: Client, publish: Publish, choose: Choose
) -> None:
    for version in (1, 2, 3):
        publish(version)
    choose(1, canary=2)
    assert available(client) == [2, 1]
    assert answering(client) == 1
    publish(4)
    choose(1, canary=2)
    assert available(client) == [2, 1]
    choose()
    assert available(client) == [4]
    assert refusal(client, version_label="canary") == unknown("canary")


def test_a_label_moves_once_its_new_version_serves(
    client: Client, manager: Manager, publish: Publish, choose: Choose, tmp_path: Path
) -> None:
    publish(1)
    publish(3)
    choose(stable=1)
    copied = publish_broken(tmp_path / "m", 2)
    choose(stable=2)
    for _ in range(2):
        manager.poll()
        assert answering(client) == 3
        assert answering(client, version_label="stable") == 1
    shutil.copytree(tmp_path / "m" / "1", copied, dirs_exist_ok=True)
    manager.poll()
    manager.poll()
    assert answering(client, version_label="stable") == 2
    assert available(client) == [3, 2]


def test_a_new_label_is_unknown_until_its_version_serves(
    client: Client, publish: Publish, choose: Choose, tmp_path: Path
) -> None:
    """A gateway then asks for what it would have asked for without the label."""
    publish_broken(tmp_path / "m", 1)
    publish(2)
    choose(stable=1)
    assert refusal(client, version_label="stable") == unknown("stable")
    assert answering(client) == 2


def test_a_pin_to_a_broken_version_keeps_the_old_one(
    client: Client, manager: Manager, publish: Publish, choose: Choose, tmp_path: Path
) -> None:
    publish_broken(tmp_path / "m", 1)
    publish(2)
    publish(3)
    choose(2, canary=3)
    choose(1, canary=3)
    manager.poll()
    assert answering(client) == 2
    choose(3, canary=3)
    assert answering(client) == 3
    assert available(client) == [3]


def test_a_broken_newest_version_replaces_nothing_where_a_label_serves_too(
    client: Client, publish: Publish, choose: Choose, tmp_path: Path
) -> None:
    for version in (1, 2):
        publish(version)
    choose(canary=1)
    publish_broken(tmp_path / "m", 3)
    choose(canary=1)
    assert answering(client) == 2
    assert available(client) == [2, 1]


def test_a_version_taken_back_while_it_loads_does_not_answer(
    client: Client,
    manager: Manager,
    publish: Publish,
    choose: Choose,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(1)
    manager.poll()
    publish(2)

    def pin_meanwhile(servable: Servable, path: Path) -> int:
        pin = "model_version_policy { specific { versions: 1 } }"
        (tmp_path / "m" / SERVED).write_text(pin)
        return 0

    monkeypatch.setattr(manager_module, "warm_up", pin_meanwhile)
    loaded = manager.servable("m")
    manager.poll()
    assert manager.servable("m") is loaded
    assert available(client) == [1]


def test_no_call_fails_while_pins_and_labels_go_back_and_forth(
    client: Client, publish: Publish, choose: Choose
) -> None:
    for version in (1, 2):
        publish(version)
    choose(1, stable=1)
    calls, failed = itertools.count(), list[Exception]()
    enough = threading.Event()

    def call(**spec: str) -> None:
        while not enough.is_set():
            try:
                answering(client, **spec)
            except Exception as error:
                failed.append(error)
            next(calls)

    kinds: list[dict[str, str]] = [{}, {"version_label": "stable"}]
    callers = [threading.Thread(target=call, kwargs=spec) for spec in kinds * 2]
    for caller in callers:
        caller.start()
    for version in itertools.islice(itertools.cycle([2, 1]), 20):
        choose(version, stable=version)
        assert answering(client) == answering(client, version_label="stable") == version
    enough.set()
    for caller in callers:
        caller.join(SECONDS)
    assert next(calls) > 100
    assert not failed
